"""How a pull begins: a row, a job, an event and an audit entry, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from linkexchange.model.access import Offer
from linkexchange.model.audit import Action
from linkexchange.model.transfer import Ask, Authority, Purpose, State, Transfer
from linkexchange.ports import Node, UnitOfWork

JOB = "pull"
QUEUES = {purpose: f"pull-{purpose.name.lower()}" for purpose in Purpose}


def request(node: Node, ask: Ask) -> UUID:
    """Ask for a study; the answer is the transfer's number, and the rest happens in a worker.

    Raises `UnknownPacs` when the destination is none of this node's.
    """
    with node.store.work(node.me) as work:
        work.pacs.find(ask.destination)
        return _add(work, _new(node, ask))


def take_offers(node: Node, destination: str) -> list[UUID]:
    """Take up what other participants have offered to this one. Safe to repeat: one offer becomes one transfer.

    What this participant has asked for goes where the request says. Without a destination, nothing else is taken up.
    """
    return [taken for offer in node.hub.offers() if (taken := _take(node, offer, destination))]


def resume(node: Node) -> list[UUID]:
    """Queue what has not ended and has no job any more. Safe to repeat.

    The queue closes a job by its number alone, so a worker that was frozen can, when it wakes, close the job of the
    worker that has taken over. The transfer is then still in the table, and this brings it back.
    """
    with node.store.work(node.me) as work:
        lost = work.transfers.without_job()
        for transfer in lost:
            _queue(work, work.transfers.get(transfer))
    return list(lost)


def again(node: Node, transfer: UUID, *, after_seconds: float) -> None:
    """Queue a transfer that has to wait for its turn. Nothing has failed, so the queue begins to count anew."""
    with node.store.work(node.me) as work:
        _queue(work, work.transfers.get(transfer), after_seconds=after_seconds)


def _take(node: Node, offer: Offer, destination: str) -> UUID | None:
    with node.store.work(node.me) as work:
        if work.transfers.of_offer(offer.offer):
            return None
        ask = _ask(work, offer, destination)
        if not ask.destination:
            return None
        work.audit(Action.OFFER_TAKEN, offer=offer.offer, sender=offer.sender, link=offer.link)
        return _add(work, replace(_new(node, ask), link=offer.link, origin=offer.sender))


def _ask(work: UnitOfWork, offer: Offer, destination: str) -> Ask:
    """As somebody here has asked for it, where the offer answers a request to this very sender."""
    own = work.own_requests.find(offer.offer)
    if own is None or own.request.origin != offer.sender:
        user = f"offer of {offer.sender}"
        return Ask(Authority.RELEASE, destination, Purpose.TREATMENT, user=user, offer=offer.offer)
    asked = own.request
    purpose, kvnr = asked.kind.purpose, asked.patient.kvnr
    return Ask(Authority.RELEASE, own.destination, purpose, user=asked.user, kvnr=kvnr, offer=offer.offer)


def _new(node: Node, ask: Ask) -> Transfer:
    return Transfer(uuid4(), ask, State.REQUESTED, reason="", epoch=0, created=node.now())


def _add(work: UnitOfWork, transfer: Transfer) -> UUID:
    number = str(transfer.transfer)
    work.transfers.add(transfer)
    work.audit(Action.PULL_REQUESTED, transfer=number, authority=transfer.ask.authority.value, user=transfer.ask.user)
    work.emit(Action.PULL_REQUESTED.value, transfer=number, state=transfer.state.value)
    _queue(work, transfer)
    return transfer.transfer


def _queue(work: UnitOfWork, transfer: Transfer, *, after_seconds: float = 0) -> None:
    """Each purpose has a queue of its own, so that none waits for the others' jobs."""
    work.defer(JOB, queue=QUEUES[transfer.ask.purpose], after_seconds=after_seconds, transfer=str(transfer.transfer))
