"""Enrolment at the hub: who applies, who is let in, who renews, who is put out.

Whoever applies has no certificate yet: its card says who it is, and an operator whether it may come in. From then on
its certificate speaks for it, which the hub knows one by one and can end at once. Every step and its audit entry are
committed before the answer leaves.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from linkexchange.certificates import (
    LIFETIME,
    Authority,
    CertificateRequest,
    public_of,
    read_request,
    remembered,
    with_earlier,
)
from linkexchange.errors import (
    EnrolmentRefused,
    IdentityRefused,
    ListingDiffers,
    PeerFault,
    Refused,
    SettingRefused,
    UnknownParticipant,
)
from linkexchange.model.access import Reason
from linkexchange.model.audit import Action
from linkexchange.model.enrolment import ENROLLED, Enrolment, IssuedCertificate, Standing, checked
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import Comparison, not_asked
from linkexchange.model.participant import HUB, ROLES, Institution, Participant
from linkexchange.model.revocation import RevocationKind
from linkexchange.ports import Listings, Store, UnitOfWork, Verdict
from linkexchange.resolve import NONCE_LIFETIME, Caller
from linkexchange.revoke import enter, take_back
from linkexchange.sessions import refuse_revoked, standing
from linkexchange.signing import PublicKeys

SUPERSEDED = "superseded"
READMITTED = "enrolled anew"
GOOD_MAX = 16
"""So many certificates of one participant are good at once: each machine of its node renews its own."""
_PUBLIC = frozenset({"nonce", Reason.INSTITUTION.value, Reason.ROLE.value})


@dataclass(frozen=True, slots=True)
class Admission:
    """What the hub needs for it. `believe` verifies an attestation, as in `resolve`.

    `keys` are those that sign grants. Without an `authority` nobody is let in, and the rest works. `listings` is the
    FHIR-VZD, where the hub may ask it.
    """

    store: Store
    believe: Callable[[str, str, datetime], tuple[Institution, str]]
    keys: PublicKeys
    now: Callable[[], datetime]
    authority: Authority | None = None
    lifetime: timedelta = LIFETIME
    listings: Listings = not_asked


@dataclass(frozen=True, slots=True)
class Application:
    """What a node hands in: what it says of itself, a certificate request (PEM), and its card's signature over that."""

    participant: Participant
    request: str
    attestation: str


def issue_nonce(admission: Admission) -> str:
    """A nonce for one application of whoever asks: only a card can make something of it.

    All of them are the hub's own, so that each new one sweeps away what has ended.
    """
    nonce = secrets.token_urlsafe(32)
    with admission.store.work(HUB) as work:
        work.hub.sweep(admission.now())
        work.hub.issue_nonce(nonce, admission.now() + NONCE_LIFETIME)
    return nonce


def apply(admission: Admission, application: Application) -> str:
    """Take an application down, in the place of one that still waits; the secret under which it is asked for.

    1. The certificate request (`certificates.read_request`). 2. What the node says of itself (`enrolment.checked`).
    3. The attestation, bound to the request. 4. The card is that of the institution which is named. 5. Its role may
    ask for images. 6. The nonce, which is used up.

    Raises `MessageFault` and `IdentityRefused` after the refusal has been written down in the hub's own chain: whoever
    is not proven to be somebody writes into nobody's.
    """
    claimed, now = application.participant.telematik_id, admission.now()
    with _refusals(admission.store, HUB, claimed=claimed):
        asked = read_request(application.request)
        checked(application.participant, asked.host)
        institution, nonce = admission.believe(application.attestation, asked.binding, now)
        _check_card(institution, claimed)
        with admission.store.work(claimed) as work:
            with work.on_behalf_of(HUB):
                if not work.hub.take_nonce(nonce, now):
                    raise IdentityRefused("nonce")
            return _take_down(work, application, institution, asked, now)


def verdict(admission: Admission, secret: str) -> Verdict:
    """Where an application stands; approved, with its certificate. Raises `EnrolmentRefused` where there is none."""
    with admission.store.work(HUB) as work:
        enrolment = work.enrolments.by_secret(secret)
        if enrolment is None:
            raise EnrolmentRefused("unknown")
        with work.on_behalf_of(enrolment.participant.telematik_id):
            issued = work.certificates.all() if enrolment.standing in ENROLLED else ()
    mine = [it for it in issued if public_of(it) == read_request(enrolment.request).public]
    return Verdict(enrolment.standing, enrolment.reason, mine[-1].pem if mine else "")


