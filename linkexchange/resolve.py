"""The resolver: attestation → session; request → decision → grant.

A module, mounted at the hub; a setting may mount the same at an origin's node. Every decision and its audit entry are
committed before the answer leaves.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from linkexchange.errors import Denied, IdentityRefused, PeerFault, Refused
from linkexchange.model.access import Decision, Facts, Reason, decide
from linkexchange.model.audit import Action
from linkexchange.model.grant import TYP as GRANT_TYP
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import ROLES, Institution
from linkexchange.model.request import Request, read
from linkexchange.ports import Session, Store, UnitOfWork
from linkexchange.secret import Secret
from linkexchange.signing import PublicKeys, Signer, verify

NONCE_LIFETIME = timedelta(seconds=60)
SESSION_LIFETIME = timedelta(minutes=30)
_PUBLIC = frozenset({"nonce", Reason.INSTITUTION.value, Reason.ROLE.value})


@dataclass(frozen=True, slots=True)
class Caller:
    """The node at the other end of the TLS connection, as its certificate names it. `keys` is the certificate's key."""

    telematik_id: TelematikId
    thumbprint: str
    keys: PublicKeys


@dataclass(frozen=True, slots=True)
class Resolver:
    """What the resolver needs. `believe` verifies an attestation: (token, thumbprint, now) to institution and nonce."""

    audience: str
    signer: Signer
    store: Store
    believe: Callable[[str, str, datetime], tuple[Institution, str]]
    now: Callable[[], datetime]


def issue_nonce(resolver: Resolver, caller: Caller) -> str:
    """A nonce for one attestation of this node."""
    nonce = secrets.token_urlsafe(32)
    with resolver.store.work(caller.telematik_id) as work:
        work.hub.sweep(resolver.now())
        work.hub.issue_nonce(nonce, resolver.now() + NONCE_LIFETIME)
        work.audit(Action.NONCE_ISSUED)
    return nonce


def open_session(resolver: Resolver, caller: Caller, attestation: str) -> Session:
    """Step 1 of a pull: believe the card, use the nonce up, open a session for this TLS certificate only.

    Raises `IdentityRefused` after the refusal has been written down. Which step of the attestation failed stands in the
    audit entry only: a forger learns the same from every refusal.
    """
    now = resolver.now()
    session = Session(Secret(secrets.token_urlsafe(32)), now + SESSION_LIFETIME)
    try:
        with refusals(resolver, caller, Action.SESSION_REFUSED):
            institution, nonce = resolver.believe(attestation, caller.thumbprint, now)
            with resolver.store.work(caller.telematik_id) as work:
                _admit(work, caller, institution)
                if not work.hub.take_nonce(nonce, now):
                    raise IdentityRefused("nonce")
                work.hub.open_session(session, institution, caller.thumbprint)
                work.audit(Action.SESSION_OPENED, role=institution.profession_oid)
    except Refused as refused:
        raise IdentityRefused(refused.detail if refused.detail in _PUBLIC else "") from refused
    return session


@contextmanager
def refusals(resolver: Resolver, caller: Caller, action: Action) -> Iterator[None]:
    """Whoever is turned away inside leaves an entry in the trail, in a transaction of its own."""
    try:
        yield
    except (Refused, PeerFault) as fault:
        with resolver.store.work(caller.telematik_id) as work:
            work.audit(action, reason=fault.detail or fault.code)
        raise


def _admit(work: UnitOfWork, caller: Caller, institution: Institution) -> None:
    """The card and the TLS certificate name the same institution, it is enrolled, and its role may ask for images."""
    if institution.telematik_id != caller.telematik_id:
        raise IdentityRefused("card and TLS certificate differ")
    if work.directory.find(institution.telematik_id) is None:
        raise IdentityRefused(Reason.INSTITUTION)
    if institution.profession_oid not in ROLES:
        raise IdentityRefused(Reason.ROLE)


def grant(resolver: Resolver, caller: Caller, session: str, *, request: str) -> str:
    """Steps 2 to 4 of a pull: read the signed request, decide, write it down, and issue the grant.

    Raises `IdentityRefused` without an open session, `MessageFault` for a request that is none, and `Denied` with the
    reason that the requester may know.
    """
    now = resolver.now()
    with refusals(resolver, caller, Action.PULL_DENIED):
        wish = read(verify(request, caller.keys), audience=resolver.audience, requester=caller.telematik_id, now=now)
        with resolver.store.work(caller.telematik_id) as work:
            institution = session_of(work, caller, session, now=now)
            work.trail.check_room()
            facts = _facts(work, wish, institution, now=now)
            decision = decide(wish, facts)
            _write_down(work, decision, request)
    if decision.reason or facts.link is None:
        raise Denied(decision.reason or "")
    granted = Grant(
        grant=uuid4(),
        transfer=wish.transfer,
        requester=caller.telematik_id,
        origin=wish.origin,
        link=wish.link,
        study=facts.link.study,
        manifest_digest=facts.link.manifest_digest,
        authority=wish.authority,
        purpose=wish.purpose,
        thumbprint=caller.thumbprint,
        issued=now.replace(microsecond=0),
    )
    return resolver.signer.sign(granted.claims(resolver.audience), typ=GRANT_TYP)


def session_of(work: UnitOfWork, caller: Caller, session: str, *, now: datetime) -> Institution:
    """Who opened the session; raises `IdentityRefused` when it is not open for this certificate."""
    institution = work.hub.session(session, caller.thumbprint, now)
    if institution is None:
        raise IdentityRefused("session")
    return institution


def _facts(work: UnitOfWork, request: Request, institution: Institution, *, now: datetime) -> Facts:
    with work.on_behalf_of(request.origin):
        link = work.hub.link(request.link)
    return Facts(
        institution=institution,
        participant=work.directory.find(institution.telematik_id),
        link=link,
        offer=work.hub.offer(request.offer, request.origin) if request.offer else None,
        now=now,
    )


def _write_down(work: UnitOfWork, decision: Decision, signed: str) -> None:
    request = decision.request
    action = Action.PULL_GRANTED if decision.granted else Action.PULL_DENIED
    work.hub.decide(decision, signed)
    work.audit(
        action,
        transfer=str(request.transfer),
        origin=request.origin,
        link=request.link,
        authority=request.authority.value,
        reason=decision.reason or "",
    )
    work.emit(action.value, transfer=str(request.transfer), origin=request.origin, reason=decision.reason or "")
