"""The hub's interface for nodes, over mTLS: resolver, ledger, directory. docs/reference/hub-api.md describes it.

The caller is whoever the TLS certificate names. Faults leave as problem details with a trace id. What a route answers
and how it refuses stands in docs/reference/openapi-hub.json, which is made from this module and served nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool
from starlette.types import Scope

from linkexchange import admit, register, resolve, tls
from linkexchange.admit import Admission
from linkexchange.errors import IdentityRefused
from linkexchange.listener import client_certificate
from linkexchange.model.access import Basis, Offer, RegisteredLink
from linkexchange.model.directory import TYP as SNAPSHOT_TYP
from linkexchange.model.directory import Snapshot
from linkexchange.model.identifiers import LinkId, Sha256, StudyUid, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.request import line
from linkexchange.model.switch import BASIS_MAX_CHARACTERS
from linkexchange.resolve import Caller, Resolver
from linkexchange.signing import PublicKeys, thumbprint
from linkexchange.web import answers, description
from linkexchange.web.fhir_directory import BUNDLE, FhirAnswer, Token, search_endpoints, search_organizations
from linkexchange.web.fields import DigestText, LinkIdText, Moment, StudyUidText, TelematikIdText
from linkexchange.web.limits import HUB, Know, Limits
from linkexchange.web.rates import Rates
from linkexchange.web.refusing import refuse_on


def caller_of(request: Request) -> Caller:
    """The participant at the other end, from its TLS certificate."""
    der = client_certificate(request.scope)
    key = x509.load_der_x509_certificate(der).public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise IdentityRefused("the key of the TLS certificate is not P-256")
    try:
        telematik_id = TelematikId.from_uri(tls.participant_uri(der, TelematikId.urn))
        name = thumbprint(der)
        return Caller(telematik_id, name, PublicKeys.of(key, name))
    except ValueError as wrong:
        raise IdentityRefused("TLS certificate") from wrong


def known_caller(request: Request) -> Caller:
    """The same, if the hub has not put it out: looked up for every call, so that every process knows it at once."""
    resolver: Resolver = request.app.state.resolver
    return admit.admitted(resolver.store, caller_of(request), resolver.now())


def witness(request: Request) -> Caller:
    """The same, also of somebody who is revoked: what has arrived until then is still told."""
    resolver: Resolver = request.app.state.resolver
    return admit.known(resolver.store, caller_of(request), resolver.now())


def _knowing(resolver: Resolver) -> Know:
    """Whether the caller may call, looked at before a large body of it is read."""

    async def know(scope: Scope) -> None:
        caller = caller_of(Request(scope))
        await _in_thread(lambda: admit.known(resolver.store, caller, resolver.now()))

    return know


ByTls = Annotated[Caller, Depends(known_caller)]
InSession = Annotated[str, Header(alias="X-Session", max_length=200)]


class JwkSet(JSONResponse):
    """Keys (RFC 7517)."""

    media_type = "application/jwk-set+json"


class Signed(PlainTextResponse):
    """A compact JWS."""

    media_type = "application/jose"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AttestationBody(_Body):
    """A card's signature over a nonce."""

    attestation: str


class RequestBody(_Body):
    """A signed request."""

    request: str


class LinkBody(_Body):
    """A link for the ledger."""

    link: LinkIdText
    study: StudyUidText
    manifest_sha256: DigestText
    lock: DigestText
    expires: Moment
    replaces: LinkIdText | None = None


class OfferBody(_Body):
    """An offer to another participant."""

    offer: LinkIdText
    receiver: TelematikIdText
    link: LinkIdText
    made: Moment
    expires: Moment | None = None
    basis: Basis = Basis.PERSON


class SwitchBody(_Body):
    """Whether others may pull from the caller, and on what legal basis not."""

    pulls: StrictBool
    basis: Annotated[str, Field(max_length=BASIS_MAX_CHARACTERS), AfterValidator(line)] = ""