def approve(
    admission: Admission, telematik_id: TelematikId, number: UUID, *, although: Comparison | None = None
) -> Enrolment:
    """Let an applicant in: certificate, directory and audit entry in one. What it had before is revoked.

    The FHIR-VZD is asked before, and not within the transaction. What stands against the applicant there must be what
    the operator has named (`although`). Raises `ListingDiffers` otherwise, `EnrolmentRefused` where this application
    cannot be approved, `SettingRefused` where the hub has no CA.
    """
    comparison = _looked_up(admission, telematik_id, number)
    if comparison.stands_against and comparison is not although:
        raise ListingDiffers(comparison.value)
    now = admission.now()
    with admission.store.work(telematik_id) as work:
        approved = work.enrolments.get(number).to(Standing.APPROVED)
        _end(work, SUPERSEDED, now)
        issued = _issue(admission, approved.participant, read_request(approved.request), now)
        work.certificates.add(issued)
        work.directory.put(approved.participant)
        work.enrolments.move(approved, now)
        if work.revocations.revoked((RevocationKind.INSTITUTION, telematik_id)):
            take_back(work, telematik_id, READMITTED, at=now)
        named = {"enrolment": str(number), "certificate": issued.thumbprint}
        said = {"node_url": approved.participant.node_url, "listing": comparison.value}
        work.audit(Action.PARTICIPANT_ENROLLED, **said, **named)
        work.emit(Action.PARTICIPANT_ENROLLED.value, **named)
    return approved


def reject(admission: Admission, telematik_id: TelematikId, number: UUID, *, reason: str) -> None:
    """Turn an applicant down. Raises `EnrolmentRefused` where this application does not wait any more."""
    with admission.store.work(telematik_id) as work:
        _reject(work, work.enrolments.get(number), reason, admission.now())


def revoke(admission: Admission, telematik_id: TelematikId, *, reason: str) -> None:
    """Put a participant out at once: from its next call on it is refused, and what moves to or from it stops.

    Raises `UnknownParticipant`.
    """
    with admission.store.work(telematik_id) as work:
        if work.directory.find(telematik_id) is None:
            raise UnknownParticipant
        _end(work, reason, admission.now())
        work.directory.retire(telematik_id)
        enter(work, (RevocationKind.INSTITUTION, telematik_id), reason, at=admission.now())
        work.audit(Action.PARTICIPANT_REVOKED, reason=reason)
        work.emit(Action.PARTICIPANT_REVOKED.value, reason=reason)


def renew(admission: Admission, caller: Caller, request: str) -> str:
    """Another certificate (PEM) for a caller whose present one is good; that one stays good until its own end.

    Raises `MessageFault` for what is no request, and `EnrolmentRefused`: not enrolled with this hub, another host than
    the one that was approved, or too many good certificates.
    """
    now = admission.now()
    with _refusals(admission.store, caller.telematik_id, claimed=caller.telematik_id):
        asked = read_request(request)
        with admission.store.work(caller.telematik_id) as work:
            enrolled = next((it for it in work.enrolments.mine() if it.standing in ENROLLED), None)
            if enrolled is None:
                raise EnrolmentRefused("not enrolled with this hub")
            renewed = work.enrolments.get(enrolled.number).to(Standing.RENEWED)
            if asked.host != urlsplit(renewed.participant.node_url).hostname:
                raise EnrolmentRefused("another host")
            if sum(it.is_good(now) for it in work.certificates.all()) >= GOOD_MAX:
                raise EnrolmentRefused("too many certificates")
            issued = _issue(admission, renewed.participant, asked, now)
            work.certificates.add(issued)
            work.enrolments.move(renewed, now)
            work.audit(Action.CERTIFICATE_RENEWED, certificate=issued.thumbprint, before=caller.thumbprint)
    return issued.pem


def admitted(store: Store, caller: Caller, now: datetime) -> Caller:
    """The caller, if it may still call: `known`, and neither its node nor its institution is revoked.

    Raises `Revoked`, and what `known` raises.
    """
    with store.work(caller.telematik_id) as work:
        refuse_revoked(work, *standing(caller.telematik_id, caller.thumbprint))
        return _known(work, caller, now)


