"""The decision: may this institution have this study now? Rules as small functions; the first that objects decides.

Every rule is a function of values that answers None (no objection) or a `Reason`. Both outcomes are recorded.

1. The requester is enrolled and asks for itself.
2. Its role may ask for images.
3. The destination is one of its own.
4. Neither it nor the acting user is locked.
5. The document was read just now (authority *record*).
6. The origin lets others pull (authority *record*).
7. The hub's policy permits it.
8. No quota would be gone beyond.
9. The link is the origin's, and the requester holds the document or an open offer.
10. The link is neither withdrawn nor replaced.
11. It has not expired.

Rules 1 to 8 come before the link is looked at: whoever guesses links learns the same from all of them. What speaks of
the link or of its origin has one public code (rule R10 of the threat model).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from linkexchange.model.identifiers import LinkId, Sha256, StudyUid, TelematikId
from linkexchange.model.link import LinkStatus, lock_of
from linkexchange.model.participant import ROLES, Institution, Participant
from linkexchange.model.policy import OPEN, Effect, Opinion, Policy, Verdict, Wish, judge, opinions
from linkexchange.model.quota import Counted, Lock, Quota, Usage
from linkexchange.model.request import CLOCK_SKEW, Request
from linkexchange.model.switch import Switch, off
from linkexchange.model.transfer import Authority

READ_AT_MAX_AGE = timedelta(seconds=60)


class Reason(StrEnum):
    """Why not, as it is recorded. What the requester may read is `public`."""

    INSTITUTION = "unknown-institution"
    ROLE = "role-not-permitted"
    DESTINATION = "unknown-destination"
    LINK = "link-not-permitted"
    WITHDRAWN = "link-withdrawn"
    EXPIRED = "link-expired"
    STALE = "document-read-too-long-ago"
    LOCKED = "requester-locked"
    SWITCHED_OFF = "pull-switched-off"
    POLICY = "denied-by-policy"
    PERSON = "needs-person"
    QUOTA = "quota-reached"

    @property
    def public(self) -> Reason:
        """What the requester is told."""
        return Reason.LINK if self in _ABOUT_LINK else self


_ABOUT_LINK = frozenset({Reason.LINK, Reason.WITHDRAWN, Reason.EXPIRED, Reason.SWITCHED_OFF, Reason.POLICY})
_AFTER_COUNTING = frozenset({None, Reason.LINK, Reason.WITHDRAWN, Reason.EXPIRED})


@dataclass(frozen=True, slots=True)
class RegisteredLink:
    """A line of the hub's ledger: no names, no KVNR, and of the document only the digest of its digest."""

    link: LinkId
    origin: TelematikId
    study: StudyUid
    manifest_digest: Sha256
    lock: Sha256
    expires: datetime
    status: LinkStatus = LinkStatus.AVAILABLE
    replaced_by: LinkId | None = None


class Basis(StrEnum):
    """What let a study go at its origin."""

    PERSON = "person"
    RULE = "rule"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Offer:
    """A release: this sender lets this receiver have this link until it `expires`; None: as long as the link lives."""

    offer: str
    sender: TelematikId
    receiver: TelematikId
    link: LinkId
    made: datetime
    taken: bool = False
    expires: datetime | None = None
    basis: Basis = Basis.PERSON

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be taken up."""
        return not self.taken and (self.expires is None or now < self.expires)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the hub knows when it decides. None where it knows nothing.

    `switches` are those of the origin, `policy` the hub's own, `lock` that of the requester or of its acting user.
    """

    institution: Institution
    participant: Participant | None
    link: RegisteredLink | None
    offer: Offer | None
    now: datetime
    switches: tuple[Switch, ...] = ()
    policy: Policy = OPEN
    lock: Lock | None = None
    usage: Usage | None = None

    @property
    def exceeded(self) -> Quota | None:
        """The quota that this would go beyond."""
        return self.usage.exceeded() if self.usage else None


