"""The origin decides again, by its own switch, policy and quota of patients: grant → admission, in one transaction."""

from __future__ import annotations

from datetime import datetime

from linkexchange import decide
from linkexchange.model import admission, judged
from linkexchange.model.access import Reason
from linkexchange.model.admission import Admission, House
from linkexchange.model.audit import Action
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.link import Link
from linkexchange.model.quota import KEPT, ORIGIN_QUOTAS, Counted, Use, Whose
from linkexchange.ports import Store, UnitOfWork


def grant(store: Store, me: TelematikId, asked: Grant, link: Link, *, now: datetime) -> Admission:
    """Decide and write down. The same answer to the same grant is kept once; a refusal is audited each time."""
    with store.work(me) as work:
        house = _house(work, me, asked, link, now=now)
        decision = admission.admit(asked, house)
        new = work.admissions.add(decision, judged.at_origin(decision, house))
        if decision.reason:
            _refuse(work, decision)
        if new:
            decide.count(work, house.usage, decision.counted, over=decision.reason is Reason.QUOTA)
    return decision


def _house(work: UnitOfWork, me: TelematikId, asked: Grant, link: Link, *, now: datetime) -> House:
    policy, quotas = work.policies.current(me)
    patients = Use(Whose.INSTITUTION, str(asked.requester), Counted.PATIENTS, str(link.patient.kvnr))
    # The counts are held first: a lock that somebody else is about to make is seen.
    usage = work.quotas.usage(ORIGIN_QUOTAS if quotas is None else quotas, [patients], now)
    return House(
        link=link,
        switches=work.switches.all(),
        policy=policy,
        lock=work.quotas.lock_of([asked.requester]),
        usage=usage,
        now=now,
    )


def _refuse(work: UnitOfWork, decision: Admission) -> None:
    work.audit(
        Action.SERVING_REFUSED,
        reason=decision.reason or "",
        step="step 7: own rules",
        rule=decision.rule,
        transfer=str(decision.grant.transfer),
        requester=decision.grant.requester,
        decision=str(decision.admission),
    )


def forget(store: Store, me: TelematikId, *, now: datetime) -> None:
    """What was counted of patients, as soon as no quota asks for it any more."""
    with store.work(me) as work:
        work.quotas.sweep(now - KEPT)
