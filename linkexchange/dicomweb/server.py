"""The routes of a node as an origin, all of them for other nodes over TLS with both certificates.

`/dicomweb/studies/…` is WADO-RS (PS3.18 section 10.4) with a grant as bearer token, bound to the client's certificate
(RFC 8705). The link document of a release needs the grant too; the digests of a transfer need the certificate only,
and go to the participant they were sent to.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import PlainValidator

from linkexchange.dicomweb.serving import Body, Serve
from linkexchange.dicomweb.stream import MultipartStream, problem_response
from linkexchange.errors import Fault, GrantRefused, IdentityRefused, MessageFault, UnknownStudy
from linkexchange.listener import client_certificate
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import LinkId, SeriesUid, SopInstanceUid, StudyUid, TelematikId
from linkexchange.signing import TOKEN_MAX_BYTES, thumbprint
from linkexchange.tls import participant_uri

THREADS = 32

Study = Annotated[StudyUid, PlainValidator(StudyUid, json_schema_input_type=str)]
Series = Annotated[SeriesUid, PlainValidator(SeriesUid, json_schema_input_type=str)]
Instance = Annotated[SopInstanceUid, PlainValidator(SopInstanceUid, json_schema_input_type=str)]
Link = Annotated[LinkId, PlainValidator(LinkId, json_schema_input_type=str)]


def application(serve: Serve, *, threads: int = THREADS) -> FastAPI:
    """The whole application of an origin's mTLS port. It describes itself to nobody."""
    app = FastAPI(openapi_url=None)
    app.include_router(router(serve, threads=threads))
    return app


def router(serve: Serve, *, threads: int = THREADS) -> APIRouter:
    """The routes over one origin. At most `threads` answers wait for the PACS at the same time."""
    routes = _Routes(serve, CapacityLimiter(threads))
    router = APIRouter(route_class=ProblemRoute)
    study = "/dicomweb/studies/{study}"
    router.get(study)(routes.study)
    router.get(study + "/series/{series}")(routes.series)
    router.get(study + "/series/{series}/instances/{instance}")(routes.instance)
    router.get("/links/{link}/document")(routes.document)
    router.get("/transfers/{transfer}/digests")(routes.digests)
    return router


class ProblemRoute(APIRoute):
    """A route that answers a fault with a problem document, and a malformed identifier without repeating it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's own."""
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await answer(request)
            except Fault as fault:
                return problem_response(fault)
            except RequestValidationError:
                return problem_response(MessageFault("identifier in the path"))

        return guarded


class _Routes:
    def __init__(self, serve: Serve, limiter: CapacityLimiter) -> None:
        self._serve = serve
        self._limiter = limiter

    def study(self, request: Request, study: Study) -> Response:
        return self._stream(Body(self._serve, self._grant(request, study)))

    def series(self, request: Request, study: Study, series: Series) -> Response:
        return self._stream(Body(self._serve, self._grant(request, study), series))

    def instance(self, request: Request, study: Study, series: Series, instance: Instance) -> Response:
        return self._stream(Body(self._serve, self._grant(request, study), series, frozenset({instance})))

    def document(self, request: Request, link: Link) -> Response:
        document = self._serve.document(self._admit(request), link)
        return Response(document.content, media_type=document.media_type)

    def digests(self, request: Request, transfer: UUID) -> Response:
        digests = self._serve.digests(transfer, _participant(request))
        return JSONResponse({"transfer": str(transfer), "sha256": dict(digests)})

    def _stream(self, body: Body) -> Response:
        return MultipartStream(body, self._limiter)

    def _grant(self, request: Request, study: StudyUid) -> Grant:
        """The grant of a request for this study. Another study is as good as one that does not exist."""
        grant = self._admit(request)
        if grant.study != study:
            raise UnknownStudy
        return grant

    def _admit(self, request: Request) -> Grant:
        certificate = client_certificate(request.scope)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_MAX_BYTES:
            raise GrantRefused("no bearer token")
        return self._serve.admit(token.strip(), thumbprint(certificate))


def _participant(request: Request) -> TelematikId:
    uri = participant_uri(client_certificate(request.scope), TelematikId.urn)
    try:
        return TelematikId.from_uri(uri)
    except ValueError as wrong:
        raise IdentityRefused("participant in certificate") from wrong
