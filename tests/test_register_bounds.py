"""What one participant may leave at the hub, and before another, is bounded; honest use is not hindered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import wishes
from conftest import Clock
from hub_bench import HubBench
from test_register import OriginBench
from wishes import HOSPITAL, LINK, NEWER_LINK, NOW, OFFER, PRACTICE, STRANGER

from linkexchange import register, resolve
from linkexchange.errors import Denied, OffersFull, ReceiptsFull
from linkexchange.model.access import Offer
from linkexchange.model.identifiers import LinkId
from linkexchange.model.participant import Participant
from linkexchange.model.proof import TYP
from linkexchange.store import hub as rows
from linkexchange.store.work import Database


@pytest.fixture
def origin(database: Database, clock: Clock) -> OriginBench:
    return OriginBench(database, clock)


@pytest.fixture
def receiver(database: Database, clock: Clock) -> HubBench:
    return HubBench(database, clock)


# --- receipts ---------------------------------------------------------------------------------------------------------


def _hand_in(it: HubBench, transfer: UUID) -> None:
    claims = {"requester": PRACTICE, "origin": HOSPITAL, "link": LINK, "transfer": str(transfer)}
    counts = {"outcome": "complete", "expected": 3, "stored": 3, "instances": []}
    register.receipt(it.resolver, it.caller, it.node.sign({**claims, **counts}, typ=TYP))


def test_w_05_receipts_of_transfers_that_were_not_decided_here_are_kept_up_to_a_number_a_day(
    receiver: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "UNDECIDED_MAX", 2)
    kept = [uuid4() for _ in range(2)]
    for transfer in kept:
        _hand_in(receiver, transfer)
    with pytest.raises(ReceiptsFull):
        _hand_in(receiver, uuid4())
    assert {row["transfer"] for row in receiver.rows("receipts")} == set(kept)
    assert [fields for action, fields in receiver.trail() if action == "ledger.refused"] == [
        {"reason": ReceiptsFull.code}
    ]
    _hand_in(receiver, kept[0])
    receiver.clock.advance(days=1)
    _hand_in(receiver, uuid4())


def test_a_receipt_of_a_transfer_that_was_decided_here_is_always_taken(
    receiver: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.grant(wishes.BY_RECORD)
    monkeypatch.setattr(register, "UNDECIDED_MAX", 1)
    _hand_in(receiver, wishes.TRANSFER)
    _hand_in(receiver, uuid4())
    with pytest.raises(ReceiptsFull):
        _hand_in(receiver, uuid4())
    receiver.grant(replace(wishes.BY_RECORD, transfer=UUID(int=7)))
    _hand_in(receiver, UUID(int=7))


# --- offers -----------------------------------------------------------------------------------------------------------


def _offer(it: HubBench, made: Offer, session: str) -> None:
    register.offer(it.resolver, it.caller, session, made=made)


def _waiting(it: HubBench) -> list[str]:
    with it.database.work(PRACTICE) as work:
        return [offer.offer for offer in work.hub.offers()]


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_a_03_only_a_link_of_ones_own_is_offered(origin: OriginBench, receiver: HubBench, whose: str) -> None:
    link = LINK if whose == "another's" else NEWER_LINK
    origin.enrol(Participant(STRANGER, "Fremde Praxis", "https://stranger.example", ()))
    made = replace(OFFER, sender=PRACTICE, receiver=STRANGER, link=link)
    with pytest.raises(Denied, match="link-not-permitted"):
        _offer(receiver, made, receiver.session())
    assert receiver.rows("offers", STRANGER) == []
    assert receiver.trail()[-1] == ("ledger.refused", {"reason": "link-not-permitted"})


def test_w_05_offers_of_one_sender_wait_at_one_receiver_up_to_a_number(
    origin: OriginBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "OFFERS_MAX", 2)
    session = origin.session()
    for name in ("1", "2"):
        _offer(origin, replace(OFFER, offer=name), session)
    with pytest.raises(OffersFull):
        _offer(origin, replace(OFFER, offer="3"), session)
    _offer(origin, replace(OFFER, offer="2"), session)
    assert _waiting(origin) == ["1", "2"]
    assert origin.trail(HOSPITAL)[-2:] == [
        ("ledger.refused", {"reason": OffersFull.code}),
        ("offer.made", {"offer": "2", "receiver": PRACTICE, "link": LINK}),
    ]


def test_an_offer_that_counts_no_more_or_is_old_makes_room_for_the_next(
    origin: OriginBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "OFFERS_MAX", 2)
    session = origin.session()
    _offer(origin, replace(OFFER, offer="short", expires=NOW + timedelta(minutes=1)), session)
    _offer(origin, replace(OFFER, offer="old", made=NOW - rows.OFFERS_KEPT + timedelta(minutes=1)), session)
    origin.clock.advance(minutes=2)
    for name in ("new", "newer"):
        _offer(origin, replace(OFFER, offer=name, made=origin.clock()), session)
    assert _waiting(origin) == ["new", "newer"]


def test_an_offer_from_the_future_grows_old_from_now_on(origin: OriginBench, receiver: HubBench) -> None:
    _offer(origin, replace(OFFER, made=NOW + timedelta(days=3000)), origin.session())
    origin.clock.advance(days=89)
    resolve.issue_nonce(receiver.resolver, receiver.caller)
    assert _waiting(origin) == [OFFER.offer]
    origin.clock.advance(days=1)
    resolve.issue_nonce(receiver.resolver, receiver.caller)
    assert _waiting(origin) == []


def test_w_05_whoever_floods_a_receiver_does_not_hide_the_offers_of_others(
    receiver: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "OFFERS_ANSWERED", 3)
    with receiver.database.work(PRACTICE) as work:
        for number in range(5):
            flood = replace(OFFER, offer=f"flood {number}", made=NOW - timedelta(days=9 - number))
            work.hub.add_offer(replace(flood, sender=STRANGER, link=LinkId(str(uuid4()))))
        work.hub.add_offer(OFFER)
    assert _waiting(receiver) == ["flood 0", "flood 1", OFFER.offer]
