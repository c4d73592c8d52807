"""A decision's facts, gathered in one transaction, and all that it leaves behind in the same one.

What one participant has counted is read and counted under one lock, which holds for every process on the database: of
two who ask at once, the second sees what the first has used.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from linkexchange.model import judged
from linkexchange.model.access import Decision, Facts, Reason
from linkexchange.model.audit import Action
from linkexchange.model.participant import HUB, Institution
from linkexchange.model.quota import HUB_QUOTAS, Counted, Lock, Usage, Use, Whose
from linkexchange.model.request import Request
from linkexchange.ports import UnitOfWork


def facts(work: UnitOfWork, request: Request, institution: Institution, *, now: datetime) -> Facts:
    """All that the hub knows of a request. `work` is on behalf of the requester."""
    policy, quotas = work.policies.current(HUB)
    with work.on_behalf_of(request.origin):
        link, switches = work.hub.link(request.link), work.switches.all()
    usage = work.quotas.usage(HUB_QUOTAS if quotas is None else quotas, uses(request), now)
    return Facts(
        institution=institution,
        participant=work.directory.find(institution.telematik_id),
        link=link,
        offer=work.hub.offer(request.offer, request.origin) if request.offer else None,
        now=now,
        switches=switches,
        policy=policy,
        lock=work.quotas.lock_of(["", request.user]),
        usage=usage,
    )


def uses(request: Request) -> tuple[Use, ...]:
    """What a request counts for: its transfer and its link, for the institution and for the user it names."""
    whom = [(Whose.INSTITUTION, "")] + ([(Whose.USER, request.user)] if request.user else [])
    things = ((Counted.TRANSFERS, f"{request.transfer} {request.link}"), (Counted.LINKS, str(request.link)))
    return tuple(Use(whose, who, counted, thing) for whose, who in whom for counted, thing in things)


def write_down(work: UnitOfWork, decision: Decision, known: Facts, signed: str) -> None:
    """The decision with its facts, audit entry and event; what it counts for; an alarm; a lock."""
    request = decision.request
    action = Action.PULL_GRANTED if decision.granted else Action.PULL_DENIED
    number = work.hub.decide(decision, signed, judged.at_hub(decision, known))
    work.audit(
        action,
        transfer=str(request.transfer),
        origin=request.origin,
        link=request.link,
        authority=request.authority.value,
        reason=decision.reason or "",
        rule=decision.rule,
        decision=str(number),
    )
    said = {"origin": request.origin, "reason": decision.reason or "", "decision": str(number)}
    work.emit(action.value, transfer=str(request.transfer), **said)
    assert known.usage is not None
    count(work, known.usage, decision.counted, over=decision.reason is Reason.QUOTA)


def count(work: UnitOfWork, usage: Usage, counted: tuple[Counted, ...], *, over: bool) -> None:
    """Count what was decided, raise the alarms that this reaches, and lock who would go beyond."""
    work.quotas.count(usage, counted)
    for quota in usage.alarms(*counted):
        work.audit(Action.QUOTA_ALARMED, quota=quota.name, used=quota.alarm, limit=quota.limit)
        work.emit(Action.QUOTA_ALARMED.value, quota=quota.name, used=quota.alarm, limit=quota.limit)
    if over and (found := usage.to_lock()):
        quota, who = found
        lock = Lock(uuid4(), who, quota.name, usage.now)
        work.quotas.lock(lock)
        work.audit(Action.REQUESTER_LOCKED, lock=str(lock.lock), quota=quota.name)
        work.emit(Action.REQUESTER_LOCKED.value, lock=str(lock.lock), quota=quota.name)