class RenewalBody(_Body):
    """A certificate request (PKCS #10) in PEM."""

    request: str


def application(resolver: Resolver, rates: Rates | None = None, *, admission: Admission | None = None) -> FastAPI:
    """The ASGI application of the hub's mTLS port; without `admission` certificates are not renewed here."""
    from linkexchange.web.news import add_news

    app = FastAPI(title="linkexchange hub", openapi_url=None, responses=description.REFUSALS)
    app.state.resolver = resolver
    refuse_on(app)
    app.add_middleware(Limits, HUB, rates, know=_knowing(resolver))
    _add_resolver(app, resolver)
    add_news(app, resolver)
    _add_ledger(app, resolver)
    _add_offers(app, resolver)
    _add_switch(app, resolver)
    _add_receipts(app, resolver)
    _add_transfers(app, resolver)
    _add_directory(app, resolver)
    if admission:
        _add_renewal(app, admission)
    return app


def _add_resolver(app: FastAPI, resolver: Resolver) -> None:
    @app.post("/resolver/nonces", response_model=answers.NonceAnswer)
    def nonces(caller: ByTls) -> dict[str, str]:
        return {"nonce": resolve.issue_nonce(resolver, caller)}

    @app.post("/resolver/sessions", response_model=answers.SessionAnswer)
    def sessions(caller: ByTls, body: AttestationBody) -> dict[str, str]:
        session = resolve.open_session(resolver, caller, body.attestation)
        return {"session": session.secret.reveal(), "expires": session.expires.isoformat()}

    @app.post("/resolver/grants", response_model=answers.GrantAnswer)
    def grants(caller: ByTls, session: InSession, body: RequestBody) -> dict[str, str]:
        return {"grant": resolve.grant(resolver, caller, session, request=body.request)}

    @app.get("/resolver/keys", response_class=JwkSet, responses={200: {"model": answers.KeysAnswer}})
    def keys() -> JwkSet:
        return JwkSet(json.loads(resolver.keys.to_jwks()))


def _add_ledger(app: FastAPI, resolver: Resolver) -> None:
    @app.post("/ledger/links", status_code=204)
    def links(caller: ByTls, session: InSession, body: LinkBody) -> None:
        row = RegisteredLink(
            link=LinkId(body.link),
            origin=caller.telematik_id,
            study=StudyUid(body.study),
            manifest_digest=Sha256(body.manifest_sha256),
            lock=Sha256(body.lock),
            expires=body.expires,
        )
        replaces = LinkId(body.replaces) if body.replaces else None
        register.link(resolver, caller, session, new=row, replaces=replaces)

    @app.post("/ledger/links/{link}/withdrawal", status_code=204)
    def withdrawals(caller: ByTls, session: InSession, link: LinkIdText) -> None:
        register.withdrawal(resolver, caller, session, link=LinkId(link))


def _add_offers(app: FastAPI, resolver: Resolver) -> None:
    @app.post("/ledger/offers", status_code=204)
    def make_offer(caller: ByTls, session: InSession, body: OfferBody) -> None:
        made = Offer(
            offer=body.offer,
            sender=caller.telematik_id,
            receiver=TelematikId(body.receiver),
            link=LinkId(body.link),
            made=body.made,
            expires=body.expires,
            basis=body.basis,
        )
        register.offer(resolver, caller, session, made=made)

    @app.get("/ledger/offers", response_model=list[answers.OfferAnswer])
    def offers(caller: ByTls) -> list[dict[str, str]]:
        with resolver.store.work(caller.telematik_id) as work:
            return [_offer_row(offer) for offer in work.hub.offers() if offer.is_open(resolver.now())]


def _add_switch(app: FastAPI, resolver: Resolver) -> None:
    @app.post("/ledger/switch", status_code=204)
    def turn(caller: ByTls, session: InSession, body: SwitchBody) -> None:
        register.switch(resolver, caller, session, pulls=body.pulls, basis=body.basis)

    @app.get("/ledger/switch", response_model=list[answers.SwitchAnswer])
    def switches(caller: ByTls) -> list[dict[str, Any]]:
        found = register.switches(resolver, caller)
        return [{"hand": it.hand, "pulls": it.pulls, "basis": it.basis, "at": it.at.isoformat()} for it in found]


