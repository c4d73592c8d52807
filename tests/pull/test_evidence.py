"""What the destination lists of a study, before and after: nothing sent twice, overwritten, or believed too easily."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import pytest
from world import HOSPITAL, PRACTICE, World, data_set, uid

from linkexchange import pull
from linkexchange.errors import OriginUnavailable, PacsUnavailable
from linkexchange.model.transfer import State, Transfer


def rows(world: World, transfer: Transfer) -> dict[str, dict[str, Any]]:
    instances: Any = world.proof(transfer.transfer)["instances"]
    return {row["sop_instance"]: row for row in instances}


def fates(world: World, transfer: Transfer) -> list[str]:
    return [row["fate"] for _, row in sorted(rows(world, transfer).items())]


def test_what_an_earlier_transfer_has_brought_is_not_asked_for_again(world: World) -> None:
    entry = world.publish()
    first = rows(world, world.pull(entry))
    world.pacs[PRACTICE].sent.clear()
    again = world.pull(entry)
    assert (again.state, world.pacs[PRACTICE].sent) == (State.COMPLETE, [])
    assert fates(world, again) == ["held"] * 4
    assert {it["digest_received"] for it in rows(world, again).values()} == {
        it["digest_received"] for it in first.values()
    }


def test_what_was_deleted_at_the_destination_is_brought_again(world: World) -> None:
    entry = world.publish()
    world.pull(entry)
    del world.pacs[PRACTICE].instances[uid(2)]
    world.pacs[PRACTICE].sent.clear()
    assert world.pull(entry).state is State.COMPLETE
    assert world.pacs[PRACTICE].sent == [uid(2)]


def test_1_1_13_the_same_image_from_elsewhere_is_left_alone_and_counts(world: World) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].hold(data_set(1))
    transfer = world.pull(entry)
    assert (transfer.state, fates(world, transfer)) == (State.COMPLETE, ["held", "stored", "stored", "stored"])
    assert uid(1) not in world.pacs[PRACTICE].sent


def test_1_1_13_the_same_image_with_another_header_counts_too(world: World) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].hold(data_set(1, StudyDescription="coerced"))
    assert world.pull(entry).state is State.COMPLETE


def test_1_1_13_another_image_under_the_same_uid_is_a_conflict_and_is_not_overwritten(world: World) -> None:
    entry = world.publish()
    other = data_set(7, SOPInstanceUID=uid(1))
    world.pacs[PRACTICE].hold(other)
    transfer = world.pull(entry)
    assert (transfer.state, fates(world, transfer)) == (State.PARTIAL, ["conflict", "stored", "stored", "stored"])
    assert world.pacs[PRACTICE].instances[uid(1)] == other


def test_1_1_13_what_cannot_be_read_back_is_not_overwritten_either(world: World) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].hold(data_set(1))
    world.pacs[PRACTICE].missing = {uid(1)}
    transfer = world.pull(entry)
    assert fates(world, transfer) == ["conflict", "stored", "stored", "stored"]


def begun_and_killed(world: World, transfer: UUID) -> None:
    """The worker was killed when the first instance had arrived, and nothing had been written down but its begin."""
    world.wire.cut_after = 0
    with pytest.raises(OriginUnavailable):
        pull.run(world.practice, transfer)
    with world.nodes.work(PRACTICE) as work:
        run = work.transfers.claim(transfer)
        work.transfers.advance(run, State.PERMITTED)
        moving = work.transfers.advance(run, State.MOVING)
    with world.nodes.journal(moving, PRACTICE) as journal:
        journal.begin([uid(1)])()
    world.pacs[PRACTICE].hold(data_set(1))
    world.wire.cut_after = None


def test_what_a_crash_left_at_the_destination_is_sent_once_more_and_counted(world: World) -> None:
    transfer = world.ask(world.publish())
    begun_and_killed(world, transfer)
    pull.run(world.practice, transfer)
    assert world.pacs[PRACTICE].sent.count(uid(1)) == 1
    assert rows(world, world.transfer(transfer))[uid(1)]["attempts"] == 2


@pytest.mark.parametrize(("lists", "fate"), [(True, "stored"), (False, "refused")])
def test_a_pacs_that_takes_no_duplicate_has_what_this_transfer_had_sent_before_a_crash_if_it_lists_it(
    world: World, lists: bool, fate: str
) -> None:
    transfer = world.ask(world.publish())
    begun_and_killed(world, transfer)
    world.pacs[PRACTICE].lists = lists
    world.pacs[PRACTICE].status = lambda it: 0x0111 if it == uid(1) else 0
    pull.run(world.practice, transfer)
    assert fates(world, world.transfer(transfer)) == [fate, "stored", "stored", "stored"]
    assert rows(world, world.transfer(transfer))[uid(1)]["status"] == 0x0111


def test_a_duplicate_of_something_else_is_refused(world: World) -> None:
    world.pacs[PRACTICE].status = lambda it: 0x0111 if it == uid(1) else 0
    send = world.pacs[PRACTICE].send

    def comes_from_elsewhere_meanwhile(instance: Any) -> Any:
        world.pacs[PRACTICE].hold(data_set(1))
        return send(instance)

    world.pacs[PRACTICE].send = comes_from_elsewhere_meanwhile  # type: ignore[method-assign]
    assert fates(world, world.pull(world.publish())) == ["refused", "stored", "stored", "stored"]


# What was sent whole, and whose reply never came.


def breaks_once(world: World, at: int) -> None:
    """The way to the practice's PACS breaks before it has got this instance, the first time."""
    pacs = world.pacs[PRACTICE]
    send, breaking = pacs.send, iter([True])

    def sending(instance: Any) -> Any:
        if instance.sop_instance == uid(at) and next(breaking, False):
            raise PacsUnavailable("connection ended")
        return send(instance)

    pacs.send = sending  # type: ignore[method-assign]


