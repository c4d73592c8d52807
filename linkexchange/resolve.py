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

from linkexchange import decide
from linkexchange.errors import Denied, IdentityRefused, OffersFull, PeerFault, ReceiptsFull, Refused, Revoked
from linkexchange.model import access
from linkexchange.model.access import Reason, RegisteredLink
from linkexchange.model.audit import Action
from linkexchange.model.grant import TYP as GRANT_TYP
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import ROLES, Institution
from linkexchange.model.quota import KEPT
from linkexchange.model.request import Request, read
from linkexchange.model.revocation import Revocable, RevocationKind
from linkexchange.ports import OpenSession, Session, Store, UnitOfWork
from linkexchange.secret import Secret
from linkexchange.sessions import NOBODY_TO_ASK, Inquiry, freshen, refuse_revoked, standing
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
    """What the resolver needs. `believe` verifies an attestation: (token, thumbprint, now) to institution and nonce.

    `inquiry` is how the card behind a session is asked about again; without it no session outlasts its first answer.
    `house` is the participant at whose node it is mounted: what that has heard of the hub counts here.
    """

    audience: str
    signer: Signer
    store: Store
    believe: Callable[[str, str, datetime], tuple[Institution, str]]
    now: Callable[[], datetime]
    inquiry: Inquiry = NOBODY_TO_ASK
    other_signers: tuple[Signer, ...] = ()
    house: TelematikId | None = None

    @property
    def signers(self) -> tuple[Signer, ...]:
        """Whose keys are told: the one that signs, then those that will sign or have signed."""
        return self.signer, *self.other_signers

    @property
    def keys(self) -> PublicKeys:
        """The public halves of all of them."""
        return PublicKeys({kid: jwk for it in self.signers for kid, jwk in it.public.keys.items()})


def issue_nonce(resolver: Resolver, caller: Caller) -> str:
    """A nonce for one attestation of this node."""
    nonce = secrets.token_urlsafe(32)
    with resolver.store.work(caller.telematik_id) as work:
        work.hub.sweep(resolver.now())
        work.quotas.sweep(resolver.now() - KEPT)
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
                _admit(resolver, work, caller, institution)
                if not work.hub.take_nonce(nonce, now):
                    raise IdentityRefused("nonce")
                work.hub.open_session(session, institution, caller.thumbprint, checked=now)
                work.audit(Action.SESSION_OPENED, role=institution.profession_oid)
    except Revoked:
        raise
    except Refused as refused:
        raise IdentityRefused(refused.detail if refused.detail in _PUBLIC else "") from refused
    return session


@contextmanager
def refusals(resolver: Resolver, caller: Caller, action: Action) -> Iterator[None]:
    """Whoever is turned away inside leaves an entry in the trail, in a transaction of its own."""
    try:
        yield
    except (Refused, PeerFault, OffersFull, ReceiptsFull) as fault:
        with resolver.store.work(caller.telematik_id) as work:
            work.audit(action, reason=fault.detail or fault.code)
        raise


def _admit(resolver: Resolver, work: UnitOfWork, caller: Caller, institution: Institution) -> None:
    """The card and the TLS certificate name the same institution, it is enrolled, and its role may ask for images.

    Neither it nor its node is revoked.
    """
    _refuse_revoked(resolver, work, caller, *standing(caller.telematik_id, caller.thumbprint))
    if institution.telematik_id != caller.telematik_id:
        raise IdentityRefused("card and TLS certificate differ")
    if work.directory.find(institution.telematik_id) is None:
        raise IdentityRefused(Reason.INSTITUTION)
    if institution.profession_oid not in ROLES:
        raise IdentityRefused(Reason.ROLE)


def grant(resolver: Resolver, caller: Caller, session: str, *, request: str) -> str:
    """Steps 2 to 4 of a pull: believe the request, decide, write it down, and issue the grant.

    1. The request is signed by the caller's node, for this resolver, just now.
    2. It comes within an open session of the caller's institution.
    3. What is known of it is looked up, and what its requester has used is held until the end of the transaction.
    4. It is decided, by the rules of `model.access` in their order.
    5. Decision, facts, audit entry, event and counts are committed together, whatever the outcome.
    6. A denial leaves with its public reason.
    7. What was granted is signed.

    Raises `IdentityRefused` without an open session, `MessageFault` for a request that is none, and `Denied` with the
    reason that the requester may know.
    """
    now = resolver.now()
    with refusals(resolver, caller, Action.PULL_DENIED):
        proven = verify(request, caller.keys)
        wish = read(proven, audience=resolver.audience, requester=caller.telematik_id, now=now)
        with in_session(resolver, caller, session, *_concerned(wish)) as (work, institution):
            work.trail.check_room()
            facts = decide.facts(work, wish, institution, now=now)
            decision = access.decide(wish, facts)
            decide.write_down(work, decision, facts, request)
    if decision.reason or facts.link is None:
        raise Denied((decision.reason or Reason.LINK).public)
    granted = _granted(wish, facts.link, caller, now)
    return resolver.signer.sign(granted.claims(resolver.audience), typ=GRANT_TYP)


def _granted(wish: Request, link: RegisteredLink, caller: Caller, now: datetime) -> Grant:
    return Grant(
        grant=uuid4(),
        transfer=wish.transfer,
        requester=caller.telematik_id,
        origin=wish.origin,
        link=wish.link,
        study=link.study,
        manifest_digest=link.manifest_digest,
        authority=wish.authority,
        purpose=wish.purpose,
        thumbprint=caller.thumbprint,
        issued=now.replace(microsecond=0),
    )


@contextmanager
def in_session(
    resolver: Resolver, caller: Caller, session: str, *concerned: Revocable
) -> Iterator[tuple[UnitOfWork, Institution]]:
    """A transaction within an open session, and who opened it. A card whose last answer has aged is asked about first.

    Raises as `session_of` and `sessions.freshen` do.
    """
    with resolver.store.work(caller.telematik_id) as work:
        opened = session_of(resolver, work, caller, session, *concerned)
        if not resolver.inquiry.is_due(opened.checked, resolver.now()):
            yield work, opened.institution
            return
    freshen(resolver.store, opened.institution, resolver.inquiry, resolver.now())
    with resolver.store.work(caller.telematik_id) as work:
        yield work, session_of(resolver, work, caller, session, *concerned).institution


def session_of(
    resolver: Resolver, work: UnitOfWork, caller: Caller, session: str, *concerned: Revocable
) -> OpenSession:
    """The session of this secret.

    Raises `IdentityRefused` when it is not open for this certificate, and `Revoked` where the caller is, or what else
    is `concerned`.
    """
    _refuse_revoked(resolver, work, caller, *standing(caller.telematik_id, caller.thumbprint), *concerned)
    opened = work.hub.session(session, caller.thumbprint, resolver.now())
    if opened is None:
        raise IdentityRefused("session")
    return opened


def _refuse_revoked(resolver: Resolver, work: UnitOfWork, caller: Caller, *names: Revocable) -> None:
    with work.on_behalf_of(resolver.house or caller.telematik_id):
        refuse_revoked(work, *names)


def _concerned(wish: Request) -> tuple[Revocable, Revocable]:
    """What else could be revoked beside the caller. A revoked link stands in the ledger as withdrawn."""
    return (RevocationKind.INSTITUTION, wish.origin), (RevocationKind.TRANSFER, str(wish.transfer))
