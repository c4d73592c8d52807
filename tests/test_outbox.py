"""What waits in the outbox leaves it when its delivery is proven or a person discards it, and never otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from outgoing import Outgoing, outgoing
from structlog.testing import capture_logs
from world import HOSPITAL, KVNR, PRACTICE, STUDY, World, uid

from linkexchange import documents, outbox, publish, pull, push
from linkexchange.errors import Denied, HubUnavailable, OutboxOnlySends, SpoolDamaged, UnknownStudy
from linkexchange.model.identifiers import StudyUid, TelematikId
from linkexchange.model.link import MediaType
from linkexchange.model.outbox import OUTBOX, Consignment, WaitState
from linkexchange.model.proof import TYP
from linkexchange.model.transfer import State
from linkexchange.ports import Hub, Receipt
from linkexchange.signing import Signer, unproven


@pytest.fixture
def out(world: World, tmp_path: Path) -> Iterator[Outgoing]:
    with outgoing(world, tmp_path / "spool") as out:
        yield out


def trail(out: Outgoing) -> list[tuple[str, dict[str, Any]]]:
    with out.world.nodes.audit_trail(HOSPITAL) as entries:
        return [(it.action.value, dict(it.fields)) for it in entries if it.action.value.startswith("outbox.")]


def state(out: Outgoing) -> WaitState:
    [study] = outbox.waiting(out.node).studies
    return study.state


def test_a_study_is_pushed_from_the_outbox_and_gone_once_its_delivery_is_proven(world: World, out: Outgoing) -> None:
    out.receive(1, 2, 3)
    link = out.push()
    outbox.settle(out.node)
    assert (state(out), len(out.files)) == (WaitState.OFFERED, 3)
    assert out.taken(receipt=False).state is State.COMPLETE
    outbox.settle(out.node)
    assert len(out.files) == 3, "nobody has proven it yet"
    with world.nodes.work(PRACTICE) as work:
        [(transfer, _)] = work.transfers.recent()
    pull.receipt(world.practice, transfer.transfer)
    outbox.settle(out.node)
    assert (out.waits, out.files) == (set(), [])
    assert sorted(out.world.pacs[PRACTICE].instances) == [uid(1), uid(2), uid(3)]
    assert trail(out)[1:] == [
        ("outbox.answered", {"link": link, "receiver": PRACTICE, "outcome": "complete", "delivered": 3}),
        ("outbox.cleared", {"study": STUDY, "instances": 3}),
    ]
    with out.world.nodes.work(HOSPITAL) as work:
        assert not work.links.is_active(link)
        assert work.outbox.files() == frozenset()


def test_settling_twice_changes_nothing_more(out: Outgoing) -> None:
    out.receive(1)
    out.push()
    out.taken()
    outbox.settle(out.node)
    before = trail(out)
    outbox.settle(out.node)
    assert trail(out) == before


def test_after_a_partial_delivery_everything_is_kept_and_shown(out: Outgoing) -> None:
    out.receive(1, 2)
    out.push()
    out.world.pacs[PRACTICE].status = lambda it: 0xC000 if it == uid(2) else 0
    assert out.taken().state is State.PARTIAL
    outbox.settle(out.node)
    assert (out.waits, len(out.files), state(out)) == ({uid(1), uid(2)}, 2, WaitState.UNDELIVERED)
    [study] = outbox.waiting(out.node).studies
    assert study.newest
    assert (study.newest.receiver, study.newest.outcome) == (PRACTICE, State.PARTIAL)


def test_what_has_failed_is_sent_again_and_then_gone(out: Outgoing) -> None:
    out.receive(1, 2)
    out.push()
    out.world.pacs[PRACTICE].status = lambda it: 0xC000
    out.taken()
    outbox.settle(out.node)
    assert state(out) is WaitState.UNDELIVERED
    out.world.pacs[PRACTICE].status = lambda it: 0
    out.world.clock.advance(hours=1)  # type: ignore[attr-defined]
    out.push()
    assert out.taken().state is State.COMPLETE
    outbox.settle(out.node)
    assert (out.waits, out.files) == (set(), [])


def test_what_came_after_it_was_pushed_stays(out: Outgoing) -> None:
    out.receive(1, 2)
    out.push()
    out.receive(3)
    out.taken()
    outbox.settle(out.node)
    assert (out.waits, len(out.files), state(out)) == ({uid(3)}, 1, WaitState.WAITING)


def test_as_long_as_another_receiver_waits_for_it_it_stays(out: Outgoing) -> None:
    third = TelematikId("1-2-third")
    out.receive(1)
    out.push()
    with out.world.nodes.work(HOSPITAL) as work:
        [first] = work.links.recent()
        second = replace(first.link, link=type(first.link.link)(str(uuid4())))
        work.links.add(replace(first, link=second, document=_document(out, second)))
        work.outbox.consign(Consignment(second.link, STUDY, third, second.published))
    out.taken()
    outbox.settle(out.node)
    assert out.waits == {uid(1)}
    publish.withdraw(out.node, second.link)
    outbox.settle(out.node)
    assert (out.waits, out.files) == (set(), [])


def _document(out: Outgoing, link: Any) -> Any:
    return documents.write(link, MediaType.XML, node_url_hint=out.node.node_url)


# --- what is believed -------------------------------------------------------------------------------------------------


class LyingHub:
    """Hands out receipts that somebody has changed."""

    def __init__(self, inner: Hub, change: Callable[[dict[str, Any]], object]) -> None:
        self._inner, self._change = inner, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def receipts(self, *asked: Any) -> list[Receipt]:
        return [replace(it, proof=self._changed(it.proof)) for it in self._inner.receipts(*asked)]

    def _changed(self, proof: str) -> str:
        claims = json.loads(json.dumps(unproven(proof, typ=TYP, max_bytes=len(proof))))
        self._change(claims)
        return Signer.of(ec.generate_private_key(ec.SECP256R1()), "somebody").sign(claims, typ=TYP)


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another digest": lambda it: it["instances"][0].update(digest_received="0" * 64),
    "no digest": lambda it: it["instances"][0].update(digest_received=None),
    "missing": lambda it: it["instances"][0].update(fate="missing"),
    "another image": lambda it: it["instances"][0].update(sop_instance="1.2.3"),
    "another link": lambda it: it.update(link=str(uuid4())),
    "another receiver": lambda it: it.update(requester="1-2-third"),
    "another study": lambda it: it.update(study="1.2.3"),
    "no instances": lambda it: it.pop("instances"),
    "nonsense": lambda it: it.update(outcome="splendid"),
    "contradiction": lambda it: it.update(outcome="failed"),
    "no objects": lambda it: it.update(instances=[1, 2]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_image_whose_own_digest_no_complete_proof_names_stays(change: str, out: Outgoing) -> None:
    out.receive(1)
    out.push()
    out.taken()
    lying = replace(out.node, hub=LyingHub(out.node.hub, CHANGES[change]))  # type: ignore[arg-type]
    outbox.settle(lying)
    assert (out.waits, len(out.files)) == ({uid(1)}, 1)


def test_a_receipt_that_is_no_token_is_passed_over_and_logged(out: Outgoing) -> None:
    out.receive(1)
    out.push()
    out.taken()
    hub = LyingHub(out.node.hub, lambda _: None)
    hub._changed = lambda _: "no.token"  # type: ignore[method-assign]
    with capture_logs() as logs:
        outbox.settle(replace(out.node, hub=hub))  # type: ignore[arg-type]
    assert out.waits == {uid(1)}
    assert [it["event"] for it in logs] == ["a receipt that cannot be read"]


def test_a_hub_that_does_not_answer_lets_everything_wait(out: Outgoing) -> None:
    class Down(LyingHub):
        def receipts(self, *_: Any) -> list[Receipt]:
            raise HubUnavailable

    out.receive(1)
    out.push()
    out.taken()
    with pytest.raises(HubUnavailable):
        outbox.settle(replace(out.node, hub=Down(out.node.hub, lambda _: None)))  # type: ignore[arg-type]
    assert out.waits == {uid(1)}


def test_what_was_dropped_is_removed_whether_or_not_the_hub_answers(out: Outgoing) -> None:
    class Down(LyingHub):
        def receipts(self, *_: Any) -> list[Receipt]:
            raise HubUnavailable

    out.receive(1, 2)
    out.push()
    with out.world.nodes.work(HOSPITAL) as work:
        work.outbox.drop([work.outbox.of_study(STUDY)[0].file])
    with pytest.raises(HubUnavailable):
        outbox.settle(replace(out.node, hub=Down(out.node.hub, lambda _: None)))  # type: ignore[arg-type]
    assert len(out.files) == len(out.waits) == 1


def test_a_link_that_the_hub_refuses_to_speak_of_keeps_no_other_back(out: Outgoing) -> None:
    class Refusing(LyingHub):
        def receipts(self, link: Any, requester: Any) -> list[Receipt]:
            if link == first:
                raise Denied("not-found")
            return list(self._inner.receipts(link, requester))

    out.receive(1)
    first = out.push()
    publish.withdraw(out.node, first)
    out.world.clock.advance(hours=1)  # type: ignore[attr-defined]
    link = out.push()
    pull.run(out.world.practice, pull.take_offers(out.world.practice, "practice")[-1])
    out.world.practice.hub.receipt(_proof(out, link))
    outbox.settle(replace(out.node, hub=Refusing(out.node.hub, lambda _: None)))  # type: ignore[arg-type]
    assert out.files == []


def _proof(out: Outgoing, link: str) -> str:
    with out.world.nodes.work(PRACTICE) as work:
        transfer = work.transfers.of_offer(link)
        assert transfer
        return work.transfers.proof(transfer.transfer) or ""


def test_a_receipt_is_told_to_the_origin_of_its_link_and_to_nobody_else(out: Outgoing) -> None:
    out.receive(1)
    link = out.push()
    out.taken()
    assert len(out.node.hub.receipts(link, PRACTICE)) == 1
    assert out.node.hub.receipts(link, HOSPITAL) == []
    assert out.world.practice.hub.receipts(link, PRACTICE) == []


# --- discard ----------------------------------------------------------------------------------------------------------


def test_a_person_discards_a_study_and_that_is_audited(out: Outgoing) -> None:
    out.receive(1, 2)
    link = out.push()
    assert outbox.discard(out.node, STUDY, reason="sent twice", user="test") == 2
    assert (out.waits, out.files) == (set(), [])
    told = {"study": STUDY, "instances": 2, "user": "test", "reason": "sent twice"}
    assert trail(out)[-1] == ("outbox.discarded", told)
    with out.world.nodes.work(HOSPITAL) as work:
        assert not work.links.is_active(link)


def test_what_does_not_wait_cannot_be_discarded(out: Outgoing) -> None:
    with pytest.raises(UnknownStudy):
        outbox.discard(out.node, StudyUid("1.2.3"), reason="none", user="test")


def test_a_process_without_the_folder_drops_and_leaves_the_files_to_another(out: Outgoing, tmp_path: Path) -> None:
    out.receive(1)
    for elsewhere in (None, type(out.folder)(tmp_path / "other", bytes(range(32)), max_bytes=1, alarm_bytes=1)):
        outbox.clear(replace(out.node, spool=elsewhere))
    outbox.discard(replace(out.node, spool=None), STUDY, reason="test", user="test")
    assert (out.waits, len(out.files)) == (set(), 1)
    outbox.clear(out.node)
    assert out.files == []


# --- what is shown, and what may not be done --------------------------------------------------------------------------


def test_damage_is_counted_and_the_rest_is_delivered_with_the_damaged_named_as_missing(out: Outgoing) -> None:
    out.receive(1, 2, 3)
    out.files[0].write_bytes(out.files[0].read_bytes()[:-1] + b"\0")
    out.files[1].unlink()
    contents = outbox.waiting(out.node)
    assert [(it.instances, it.damaged) for it in contents.studies] == [(3, 1)], "the short look does not open blocks"
    out.push()
    assert out.taken().state is State.PARTIAL
    outbox.settle(out.node)
    assert state(out) is WaitState.UNDELIVERED
    assert len(out.waits) == 3


def test_the_alarm_is_part_of_what_is_shown(out: Outgoing) -> None:
    out.receive(1)
    assert not outbox.waiting(out.node).alarm
    out.folder.alarm_bytes = 1
    assert outbox.waiting(out.node).alarm
    assert not outbox.waiting(replace(out.node, spool=None)).alarm


def test_what_waits_is_put_into_no_record(out: Outgoing) -> None:
    out.receive(1)
    with pytest.raises(OutboxOnlySends):
        publish.publish(out.node, STUDY, pacs=OUTBOX, kvnr=KVNR)


def test_a_study_that_does_not_wait_cannot_be_pushed(out: Outgoing) -> None:
    with pytest.raises(UnknownStudy):
        push.push(out.node, STUDY, PRACTICE, pacs=OUTBOX)


def test_a_file_that_cannot_be_removed_is_tried_again(out: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    out.receive(1)

    def stuck(_: Any) -> None:
        raise SpoolDamaged("a file cannot be removed: OSError")

    monkeypatch.setattr(out.folder, "remove", stuck)
    with pytest.raises(SpoolDamaged):
        outbox.discard(out.node, STUDY, reason="test", user="test")
    monkeypatch.undo()
    assert (out.waits, len(out.files)) == (set(), 1)
    outbox.clear(out.node)
    assert out.files == []
