"""What participants tell the hub: links, withdrawals, offers, receipts. Every call is safe to repeat.

What is refused is written down before the answer leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from linkexchange import govern
from linkexchange.errors import (
    Denied,
    MessageFault,
    OffersFull,
    ReceiptsFull,
    UnknownParticipant,
    UnknownTransfer,
)
from linkexchange.model.access import Offer, Reason, RegisteredLink
from linkexchange.model.audit import Action
from linkexchange.model.balance import DISPATCH_TYP, Dispatch
from linkexchange.model.identifiers import LinkId, Sha256, SopInstanceUid, TelematikId
from linkexchange.model.proof import TYP as PROOF_TYP
from linkexchange.model.request import line
from linkexchange.model.switch import Hand, Switch
from linkexchange.model.transfer import FINAL, State
from linkexchange.ports import Course, Receipt, UnitOfWork
from linkexchange.resolve import Caller, Resolver, refusals, session_of
from linkexchange.signing import PROOF_MAX_BYTES, verify

INSTANCES_MAX = 2**31 - 1
RESOLVER_MAX_CHARACTERS = 2048
OFFERS_MAX = 1000
"""So many offers of one sender may wait at one receiver."""
UNDECIDED_MAX = 1000
"""So many receipts a participant may hand in within a day about transfers that were not decided here."""
_DAY = timedelta(days=1)


def link(resolver: Resolver, caller: Caller, session: str, *, new: RegisteredLink, replaces: LinkId | None) -> None:
    """Enter a link of the caller's own, and mark the version that it replaces."""
    if new.origin != caller.telematik_id:
        raise MessageFault("a link of another participant")
    with refusals(resolver, caller, Action.LEDGER_REFUSED), resolver.store.work(caller.telematik_id) as work:
        session_of(resolver, work, caller, session)
        work.hub.register(new, replaces)
        work.audit(Action.LINK_REGISTERED, link=new.link, study=new.study, replaces=replaces or "")


def withdrawal(resolver: Resolver, caller: Caller, session: str, *, link: LinkId) -> None:
    """Cancel a link of the caller's own at once."""
    with refusals(resolver, caller, Action.LEDGER_REFUSED), resolver.store.work(caller.telematik_id) as work:
        session_of(resolver, work, caller, session)
        if work.hub.withdraw(link):
            work.audit(Action.LINK_WITHDRAWN, link=link)


def offer(resolver: Resolver, caller: Caller, session: str, *, made: Offer) -> None:
    """Lay an offer of an own link before another participant.

    Raises `UnknownParticipant`, `Denied` for a link that the caller has not registered, and `OffersFull`.
    """
    if made.sender != caller.telematik_id:
        raise MessageFault("an offer of another participant")
    now = resolver.now()
    with refusals(resolver, caller, Action.LEDGER_REFUSED), resolver.store.work(caller.telematik_id) as work:
        session_of(resolver, work, caller, session)
        if work.directory.find(made.receiver) is None:
            raise UnknownParticipant
        if work.hub.link(made.link) is None:
            raise Denied(Reason.LINK.public)
        work.audit(Action.OFFER_MADE, offer=made.offer, receiver=made.receiver, link=made.link)
        with work.on_behalf_of(made.receiver):
            _lay(work, made, now)


def _lay(work: UnitOfWork, made: Offer, now: datetime) -> None:
    """An offer that says it was made later than now would never grow old."""
    work.hub.sweep_offers(now)
    new = work.hub.add_offer(replace(made, made=min(made.made, now)))
    if new and work.hub.waiting(made.sender) > OFFERS_MAX:
        raise OffersFull


def switch(resolver: Resolver, caller: Caller, session: str, *, pulls: bool, basis: str) -> None:
    """Let others pull from the caller, or not; what the hub's operator has turned off stays off."""
    now = resolver.now()
    with refusals(resolver, caller, Action.LEDGER_REFUSED), resolver.store.work(caller.telematik_id) as work:
        session_of(resolver, work, caller, session)
        govern.turned(work, Switch(Hand.ORIGIN, pulls, basis, now), user="")


def switches(resolver: Resolver, caller: Caller) -> Sequence[Switch]:
    """How each hand has left the caller's switch."""
    with resolver.store.work(caller.telematik_id) as work:
        return work.switches.all()


def receipt(resolver: Resolver, caller: Caller, proof: str) -> None:
    """Book a signed proof, so that both ends of a transfer balance.

    A transfer that this resolver has not decided may have been granted by its origin, while the hub was silent; whether
    it was, nobody here can know, so that of those only `UNDECIDED_MAX` are kept within a day.

    Raises `MessageFault` unless the caller's own node key signed it and it names the caller as requester, and
    `ReceiptsFull`.
    """
    now = resolver.now()
    with refusals(resolver, caller, Action.LEDGER_REFUSED):
        booked, came = _read(caller, proof)
        with resolver.store.work(caller.telematik_id) as work:
            if work.hub.book(booked, proof, now, came):
                work.audit(Action.RECEIPT_BOOKED, **booked)
                work.emit(Action.RECEIPT_BOOKED.value, **booked)
                _check_decided(work, UUID(str(booked["transfer"])), now)