def known(store: Store, caller: Caller, now: datetime) -> Caller:
    """The caller with the keys of its other certificates, under which it may have signed before.

    Of a participant to whom the hub has issued any certificate, only those that it knows and has not ended count. One
    that was entered by hand (`linkexchange participant set`) stands on the chain to the CA alone, until it is ended.
    Raises `IdentityRefused`.
    """
    with store.work(caller.telematik_id) as work:
        return _known(work, caller, now)


def _known(work: UnitOfWork, caller: Caller, now: datetime) -> Caller:
    if work.directory.has_left(caller.telematik_id):
        raise IdentityRefused("revoked")
    good = check_known(work.certificates.all(), caller.thumbprint, now)
    return replace(caller, keys=with_earlier(caller.keys, good))


def check_known(issued: Sequence[IssuedCertificate], thumbprint: str, now: datetime) -> Sequence[IssuedCertificate]:
    """Those of a participant's certificates that count now; raises `IdentityRefused` where this one is not among them.

    Where the hub has issued none, each counts whose chain was proven by the handshake.
    """
    good = [it for it in issued if it.is_good(now)]
    if issued and thumbprint not in {it.thumbprint for it in good}:
        raise IdentityRefused("revoked")
    return good


def _take_down(
    work: UnitOfWork, application: Application, institution: Institution, asked: CertificateRequest, now: datetime
) -> str:
    for it in work.enrolments.mine():
        if it.standing is Standing.APPLIED:
            _reject(work, it, SUPERSEDED, now)
    secret, role = secrets.token_urlsafe(32), institution.profession_oid
    new = Enrolment(
        uuid4(), application.participant, role, institution.name, asked.key, application.request, applied=now
    )
    work.enrolments.add(new, secret)
    work.audit(Action.ENROLMENT_APPLIED, enrolment=str(new.number), key=asked.key, role=role)
    work.emit(Action.ENROLMENT_APPLIED.value, enrolment=str(new.number))
    return secret


def _check_card(institution: Institution, claimed: TelematikId) -> None:
    if institution.telematik_id != claimed:
        raise IdentityRefused("card and application differ")
    if institution.profession_oid not in ROLES:
        raise IdentityRefused(Reason.ROLE)


def _reject(work: UnitOfWork, enrolment: Enrolment, reason: str, now: datetime) -> None:
    rejected = enrolment.to(Standing.REJECTED, reason)
    work.enrolments.move(rejected, now)
    work.audit(Action.ENROLMENT_REJECTED, enrolment=str(rejected.number), reason=reason)
    work.emit(Action.ENROLMENT_REJECTED.value, enrolment=str(rejected.number), reason=reason)


def _end(work: UnitOfWork, reason: str, now: datetime) -> None:
    """Whatever this participant has been given until now. Nodes hear of each certificate that is still good."""
    for it in work.enrolments.mine():
        if it.standing in ENROLLED:
            work.enrolments.move(it.to(Standing.REVOKED, reason), now)
    for issued in work.certificates.all():
        if issued.is_good(now):
            enter(work, (RevocationKind.NODE, issued.thumbprint), reason, at=now)
    work.certificates.revoke(now, reason)


def _looked_up(admission: Admission, telematik_id: TelematikId, number: UUID) -> Comparison:
    """What the FHIR-VZD says of an application that can be approved; raises `EnrolmentRefused` for another one."""
    with admission.store.work(telematik_id) as work:
        applied = work.enrolments.get(number)
    applied.to(Standing.APPROVED)
    return admission.listings([telematik_id])[telematik_id].compared(applied.card_name, applied.role)


def _issue(
    admission: Admission, participant: Participant, asked: CertificateRequest, now: datetime
) -> IssuedCertificate:
    if admission.authority is None:
        raise SettingRefused("LINKEXCHANGE_CA_KEY: is needed to issue certificates")
    uri, lifetime = participant.telematik_id.uri, admission.lifetime
    return remembered(admission.authority.issue(asked.public, uri=uri, host=asked.host, now=now, lifetime=lifetime))


@contextmanager
def _refusals(store: Store, participant: TelematikId, *, claimed: TelematikId) -> Iterator[None]:
    """Whoever is turned away leaves an entry; a forger learns the same from every refusal of its identity."""
    try:
        yield
    except (Refused, PeerFault) as fault:
        with store.work(participant) as work:
            work.audit(Action.ENROLMENT_REFUSED, claimed=claimed, reason=fault.detail or fault.code)
        if isinstance(fault, IdentityRefused) and fault.detail not in _PUBLIC:
            raise IdentityRefused from fault
        raise
