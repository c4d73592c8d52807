from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import link_samples
import pytest
import wishes
from conftest import Clock
from hub_bench import HubBench, caller_of, signer
from wishes import HOSPITAL, LINK, NEWER_LINK, OFFER, PRACTICE, REGISTERED, STRANGER

from linkexchange import register
from linkexchange.errors import Denied, IdentityRefused, MessageFault, UnknownParticipant, UnknownTransfer
from linkexchange.model.balance import digest_of
from linkexchange.model.identifiers import Sha256
from linkexchange.model.link import LinkStatus
from linkexchange.model.participant import Institution
from linkexchange.model.proof import TYP, Delivered, Fate, Proof, lines
from linkexchange.model.transfer import State
from linkexchange.resolve import Caller
from linkexchange.store.work import Database

NEW = replace(REGISTERED, link=NEWER_LINK)


class OriginBench(HubBench):
    """The same hub; the caller is the hospital, whose links they are."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.caller = Caller(HOSPITAL, "hospital's certificate", self.node.public)
        self.card = Institution(HOSPITAL, wishes.HOSPITAL_ROLE, "Klinikum Süd")

    def link(self, link: str, origin: object = HOSPITAL) -> Any:
        with self.database.work(origin) as work:
            return work.hub.link(link)


@pytest.fixture
def bench(database: Database, clock: Clock) -> OriginBench:
    return OriginBench(database, clock)


@pytest.fixture
def receiver(database: Database, clock: Clock) -> HubBench:
    return HubBench(database, clock)


# --- links and withdrawals --------------------------------------------------------------------------------------------


def test_a_link_is_entered_and_the_version_it_replaces_is_marked(bench: OriginBench) -> None:
    register.link(bench.resolver, bench.caller, bench.session(), new=NEW, replaces=LINK)
    assert (bench.link(NEWER_LINK), bench.link(LINK).replaced_by) == (NEW, NEWER_LINK)
    entered = {"link": NEWER_LINK, "study": wishes.STUDY, "replaces": LINK}
    assert bench.trail(HOSPITAL)[-1] == ("link.registered", entered)


def test_entering_a_link_again_changes_nothing(bench: OriginBench) -> None:
    session = bench.session()
    register.link(bench.resolver, bench.caller, session, new=NEW, replaces=None)
    register.withdrawal(bench.resolver, bench.caller, session, link=NEWER_LINK)
    register.link(bench.resolver, bench.caller, session, new=replace(NEW, lock=Sha256("0" * 64)), replaces=None)
    kept = bench.link(NEWER_LINK)
    assert (kept.lock, kept.status) == (NEW.lock, LinkStatus.CANCELLED)


def test_the_ledger_holds_no_name_and_no_digest_of_a_document(bench: OriginBench) -> None:
    (row,) = bench.rows("ledger", HOSPITAL)
    assert wishes.DOCUMENT_DIGEST not in row.values()
    assert set(row) == {
        "participant", "link", "study", "manifest_digest", "lock", "expires", "status", "replaced_by",
    }  # fmt: skip


def test_a_link_is_withdrawn_at_once_and_as_often_as_one_likes(bench: OriginBench) -> None:
    session = bench.session()
    for _ in range(2):
        register.withdrawal(bench.resolver, bench.caller, session, link=LINK)
    assert bench.link(LINK).status is LinkStatus.CANCELLED
    assert ("link.withdrawn", {"link": LINK}) in bench.trail(HOSPITAL)


def test_nobody_withdraws_or_replaces_a_link_of_another(bench: OriginBench, receiver: HubBench) -> None:
    session = receiver.session()
    register.withdrawal(receiver.resolver, receiver.caller, session, link=LINK)
    theirs = replace(NEW, origin=PRACTICE)
    register.link(receiver.resolver, receiver.caller, session, new=theirs, replaces=LINK)
    assert bench.link(LINK) == REGISTERED


def test_the_same_link_of_another_origin_is_another_link(bench: OriginBench, receiver: HubBench) -> None:
    theirs = replace(REGISTERED, origin=PRACTICE, manifest_digest=Sha256("0" * 64))
    register.link(receiver.resolver, receiver.caller, receiver.session(), new=theirs, replaces=None)
    assert (bench.link(LINK), bench.link(LINK, PRACTICE)) == (REGISTERED, theirs)


# --- offers -----------------------------------------------------------------------------------------------------------


def test_an_offer_lies_before_its_receiver_once(bench: OriginBench) -> None:
    session = bench.session()
    for _ in range(2):
        register.offer(bench.resolver, bench.caller, session, made=OFFER)
    with bench.database.work(PRACTICE) as work:
        assert work.hub.offers() == [OFFER]
    with bench.database.work(HOSPITAL) as work:
        assert work.hub.offers() == []
    made = {"offer": OFFER.offer, "receiver": PRACTICE, "link": LINK}
    assert bench.trail(HOSPITAL)[-1] == ("offer.made", made)


def test_an_offer_to_nobody_is_refused_and_written_down(bench: OriginBench) -> None:
    with pytest.raises(UnknownParticipant):
        register.offer(bench.resolver, bench.caller, bench.session(), made=replace(OFFER, receiver=STRANGER))
    assert bench.trail(HOSPITAL)[-1] == ("ledger.refused", {"reason": "unknown-participant"})


# --- in whose name ----------------------------------------------------------------------------------------------------

CALLS: dict[str, Callable[[OriginBench, str], None]] = {
    "link": lambda it, session: register.link(it.resolver, it.caller, session, new=NEW, replaces=None),
    "withdrawal": lambda it, session: register.withdrawal(it.resolver, it.caller, session, link=LINK),
    "offer": lambda it, session: register.offer(it.resolver, it.caller, session, made=OFFER),
}


@pytest.mark.parametrize("call", CALLS)
def test_without_an_open_session_nothing_is_entered_and_that_is_written_down(bench: OriginBench, call: str) -> None:
    stolen = bench.session()
    bench.caller = replace(bench.caller, thumbprint="another certificate")
    with pytest.raises(IdentityRefused, match="session"):
        CALLS[call](bench, stolen)
    assert bench.trail(HOSPITAL)[-1] == ("ledger.refused", {"reason": "session"})
    assert (bench.link(NEWER_LINK), bench.link(LINK), bench.rows("offers")) == (None, REGISTERED, [])


@pytest.mark.parametrize("call", ["link", "offer"])
def test_nothing_is_entered_in_the_name_of_another(bench: OriginBench, call: str) -> None:
    session = bench.session()
    bench.caller = caller_of(PRACTICE)
    with pytest.raises(MessageFault, match="of another participant"):
        CALLS[call](bench, session)


# --- receipts ---------------------------------------------------------------------------------------------------------


def _proof(stored: int = 3, **change: Any) -> Proof:
    link = link_samples.link(3)
    delivered = [Delivered(uid, Fate.STORED, status=0, attempts=1) for uid in sorted(link.manifest.uids)[:stored]]
    proof = Proof(
        transfer=wishes.TRANSFER,
        link=LINK,
        origin=HOSPITAL,
        requester=PRACTICE,
        destination="PACS",
        manifest=link.manifest,
        instances=lines(link.manifest, delivered),
        ended=wishes.NOW,
    )
    return replace(proof, **change)


def _hand_in(receiver: HubBench, claims: dict[str, Any], typ: str = TYP) -> str:
    signed = receiver.node.sign(claims, typ=typ)
    register.receipt(receiver.resolver, receiver.caller, signed)
    return signed


def test_a_receipt_is_booked_with_its_proof_and_its_counts(receiver: HubBench) -> None:
    signed = _hand_in(receiver, _proof(2).to_json())
    (row,) = receiver.rows("receipts")
    assert row == {
        "participant": PRACTICE,
        "transfer": wishes.TRANSFER,
        "origin": HOSPITAL,
        "link": LINK,
        "outcome": "partial",
        "expected": 3,
        "stored": 2,
        "proof": signed,
        "at": wishes.NOW,
        "came": 0,
        "came_digest": digest_of([]),
    }


def test_the_course_of_a_transfer_is_its_last_decision_and_its_receipt(receiver: HubBench, clock: Clock) -> None:
    receiver.grant(wishes.BY_RECORD)
    granted = register.course(receiver.resolver, receiver.caller, wishes.TRANSFER, requester=PRACTICE)
    assert (granted.origin, granted.link, granted.decided, granted.reason) == (HOSPITAL, LINK, wishes.NOW, "")
    assert (granted.outcome, granted.stored, granted.expected) == (None, 0, 0)
    clock.advance(seconds=120)
    with pytest.raises(Denied):
        receiver.grant(replace(wishes.BY_RECORD, asked=clock()))
    _hand_in(receiver, _proof(2).to_json())
    ended = register.course(receiver.resolver, receiver.caller, wishes.TRANSFER, requester=PRACTICE)
    assert (ended.decided, ended.reason) == (clock(), "document-read-too-long-ago")
    assert (ended.outcome, ended.stored, ended.expected) == (State.PARTIAL, 2, 3)


def test_a_03_the_course_of_a_transfer_is_told_to_its_two_ends_alone(receiver: HubBench) -> None:
    receiver.grant(wishes.BY_RECORD)
    origin, stranger = caller_of(HOSPITAL), caller_of()
    assert register.course(receiver.resolver, origin, wishes.TRANSFER, requester=PRACTICE).requester == PRACTICE
    unknown = [
        (origin, wishes.TRANSFER, HOSPITAL),
        (stranger, wishes.TRANSFER, PRACTICE),
        (origin, UUID(int=1), PRACTICE),
    ]
    for caller, transfer, requester in unknown:
        with pytest.raises(UnknownTransfer) as refused:
            register.course(receiver.resolver, caller, transfer, requester=requester)
        assert refused.value.detail == ""


def test_a_receipt_is_booked_once_and_the_first_one_counts(receiver: HubBench) -> None:
    first = _hand_in(receiver, _proof(2).to_json())
    _hand_in(receiver, _proof(3).to_json())
    assert [row["proof"] for row in receiver.rows("receipts")] == [first]
    booked = {"transfer": str(wishes.TRANSFER), "link": LINK, "origin": HOSPITAL, "outcome": "partial"}
    assert receiver.trail() == [("receipt.booked", {**booked, "expected": 3, "stored": 2})]
    assert [event.topic for event in receiver.database.events_after(PRACTICE, 0)] == ["receipt.booked"]


def test_a_receipt_marks_the_offer_of_its_link_as_taken(receiver: HubBench) -> None:
    with receiver.database.work(PRACTICE) as work:
        work.hub.add_offer(OFFER)
        work.hub.add_offer(replace(OFFER, offer="other", link=NEWER_LINK))
    _hand_in(receiver, _proof().to_json())
    with receiver.database.work(PRACTICE) as work:
        assert [offer.offer for offer in work.hub.offers()] == ["other"]


def _changed(**change: Any) -> Callable[[HubBench], None]:
    return lambda it: _hand_in(it, {**_proof().to_json(), **change}) and None


FALSE_RECEIPTS: dict[str, Callable[[HubBench], None]] = {
    "of another participant": _changed(requester=HOSPITAL),
    "of nobody": _changed(requester=None),
    "signed by another key": lambda it: register.receipt(
        it.resolver, it.caller, signer("practice").sign(_proof().to_json(), typ=TYP)
    ),
    "of another type": lambda it: _hand_in(it, _proof().to_json(), "linkexchange-request+jwt") and None,
    "no token": lambda it: register.receipt(it.resolver, it.caller, "\ufffd"),
    "no transfer": _changed(transfer="x"),
    "a transfer that is a number": _changed(transfer=5),
    "no link": _changed(link="\x00"),
    "no origin": _changed(origin=""),
    "no outcome": _changed(outcome="done"),
    "not an end": _changed(outcome="moving"),
    "more than expected": _changed(stored=4),
    "less than nothing": _changed(expected=-1, stored=-1),
    "more than a study can have": _changed(expected=2**40, stored=2**40),
    "a count that is a text": _changed(stored="3"),
    "a count that is true": _changed(expected=True, stored=True),
    "complete with one instance missing": _changed(stored=2),
    "without counts": lambda it: _hand_in(it, {"requester": PRACTICE}) and None,
}


@pytest.mark.parametrize("kind", FALSE_RECEIPTS)
def test_a_receipt_that_is_none_is_refused_and_written_down(receiver: HubBench, kind: str) -> None:
    with pytest.raises(MessageFault):
        FALSE_RECEIPTS[kind](receiver)
    assert receiver.rows("receipts") == []
    assert [action for action, _ in receiver.trail()] == ["ledger.refused"]