def test_after_a_break_what_was_sent_whole_and_is_listed_is_stored_and_not_sent_again(world: World) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].unanswered = {uid(2)}
    breaks_once(world, 3)
    transfer = world.pull(entry)
    row = rows(world, transfer)[uid(2)]
    assert (transfer.state, world.pacs[PRACTICE].sent.count(uid(2))) == (State.COMPLETE, 1)
    assert (row["fate"], row["note"], row["status"]) == ("stored", "listed, not acknowledged", None)
    assert row["digest_sent"] == row["digest_origin"]


def test_the_next_run_does_not_send_again_what_was_sent_whole_and_is_listed(world: World) -> None:
    transfer = world.ask(world.publish())
    pacs = world.pacs[PRACTICE]
    pacs.unanswered = {uid(1)}
    pacs.status = lambda _: setattr(pacs, "down", True) or 0  # type: ignore[func-returns-value]
    listed = pacs.held
    pacs.held = lambda study, **_: None if pacs.down else listed(study)  # type: ignore[method-assign]
    with pytest.raises(PacsUnavailable):
        pull.run(world.practice, transfer)
    pacs.down, pacs.status = False, lambda _: 0
    pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, pacs.sent.count(uid(1))) == (State.COMPLETE, 1)


@pytest.mark.parametrize(
    ("listed", "fate", "note", "stored"),
    [
        (True, "stored", "listed, not acknowledged", 1),
        (False, "missing", "may have been sent, and no reply ever came", 0),
    ],
)
def test_when_the_attempts_run_out_the_destination_says_what_it_has_of_what_it_never_answered(
    world: World, listed: bool, fate: str, note: str, stored: int
) -> None:
    transfer = world.ask(world.publish())
    begun_and_killed(world, transfer)
    world.pacs[PRACTICE].lists = listed
    pull.give_up(world.practice, transfer, "origin-unavailable")
    row = rows(world, world.transfer(transfer))[uid(1)]
    assert (row["fate"], row["note"], world.proof(transfer)["stored"]) == (fate, note, stored)


def test_a_person_who_stops_gets_a_proof_of_what_was_sent_whole_and_never_answered(world: World) -> None:
    transfer = world.ask(world.publish())
    pacs = world.pacs[PRACTICE]
    pacs.unanswered, pacs.silent_after = {uid(1), uid(2)}, 2
    with world.at_work(transfer):
        deadline = time.monotonic() + 30
        while len(pacs.sent) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        pull.stop(world.practice, transfer, "Dr. Test")
    found = rows(world, world.transfer(transfer))
    assert {it for it, row in found.items() if row["fate"] == "stored"} == set(pacs.instances)
    assert {row["note"] for row in found.values()} == {"listed, not acknowledged", ""}
    assert found[uid(1)]["digest_sent"]


def test_what_was_never_answered_and_is_not_listed_stays_missing(world: World) -> None:
    transfer = world.ask(world.publish())
    begun_and_killed(world, transfer)
    world.pacs[PRACTICE].instances = {uid(4): data_set(4)}
    pull.give_up(world.practice, transfer, "origin-unavailable")
    assert world.transfer(transfer).state is State.FAILED


def test_1_1_01_what_is_acknowledged_and_then_not_listed_is_not_complete(world: World) -> None:
    entry = world.publish()
    pacs = world.pacs[PRACTICE]
    listed = pacs.held

    def forgetful(study: Any, **_: Any) -> Any:
        found = listed(study)
        return found and found - {uid(3)}

    pacs.held = forgetful  # type: ignore[method-assign]
    transfer = world.pull(entry)
    assert transfer.state is State.PARTIAL
    row = rows(world, transfer)[uid(3)]
    assert (row["fate"], row["note"], row["status"]) == ("missing", "acknowledged, not listed", 0)


def test_what_is_listed_a_little_later_is_waited_for(world: World) -> None:
    entry = world.publish()
    pacs = world.pacs[PRACTICE]
    listed, answers = pacs.held, iter([frozenset(), frozenset({uid(1)})])
    pacs.held = lambda study, **_: next(answers, None) or listed(study)  # type: ignore[method-assign]
    assert world.pull(entry).state is State.COMPLETE


@pytest.mark.parametrize("listed", [None, frozenset()])
def test_a_destination_that_lists_nothing_gives_no_evidence_either_way(world: World, listed: Any) -> None:
    entry = world.publish()
    world.pacs[PRACTICE].held = lambda _, **__: listed  # type: ignore[method-assign]
    assert world.pull(entry).state is State.COMPLETE


def test_a_destination_that_cannot_be_asked_at_first_is_waited_for(world: World) -> None:
    entry = world.publish()

    def down(_: Any, **__: Any) -> Any:
        raise PacsUnavailable("no connection")

    world.pacs[PRACTICE].held = down  # type: ignore[method-assign,assignment]
    transfer = world.ask(entry)
    with pytest.raises(PacsUnavailable):
        pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, world.pacs[HOSPITAL].sent) == (State.WAITING, [])
