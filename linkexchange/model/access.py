"""The decision: may this institution have this study now? Rules as small functions; the first that objects decides.

Every rule is a function of values that answers None (no objection) or a `Reason`. Both outcomes are recorded. Reasons
that would tell a stranger whether a link exists share one public code (rule R10 of the threat model).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from linkexchange.model.identifiers import LinkId, Sha256, StudyUid, TelematikId
from linkexchange.model.link import LinkStatus, lock_of
from linkexchange.model.participant import ROLES, Institution, Participant
from linkexchange.model.request import CLOCK_SKEW, Request
from linkexchange.model.transfer import Authority

READ_AT_MAX_AGE = timedelta(seconds=60)


class Reason(StrEnum):
    """Why not. The values are what the requester may read."""

    INSTITUTION = "unknown-institution"
    ROLE = "role-not-permitted"
    DESTINATION = "unknown-destination"
    LINK = "link-not-permitted"
    WITHDRAWN = "link-withdrawn"
    EXPIRED = "link-expired"
    STALE = "document-read-too-long-ago"


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
    """What the hub knows when it decides. None where it knows nothing."""

    institution: Institution
    participant: Participant | None
    link: RegisteredLink | None
    offer: Offer | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """Granted (reason None) or denied, always recorded."""

    request: Request
    reason: Reason | None
    at: datetime

    @property
    def granted(self) -> bool:
        """Whether there is no objection."""
        return self.reason is None


def decide(request: Request, facts: Facts) -> Decision:
    """Apply the rules in order; the first objection is the reason."""
    objections = (rule(request, facts) for rule in RULES)
    return Decision(request, next((reason for reason in objections if reason), None), facts.now)


def _is_enrolled(request: Request, facts: Facts) -> Reason | None:
    known = facts.participant is not None and facts.participant.telematik_id == facts.institution.telematik_id
    return None if known and request.requester == facts.institution.telematik_id else Reason.INSTITUTION


def _has_role(_: Request, facts: Facts) -> Reason | None:
    return None if facts.institution.profession_oid in ROLES else Reason.ROLE


def _owns_destination(request: Request, facts: Facts) -> Reason | None:
    destinations = facts.participant.destinations if facts.participant else ()
    return None if request.destination in destinations else Reason.DESTINATION


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


RULES: tuple[Callable[[Request, Facts], Reason | None], ...] = (
    _is_enrolled,
    _has_role,
    _owns_destination,
    _holds_link,
    _is_current,
    _is_unexpired,
    _was_just_read,
)
