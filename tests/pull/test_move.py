"""Instances on their way: pauses, conversions, refusals, and the fence that stands before an instance's last byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from world import EXPLICIT, HOSPITAL, PRACTICE, World, data_set, uid

from linkexchange import pull
from linkexchange.errors import Overtaken, PacsUnavailable, TranscoderUnavailable
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.proof import Fate
from linkexchange.model.transfer import State
from linkexchange.pull import announced

IMPLICIT = TransferSyntaxUid("1.2.840.10008.1.2")
JPEG = TransferSyntaxUid("1.2.840.10008.1.2.4.50")


def instances(world: World, transfer: Any) -> list[dict[str, Any]]:
    found: Any = world.proof(transfer)["instances"]
    return list(found)


def test_f_11_out_of_resources_a_few_times_is_tried_again_after_pauses(world: World) -> None:
    entry = world.publish()
    answers = iter([0xA700, 0xA700])
    world.pacs[PRACTICE].status = lambda _: next(answers, 0)
    assert world.pull(entry).state is State.COMPLETE


def test_f_11_out_of_resources_ends_the_round_at_once(world: World) -> None:
    entry = world.publish()
    answers = iter([0, 0xA700])
    world.pacs[PRACTICE].status = lambda _: next(answers, 0)
    transfer = world.pull(entry)
    assert len(world.pacs[PRACTICE].sent) == 5
    assert sorted(row["attempts"] for row in instances(world, transfer.transfer)) == [1, 1, 1, 2]


def test_f_11_out_of_resources_for_long_waits_and_then_fails_with_the_list(world: World) -> None:
    transfer = world.ask(world.publish())
    world.pacs[PRACTICE].status = lambda it: 0xA700 if it == uid(3) else 0
    with pytest.raises(PacsUnavailable, match="A700"):
        pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.WAITING
    pull.give_up(world.practice, transfer, "pacs-unavailable")
    assert world.transfer(transfer).state is State.STOPPED
    assert {row["fate"] for row in instances(world, transfer) if row["sop_instance"] == uid(3)} == {"refused"}


def test_1_1_04_a_syntax_that_is_not_taken_is_converted_without_loss_and_both_digests_stand_in_the_proof(
    world: World,
) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].takes = (IMPLICIT,)
    transfer = world.pull(entry)
    assert transfer.state is State.COMPLETE
    for row in instances(world, transfer.transfer):
        assert (row["received_syntax"], row["sent_syntax"]) == (EXPLICIT, IMPLICIT)
        assert row["digest_received"] == row["digest_origin"] != row["digest_sent"]
        assert row["sha256_pixels"] == row["sha256_pixels_sent"]


def test_a_node_that_cannot_convert_at_the_moment_blames_no_image_and_waits(world: World) -> None:
    transfer = world.ask(world.publish())
    world.pacs[PRACTICE].takes = (IMPLICIT,)

    @contextmanager
    def transcode(*_: Any, **__: Any) -> Iterator[Any]:
        raise TranscoderUnavailable("its process does not start")
        yield

    world.practice = replace(world.practice, transcoder=SimpleNamespace(transcode=transcode))
    with pytest.raises(TranscoderUnavailable):
        pull.run(world.practice, transfer)
    with world.nodes.work(PRACTICE) as work:
        assert {it.fate for it in work.transfers.ledger(transfer)} <= {Fate.MISSING}
    assert world.transfer(transfer).reason == "transcoder-unavailable: its process does not start"


def test_what_is_taken_as_it_is_is_never_converted(world: World) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].takes = (IMPLICIT, EXPLICIT)
    transfer = world.pull(entry)
    assert world.pacs[PRACTICE].instances == world.pacs[HOSPITAL].instances
    assert {row["sent_syntax"] for row in instances(world, transfer.transfer)} == {None}


def test_1_1_04_a_syntax_that_cannot_be_converted_is_refused_with_its_name_before_anything_is_sent(
    world: World,
) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].takes = (JPEG,)
    transfer = world.pull(entry)
    assert (transfer.state, world.pacs[PRACTICE].sent) == (State.FAILED, [])
    notes = {row["note"] for row in instances(world, transfer.transfer)}
    assert len(notes) == 1
    assert notes.pop().startswith("syntax-refused: ")


def test_f_16_an_instance_that_comes_twice_is_sent_once(world: World) -> None:
    entry = world.publish()
    hospital = world.pacs[HOSPITAL]
    once = hospital.retrieve
    hospital.retrieve = lambda *a, **k: (it for _ in range(2) for it in once(*a, **k))  # type: ignore[method-assign]
    assert world.pull(entry).state is State.COMPLETE
    assert len(world.pacs[PRACTICE].sent) == 4


def test_f_14_what_is_not_in_the_manifest_is_not_passed_on(world: World) -> None:
    entry = world.publish(*[data_set(number) for number in range(1, 4)])
    world.pacs[HOSPITAL].hold(data_set(9), first=9)
    assert world.pull(entry).state is State.COMPLETE
    assert uid(9) not in world.pacs[PRACTICE].instances


def test_a_worker_that_has_been_overtaken_does_not_finish_its_instance(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announced, "FRESH_SECONDS", 0.0)
    transfer = world.ask(world.publish())
    practice = world.pacs[PRACTICE]
    send = practice.send

    def overtaken_meanwhile(instance: Any) -> Any:
        if instance.sop_instance == uid(2):
            with world.nodes.work(PRACTICE) as work:
                work.transfers.claim(transfer)
        return send(instance)

    practice.send = overtaken_meanwhile  # type: ignore[method-assign]
    with pytest.raises(Overtaken):
        pull.run(world.practice, transfer)
    # The statement of the second instance may have been quicker than the claim; that of the third cannot be.
    assert set(practice.instances) <= {uid(1), uid(2)}


def test_an_image_of_another_class_than_the_link_lists_is_refused(world: World) -> None:
    """The origin's PACS has put another object in the place of the one that was published."""
    entry = world.publish()
    world.pacs[HOSPITAL].hold(data_set(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.4"))
    transfer = world.pull(entry)
    notes = {row["sop_instance"]: (row["fate"], row["note"]) for row in instances(world, transfer.transfer)}
    assert (transfer.state, notes[uid(1)]) == (State.PARTIAL, ("refused", "instance-fault"))