def _check_decided(work: UnitOfWork, transfer: UUID, now: datetime) -> None:
    """Comes after the audit entry, which lets one at a time count the receipts of a participant."""
    if not work.hub.is_decided(transfer) and work.hub.undecided_receipts(now - _DAY) > UNDECIDED_MAX:
        raise ReceiptsFull


def receipts(resolver: Resolver, caller: Caller, link: LinkId, *, requester: TelematikId) -> Sequence[Receipt]:
    """What a requester has handed in about a link of the caller's own; of the links of others there is nothing."""
    with resolver.store.work(caller.telematik_id) as work, work.on_behalf_of(requester):
        return work.hub.receipts(link, caller.telematik_id)


def course(resolver: Resolver, caller: Caller, transfer: UUID, *, requester: TelematikId) -> Course:
    """What the hub knows of a transfer, for its requester and its origin; for others there is none of that number.

    Raises `UnknownTransfer`.
    """
    with resolver.store.work(caller.telematik_id) as work, work.on_behalf_of(requester):
        found = work.hub.course(transfer)
    if found is None or caller.telematik_id not in (found.requester, found.origin):
        raise UnknownTransfer
    return found


def dispatch(resolver: Resolver, caller: Caller, report: str) -> None:
    """Book what an origin says has left it, so that both ends of a transfer balance.

    Raises `MessageFault` unless the caller's own node key signed it and it names the caller as origin.
    """
    with refusals(resolver, caller, Action.LEDGER_REFUSED):
        said = _dispatched(caller, report)
    with resolver.store.work(caller.telematik_id) as work:
        if work.balance.book(said, report, resolver.now()):
            named = {"transfer": str(said.transfer), "requester": said.requester, "link": said.link}
            granted = {"resolver": said.resolver} if said.resolver else {}
            work.audit(Action.DISPATCH_BOOKED, **named, **granted, instances=said.instances, digest=said.digest)


def _dispatched(caller: Caller, report: str) -> Dispatch:
    proven = verify(report, caller.keys)
    if proven.typ != DISPATCH_TYP or proven.claims.get("origin") != caller.telematik_id:
        raise MessageFault("dispatch: not of the caller")
    try:
        return Dispatch(
            transfer=UUID(proven.claims["transfer"]),
            origin=caller.telematik_id,
            requester=TelematikId(proven.claims["requester"]),
            link=LinkId(proven.claims["link"]),
            instances=_count(proven.claims["instances"]),
            digest=Sha256(proven.claims["digest"]),
            resolver=_named(proven.claims.get("resolver", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise MessageFault("dispatch: claims") from wrong


def _named(resolver: object) -> str:
    if not isinstance(resolver, str) or len(resolver) > RESOLVER_MAX_CHARACTERS:
        raise ValueError("resolver")
    return line(resolver)


def _count(number: object) -> int:
    if type(number) is not int or not 0 <= number <= INSTANCES_MAX:
        raise ValueError("instances")
    return number


def _read(caller: Caller, proof: str) -> tuple[dict[str, str | int], frozenset[SopInstanceUid]]:
    proven = verify(proof, caller.keys, max_bytes=PROOF_MAX_BYTES)
    if proven.typ != PROOF_TYP or proven.claims.get("requester") != caller.telematik_id:
        raise MessageFault("receipt: not a proof of the caller")
    try:
        return _booking(proven.claims), _came(proven.claims)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise MessageFault("receipt: claims") from wrong


def _came(claims: dict[str, Any]) -> frozenset[SopInstanceUid]:
    """The instances whose bytes came, whatever became of them then; none where the proof lists none."""
    listed = claims.get("instances")
    rows = [it for it in listed if isinstance(it, dict)] if isinstance(listed, list) else []
    return frozenset(SopInstanceUid(it["sop_instance"]) for it in rows if it.get("digest_received"))


def _booking(claims: dict[str, Any]) -> dict[str, str | int]:
    """What is kept beside the proof. A proof whose outcome its own counts contradict is none."""
    outcome, expected, stored = State(claims["outcome"]), claims["expected"], claims["stored"]
    counted = type(expected) is type(stored) is int and 0 <= stored <= expected <= INSTANCES_MAX
    if not counted or outcome not in FINAL or (outcome is State.COMPLETE and stored != expected):
        raise ValueError("outcome")
    return {
        "transfer": str(UUID(claims["transfer"])),
        "link": LinkId(claims["link"]),
        "origin": TelematikId(claims["origin"]),
        "outcome": outcome.value,
        "expected": expected,
        "stored": stored,
    }
