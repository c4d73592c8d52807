"""The requester's side: what is wanted is written down first, then handed in, then asked about until it is settled.

Only this node calls: it needs no open port for an answer. What cannot be said now is said in a later round.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from linkexchange.errors import (
    OriginUnavailable,
    PeerFault,
    Refused,
    RequestIncomplete,
    Unavailable,
    UnknownParticipant,
)
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.release_request import TYP, Kind, ReleaseRequest, Sought, Wanted, ending, is_fit
from linkexchange.model.released import SETTLED, Answered, Asked, Standing, next_look
from linkexchange.ports import Node, ReleaseDesk

ASK_JOB = "ask"
PAUSE = timedelta(seconds=5)
"""So long between two questions about a new request, at least."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants released, and into which PACS of this participant it is to go."""

    origin: TelematikId
    kind: Kind
    reason: str
    patient: Sought
    wanted: Wanted
    until: date
    user: str
    destination: str


def ask(node: Node, wish: Wish) -> UUID:
    """Write a request down; a job hands it in. The answer is its number, which is also that of the offer to come.

    Raises `RequestIncomplete` for one without a reason, a person or a fitting last day, `UnknownParticipant`,
    `UnknownPacs` or `HubUnavailable`.
    """
    request = _request(node, wish)
    node.hub.participant(wish.origin)
    number = str(request.request)
    with node.store.work(node.me) as work:
        work.pacs.find(wish.destination)
        work.own_requests.add(Asked(request, wish.destination, due=node.now()))
        work.audit(Action.RELEASE_ASKED, request=number, origin=wish.origin, kind=wish.kind.value, user=request.user)
        work.emit(Action.RELEASE_ASKED.value, request=number)
        work.defer(ASK_JOB, once=f"ask {number}", request=number)
    return request.request


def _request(node: Node, wish: Wish) -> ReleaseRequest:
    if wish.origin == node.me:
        raise UnknownParticipant("nothing is asked of oneself")
    try:
        if not is_fit(wish.until, node.now()):
            raise ValueError("until: over, or further away than a year")
        request = ReleaseRequest(
            request=uuid4(),
            requester=node.me,
            origin=wish.origin,
            kind=wish.kind,
            reason=wish.reason.strip(),
            patient=wish.patient,
            wanted=wish.wanted,
            until=wish.until,
            user=wish.user.strip(),
            asked=node.now(),
        )
        return ReleaseRequest.from_claims(request.claims())
    except ValueError as wrong:
        raise RequestIncomplete(str(wrong)) from wrong


def go_round(node: Node) -> None:
    """Hand in and ask about what is due. Safe to repeat."""
    with node.store.work(node.me) as work:
        due = [it.request.request for it in work.own_requests.due(node.now())]
    for request in due:
        look(node, request)


def look(node: Node, request: UUID) -> None:
    """Hand one request in, or ask where it stands. Raises nothing for an origin that does not answer."""
    with node.store.work(node.me) as work:
        known = work.own_requests.get(request)
    if known.standing not in SETTLED:
        _keep(node, known, _heard_of(node, known))


def _heard_of(node: Node, known: Asked) -> Asked:
    """Where the request stands now."""
    now = node.now()
    later = replace(known, due=next_look(known.request.asked, now, PAUSE))
    if now >= (known.expires or ending(known.request.until)):
        return replace(known, standing=Standing.ENDED, due=None)
    try:
        return _settled(later, _told(node, known, now))
    except Unavailable as unavailable:
        return replace(later, detail=unavailable.code) if known.standing is Standing.UNSENT else later
    except (Refused, PeerFault) as no:
        return replace(known, standing=Standing.FAILED, detail=no.code, due=None)


def _told(node: Node, known: Asked, now: datetime) -> Answered:
    """What the origin says; a request that it has taken in is open."""
    request = known.request
    desk = _desk(node, request.origin)
    if known.standing is not Standing.UNSENT:
        return desk.answer(request.request)
    desk.hand_in(node.signer.sign(replace(request, asked=now).claims(), typ=TYP))
    return Answered(Standing.OPEN)


def _desk(node: Node, origin: TelematikId) -> ReleaseDesk:
    """The address comes from the directory."""
    if node.desk is None:
        raise OriginUnavailable("no way to other nodes")
    return node.desk(node.hub.participant(origin))


def _settled(later: Asked, told: Answered) -> Asked:
    due = None if told.standing in SETTLED else later.due
    heard = replace(later, standing=told.standing, detail=told.refusal, link=told.link, expires=told.expires)
    return replace(heard, due=due)


def _keep(node: Node, before: Asked, after: Asked) -> None:
    """Unless another worker has heard more meanwhile."""
    number = str(before.request.request)
    with node.store.work(node.me) as work:
        if work.own_requests.get(before.request.request).standing is not before.standing:
            return
        work.own_requests.change(after)
        if after.standing is not before.standing:
            work.audit(Action.RELEASE_TOLD, request=number, standing=after.standing.value)
            work.emit(Action.RELEASE_TOLD.value, request=number)
