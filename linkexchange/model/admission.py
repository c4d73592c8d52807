"""The origin's own decision over a grant that it believes: its switch, its policy, its quota of patients.

1. The requester is not locked here (authority *record*).
2. This origin lets others pull (authority *record*).
3. Its policy permits it. Nobody decides after it, so what is open is not left to anybody.
4. The quota of patients of this requester would not be gone beyond (authority *record*).

A release is this origin's own will: it counts for no quota, and satisfies a rule that needs a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from linkexchange.model.access import Reason, objection
from linkexchange.model.grant import Grant
from linkexchange.model.link import Link
from linkexchange.model.policy import Opinion, Policy, Verdict, Wish, judge, opinions
from linkexchange.model.quota import Counted, Lock, Quota, Usage
from linkexchange.model.switch import Switch, off
from linkexchange.model.transfer import Authority


@dataclass(frozen=True, slots=True)
class House:
    """What the origin knows when it decides."""

    link: Link
    switches: tuple[Switch, ...]
    policy: Policy
    lock: Lock | None
    usage: Usage
    now: datetime

    @property
    def exceeded(self) -> Quota | None:
        """The quota that this would go beyond."""
        return self.usage.exceeded()


@dataclass(frozen=True, slots=True)
class Admission:
    """Admitted (reason None) or not; `rule` and `opinions` are as in `access.Decision`."""

    grant: Grant
    reason: Reason | None
    at: datetime
    rule: str
    opinions: tuple[Opinion, ...]

    @property
    def admission(self) -> UUID:
        """Its number: the same answer to the same grant is one decision, however often it is asked for."""
        return uuid5(self.grant.grant, self.reason or "admitted")

    @property
    def counted(self) -> tuple[Counted, ...]:
        """What it counts for in the quotas."""
        counts = self.reason is None and self.grant.authority is Authority.RECORD
        return (Counted.PATIENTS,) if counts else ()


def admit(grant: Grant, house: House) -> Admission:
    """Apply the rules in order; the first objection is the reason."""
    said = opinions(house.policy, wish_of(grant, house.link, house.now))
    verdict = judge(house.policy, said, last=True)
    for rule in RULES:
        if found := rule(grant, house, verdict):
            return Admission(grant, found[0], house.now, found[1], said)
    return Admission(grant, None, house.now, "", said)


def wish_of(grant: Grant, link: Link, now: datetime) -> Wish:
    """What the origin's policy looks at: the link document says what was imaged, and a grant names no role."""
    confidentiality = link.particulars.confidentiality
    regions = {region.code for region in link.regions}
    return Wish(
        requester=grant.requester,
        origin=grant.origin,
        purpose=grant.purpose,
        authority=grant.authority,
        at=now,
        modalities=frozenset(series.modality for series in link.manifest.series),
        categories=frozenset(regions | ({confidentiality.value} if confidentiality else set())),
    )


_Found = tuple[Reason, str] | None


def _is_not_locked(grant: Grant, house: House, _: Verdict) -> _Found:
    locked = house.lock if grant.authority is Authority.RECORD else None
    return (Reason.LOCKED, f"is-not-locked: {locked.quota}") if locked else None


def _lets_pull(grant: Grant, house: House, _: Verdict) -> _Found:
    turned = off(house.switches) if grant.authority is Authority.RECORD else None
    return (Reason.SWITCHED_OFF, f"lets-pull: {turned.hand}") if turned else None


def _permits_by_policy(grant: Grant, _: House, verdict: Verdict) -> _Found:
    reason = objection(verdict, released=grant.authority is Authority.RELEASE)
    return (reason, f"permits-by-policy: {verdict.rule or 'none'}") if reason else None


def _is_within_quota(grant: Grant, house: House, _: Verdict) -> _Found:
    exceeded = house.exceeded if grant.authority is Authority.RECORD else None
    return (Reason.QUOTA, f"is-within-quota: {exceeded.name}") if exceeded else None


RULES: tuple[Callable[[Grant, House, Verdict], _Found], ...] = (
    _is_not_locked,
    _lets_pull,
    _permits_by_policy,
    _is_within_quota,
)