def _add_receipts(app: FastAPI, resolver: Resolver) -> None:
    @app.get("/ledger/receipts", response_model=list[answers.ReceiptAnswer])
    def receipts_of(
        caller: ByTls,
        link: LinkIdText,
        requester: TelematikIdText,
    ) -> list[dict[str, str]]:
        found = register.receipts(resolver, caller, LinkId(link), requester=TelematikId(requester))
        return [{"outcome": it.outcome.value, "proof": it.proof} for it in found]

    @app.post("/ledger/receipts", status_code=204, openapi_extra=description.RECEIPT)
    async def receipts(caller: Annotated[Caller, Depends(witness)], request: Request) -> None:
        proof = (await request.body()).decode("ascii", errors="replace")
        await _in_thread(lambda: register.receipt(resolver, caller, proof))

    @app.post("/ledger/dispatches", status_code=204, openapi_extra=description.DISPATCH)
    async def dispatches(caller: Annotated[Caller, Depends(witness)], request: Request) -> None:
        report = (await request.body()).decode("ascii", errors="replace")
        await _in_thread(lambda: register.dispatch(resolver, caller, report))


def _add_transfers(app: FastAPI, resolver: Resolver) -> None:
    @app.get("/ledger/transfers/{transfer}", response_model=answers.CourseAnswer)
    def course(caller: ByTls, transfer: UUID, requester: TelematikIdText | None = None) -> dict[str, Any]:
        wanted = TelematikId(requester) if requester else caller.telematik_id
        return asdict(register.course(resolver, caller, transfer, requester=wanted))


def _add_directory(app: FastAPI, resolver: Resolver) -> None:
    @app.get("/directory/participants", response_model=list[answers.ParticipantAnswer])
    def participants(caller: ByTls) -> list[dict[str, Any]]:
        return [participant.to_json() for participant in _listed(resolver, caller)]

    @app.get("/directory/snapshot", response_class=Signed)
    def snapshot(caller: ByTls) -> Signed:
        taken = Snapshot.of(_listed(resolver, caller), resolver.now())
        return Signed(resolver.signer.sign(taken.claims(resolver.audience), typ=SNAPSHOT_TYP))

    @app.get("/fhir/Organization", response_class=FhirAnswer, responses=BUNDLE)
    def organizations(caller: ByTls, request: Request, identifier: Token = None, name: Token = None) -> FhirAnswer:
        return FhirAnswer(search_organizations(request, _listed(resolver, caller), identifier, name))

    @app.get("/fhir/Endpoint", response_class=FhirAnswer, responses=BUNDLE)
    def endpoints(caller: ByTls, request: Request, organization: Token = None) -> FhirAnswer:
        return FhirAnswer(search_endpoints(request, _listed(resolver, caller), organization))


def _add_renewal(app: FastAPI, admission: Admission) -> None:
    @app.post("/enrolment/renewals", response_model=answers.CertificateAnswer)
    def renewals(caller: ByTls, body: RenewalBody) -> dict[str, str]:
        return {"certificate": admit.renew(admission, caller, body.request)}


def _listed(resolver: Resolver, caller: Caller) -> Sequence[Participant]:
    with resolver.store.work(caller.telematik_id) as work:
        return work.directory.all()


def _offer_row(offer: Offer) -> dict[str, str]:
    return {
        "offer": offer.offer,
        "sender": offer.sender,
        "receiver": offer.receiver,
        "link": offer.link,
        "made": offer.made.isoformat(),
        "basis": offer.basis.value,
        **({"expires": offer.expires.isoformat()} if offer.expires else {}),
    }


async def _in_thread(call: Callable[[], object]) -> None:
    from starlette.concurrency import run_in_threadpool

    await run_in_threadpool(call)
