"""The hub's interface for nodes, over mTLS: resolver, ledger, directory. docs/reference/hub-api.md describes it.

The caller is whoever the TLS certificate names. Faults leave as problem details with a trace id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from linkexchange import register, resolve, tls
from linkexchange.errors import Fault, IdentityRefused, MessageFault
from linkexchange.listener import client_certificate
from linkexchange.model.access import Offer, RegisteredLink
from linkexchange.model.identifiers import LinkId, Sha256, StudyUid, TelematikId
from linkexchange.problem import MEDIA_TYPE, problem
from linkexchange.resolve import Caller, Resolver
from linkexchange.signing import PROOF_MAX_BYTES, PublicKeys, thumbprint

JSON_MAX_BYTES = 64 * 1024
_log = structlog.get_logger(__name__)


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


ByTls = Annotated[Caller, Depends(caller_of)]
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
"""Bounded, since a moment at the edge of what PostgreSQL can hold could be stored and never be read again."""
InSession = Annotated[str, Header(alias="X-Session", max_length=200)]


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

    link: Annotated[str, AfterValidator(LinkId)]
    study: Annotated[str, AfterValidator(StudyUid)]
    manifest_sha256: Annotated[str, AfterValidator(Sha256)]
    lock: Annotated[str, AfterValidator(Sha256)]
    expires: Moment
    replaces: Annotated[str, AfterValidator(LinkId)] | None = None


class OfferBody(_Body):
    """An offer to another participant."""

    offer: Annotated[str, AfterValidator(LinkId)]
    receiver: Annotated[str, AfterValidator(TelematikId)]
    link: Annotated[str, AfterValidator(LinkId)]
    made: Moment


def application(resolver: Resolver) -> FastAPI:
    """The ASGI application of the hub's mTLS port."""
    app = FastAPI(title="linkexchange hub", openapi_url=None)
    app.add_exception_handler(Fault, _problem)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.middleware("http")(_limit)
    _add_resolver(app, resolver)
    _add_ledger(app, resolver)
    _add_offers(app, resolver)
    _add_receipts(app, resolver)
    _add_transfers(app, resolver)
    _add_directory(app, resolver)
    return app


def _add_resolver(app: FastAPI, resolver: Resolver) -> None:
    @app.post("/resolver/nonces")
    def nonces(caller: ByTls) -> dict[str, str]:
        return {"nonce": resolve.issue_nonce(resolver, caller)}

    @app.post("/resolver/sessions")
    def sessions(caller: ByTls, body: AttestationBody) -> dict[str, str]:
        session = resolve.open_session(resolver, caller, body.attestation)
        return {"session": session.secret, "expires": session.expires.isoformat()}

    @app.post("/resolver/grants")
    def grants(caller: ByTls, session: InSession, body: RequestBody) -> dict[str, str]:
        return {"grant": resolve.grant(resolver, caller, session, request=body.request)}

    @app.get("/resolver/keys")
    def keys() -> Response:
        return Response(resolver.signer.public.to_jwks(), media_type="application/jwk-set+json")


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
    def withdrawals(caller: ByTls, session: InSession, link: Annotated[str, AfterValidator(LinkId)]) -> None:
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
        )
        register.offer(resolver, caller, session, made=made)

    @app.get("/ledger/offers")
    def offers(caller: ByTls) -> list[dict[str, str]]:
        with resolver.store.work(caller.telematik_id) as work:
            return [_offer_row(offer) for offer in work.hub.offers()]


def _add_receipts(app: FastAPI, resolver: Resolver) -> None:
    @app.get("/ledger/receipts")
    def receipts_of(
        caller: ByTls,
        link: Annotated[str, AfterValidator(LinkId)],
        requester: Annotated[str, AfterValidator(TelematikId)],
    ) -> list[dict[str, str]]:
        found = register.receipts(resolver, caller, LinkId(link), requester=TelematikId(requester))
        return [{"outcome": it.outcome.value, "proof": it.proof} for it in found]

    @app.post("/ledger/receipts", status_code=204)
    async def receipts(caller: ByTls, request: Request) -> None:
        proof = (await request.body()).decode("ascii", errors="replace")
        await _in_thread(lambda: register.receipt(resolver, caller, proof))


def _add_transfers(app: FastAPI, resolver: Resolver) -> None:
    @app.get("/ledger/transfers/{transfer}")
    def course(
        caller: ByTls, transfer: UUID, requester: Annotated[str, AfterValidator(TelematikId)] | None = None
    ) -> dict[str, Any]:
        wanted = TelematikId(requester) if requester else caller.telematik_id
        return asdict(register.course(resolver, caller, transfer, requester=wanted))


def _add_directory(app: FastAPI, resolver: Resolver) -> None:
    @app.get("/directory/participants")
    def participants(caller: ByTls) -> list[dict[str, Any]]:
        with resolver.store.work(caller.telematik_id) as work:
            return [asdict(participant) for participant in work.directory.all()]


def _offer_row(offer: Offer) -> dict[str, str]:
    return {
        "offer": offer.offer,
        "sender": offer.sender,
        "receiver": offer.receiver,
        "link": offer.link,
        "made": offer.made.isoformat(),
    }


async def _in_thread(call: Callable[[], None]) -> None:
    from starlette.concurrency import run_in_threadpool

    await run_in_threadpool(call)


async def _limit(request: Request, follow: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse a body by its declared length; without one, none of our clients sends."""
    allowed = PROOF_MAX_BYTES if request.url.path == "/ledger/receipts" else JSON_MAX_BYTES
    declared = request.headers.get("content-length", "0")
    chunked = "transfer-encoding" in request.headers
    if chunked or not declared.isdecimal() or int(declared) > allowed:
        return Response(status_code=413)
    return await follow(request)


async def _malformed(request: Request, _: Exception) -> Response:
    """What is wrong is not repeated: a body may hold a token."""
    return await _problem(request, MessageFault("request"))


async def _problem(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, Fault)
    trace_id = str(uuid4())
    answer = problem(fault, trace_id)
    _log.info("answered with a problem", code=fault.code, status=answer.status, trace_id=trace_id)
    return Response(answer.content, answer.status, headers=answer.headers, media_type=MEDIA_TYPE)