@dataclass(frozen=True, slots=True)
class Decision:
    """Granted (reason None) or denied, always recorded.

    `rule` names who objected: a rule below, and with it the rule of the policy, the quota or the hand on the switch.
    `opinions` are those of the hub's policy, `left` its rules that were left to the origin.
    """

    request: Request
    reason: Reason | None
    at: datetime
    rule: str = ""
    opinions: tuple[Opinion, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def granted(self) -> bool:
        """Whether there is no objection."""
        return self.reason is None

    @property
    def counted(self) -> tuple[Counted, ...]:
        """What it counts for in the quotas: a link that was looked for, and a transfer that was granted."""
        links = (Counted.LINKS,) if self.reason in _AFTER_COUNTING else ()
        return (Counted.TRANSFERS, *links) if self.granted else links


Rule = Callable[[Request, Facts], Reason | None]


def decide(request: Request, facts: Facts) -> Decision:
    """Apply the rules in order; the first objection is the reason."""
    objections = ((rule, rule(request, facts)) for rule in RULES)
    objector, reason = next(((rule, reason) for rule, reason in objections if reason), (None, None))
    said = opinions(facts.policy, wish_of(request, facts))
    left = judge(facts.policy, said, last=False).left
    return Decision(request, reason, facts.now, named(objector, request, facts) if objector else "", said, left)


def named(rule: Rule, request: Request, facts: Facts) -> str:
    """What a rule is called in decisions, with whatever it has read: `permits-by-policy: no-mammography`."""
    name = rule.__name__.strip("_").replace("_", "-")
    detail = _DETAILS[rule](request, facts) if rule in _DETAILS else ""
    return f"{name}: {detail}" if detail else name


def wish_of(request: Request, facts: Facts) -> Wish:
    """What the hub's policy looks at: it knows no modality and no category."""
    return Wish(
        requester=request.requester,
        origin=request.origin,
        purpose=request.purpose,
        authority=request.authority,
        at=facts.now,
        role=facts.institution.profession_oid,
        destination=request.destination,
    )


def objection(verdict: Verdict, *, released: bool) -> Reason | None:
    """What a policy's verdict comes to. `released`: a person at the origin has let the study go."""
    if verdict.effect is Effect.PERSON:
        return None if released else Reason.PERSON
    return Reason.POLICY if verdict.effect is Effect.DENY else None


def _is_enrolled(request: Request, facts: Facts) -> Reason | None:
    known = facts.participant is not None and facts.participant.telematik_id == facts.institution.telematik_id
    return None if known and request.requester == facts.institution.telematik_id else Reason.INSTITUTION


def _has_role(_: Request, facts: Facts) -> Reason | None:
    return None if facts.institution.profession_oid in ROLES else Reason.ROLE


def _owns_destination(request: Request, facts: Facts) -> Reason | None:
    destinations = facts.participant.destinations if facts.participant else ()
    return None if request.destination in destinations else Reason.DESTINATION


def _is_not_locked(_: Request, facts: Facts) -> Reason | None:
    return Reason.LOCKED if facts.lock else None


def _lets_pull(request: Request, facts: Facts) -> Reason | None:
    return Reason.SWITCHED_OFF if request.authority is Authority.RECORD and off(facts.switches) else None


def _permits_by_policy(request: Request, facts: Facts) -> Reason | None:
    by_person = facts.offer is not None and facts.offer.basis is not Basis.RULE
    released = request.authority is Authority.RELEASE and by_person
    return objection(_verdict(request, facts), released=released)


def _verdict(request: Request, facts: Facts) -> Verdict:
    return judge(facts.policy, opinions(facts.policy, wish_of(request, facts)), last=False)


def _is_within_quotas(_: Request, facts: Facts) -> Reason | None:
    return Reason.QUOTA if facts.exceeded else None


def _holds_link(request: Request, facts: Facts) -> Reason | None:
    """The link is the origin's, and the requester holds the document or the offer."""
    if facts.link is None or facts.link.origin != request.origin:
        return Reason.LINK
    holds = _holds_document if request.authority is Authority.RECORD else _holds_offer
    return None if holds(request, facts, facts.link) else Reason.LINK


def _holds_document(request: Request, _: Facts, link: RegisteredLink) -> bool:
    return request.document_digest is not None and lock_of(request.document_digest) == link.lock


def _holds_offer(request: Request, facts: Facts, link: RegisteredLink) -> bool:
    offer = facts.offer
    if offer is None or not offer.is_open(facts.now) or offer.offer != request.offer:
        return False
    return (offer.sender, offer.receiver, offer.link) == (link.origin, request.requester, link.link)


def _is_current(_: Request, facts: Facts) -> Reason | None:
    link = facts.link
    gone = link is None or link.status is not LinkStatus.AVAILABLE or link.replaced_by is not None
    return Reason.WITHDRAWN if gone else None


def _is_unexpired(_: Request, facts: Facts) -> Reason | None:
    return None if facts.link and facts.now < facts.link.expires else Reason.EXPIRED


def _was_just_read(request: Request, facts: Facts) -> Reason | None:
    if request.authority is Authority.RELEASE:
        return None
    fresh = request.read_at and -CLOCK_SKEW <= facts.now - request.read_at <= READ_AT_MAX_AGE
    return None if fresh else Reason.STALE


RULES: tuple[Rule, ...] = (
    _is_enrolled,
    _has_role,
    _owns_destination,
    _is_not_locked,
    _was_just_read,
    _lets_pull,
    _permits_by_policy,
    _is_within_quotas,
    _holds_link,
    _is_current,
    _is_unexpired,
)

_DETAILS: dict[Rule, Callable[[Request, Facts], str]] = {
    _is_not_locked: lambda _, facts: facts.lock.quota if facts.lock else "",
    _lets_pull: lambda _, facts: ", ".join(it.hand for it in facts.switches if not it.pulls),
    _permits_by_policy: lambda request, facts: _verdict(request, facts).rule,
    _is_within_quotas: lambda _, facts: facts.exceeded.name if facts.exceeded else "",
}
"""What a rule has read beside the request, by its name; a policy that permits nothing by itself may have no rule."""
