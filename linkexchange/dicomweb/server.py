"""The routes of a node as an origin, all of them for other nodes over TLS with both certificates.

`/dicomweb/studies/…` is WADO-RS (PS3.18 section 10.4) with a grant as bearer token, bound to the client's certificate
(RFC 8705). The link document of a release needs the grant too; the digests of a transfer need the certificate only,
and go to the participant they were sent to. What only C-MOVE can bring, `/own/…`, is for the node's own processes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, unquote
from uuid import UUID, uuid4

import structlog

from linkexchange.dicomweb.multipart import content_type
from linkexchange.dicomweb.own_body import Fetch, OwnBody, Place
from linkexchange.dicomweb.release_requests import RequestRoutes, TakesRequests, participant_of
from linkexchange.dicomweb.requests import SUBSET
from linkexchange.dicomweb.serving import Body, Serve
from linkexchange.errors import Fault, GrantRefused, IdentityRefused, MessageFault, UnknownStudy
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import LinkId, SeriesUid, SopInstanceUid, StudyUid, TelematikId
from linkexchange.model.subset import Subset
from linkexchange.ports import Brake
from linkexchange.problem import MEDIA_TYPE, problem
from linkexchange.signing import TOKEN_MAX_BYTES, thumbprint
from linkexchange.threaded import Answer, Answering, Request

_FIELDS_MAX = 8
_log = structlog.get_logger(__name__)


class Streamed(Protocol):
    """A body that is made chunk by chunk. `name` stands for it in the log."""

    @property
    def name(self) -> str:
        """Whose it is."""
        ...

    @property
    def boundary(self) -> bytes:
        """Of its parts."""
        ...

    def chunks(self, brake: Brake) -> Generator[bytes, None, None]:
        """Yield it; closing it ends whatever it comes from, and so does the brake, from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class _Route:
    """Where an answer is found: a path whose groups are identifiers of these kinds."""

    path: re.Pattern[str]
    kinds: Sequence[Callable[[str], object]]
    answer: Callable[..., Answer]
    method: str = "GET"

    @classmethod
    def at(cls, path: str, *kinds: Callable[[str], object], answer: Callable[..., Answer], method: str = "GET") -> Self:
        """The identifiers stand in braces, which are for the reader."""
        return cls(re.compile(re.sub(r"{\w+}", "([^/]+)", path)), kinds, answer, method)


def application(
    serve: Serve, me: TelematikId, fetch: Fetch | None = None, desk: TakesRequests | None = None
) -> Answering:
    """All routes over one origin; with `fetch` also that for this node's own processes. Faults become problems.

    With `desk`, requests for a release are taken in.
    """
    origin = _Origin(serve)
    study, within = "/studies/{study}", "/series/{series}"
    one = study + within + "/instances/{instance}"
    routes = [
        _Route.at("/dicomweb" + study, StudyUid, answer=origin.study),
        _Route.at("/dicomweb" + study + within, StudyUid, SeriesUid, answer=origin.series),
        _Route.at("/dicomweb" + one, StudyUid, SeriesUid, SopInstanceUid, answer=origin.instance),
        _Route.at("/links/{link}/document", LinkId, answer=origin.document),
        _Route.at("/transfers/{transfer}/digests", UUID, answer=origin.digests),
    ]
    if desk:
        asked = RequestRoutes(desk, origin.caller)
        routes.append(_Route.at("/release-requests", answer=asked.hand_in, method="POST"))
        routes.append(_Route.at("/release-requests/{request}", UUID, answer=asked.answer))
    if fetch:
        own = _Own(fetch, me, origin.caller)
        routes.append(_Route.at("/own/{pacs}" + one, str, StudyUid, SeriesUid, SopInstanceUid, answer=own.instance))

    def answering(request: Request, brake: Brake) -> Answer:
        try:
            return _answer(routes, request, brake)
        except Fault as fault:
            return problem_answer(fault)

    return answering


def problem_answer(fault: Fault) -> Answer:
    """A fault as problem document, logged under the trace id that it names."""
    trace_id = str(uuid4())
    told = problem(fault, trace_id)
    _log.info("answered with a problem", code=fault.code, detail=fault.detail, trace_id=trace_id)
    return Answer(told.status, {**told.headers, "content-type": MEDIA_TYPE}, told.content)


@dataclass(frozen=True, slots=True)
class _Origin:
    serve: Serve

    def study(self, request: Request, brake: Brake, study: StudyUid) -> Answer:
        return _stream(Body(self.serve, self._grant(request, study)), brake)

    def series(self, request: Request, brake: Brake, study: StudyUid, series: SeriesUid) -> Answer:
        return _stream(Body(self.serve, self._grant(request, study), series, _subset(request)), brake)

    def instance(
        self, request: Request, brake: Brake, study: StudyUid, series: SeriesUid, instance: SopInstanceUid
    ) -> Answer:
        return _stream(Body(self.serve, self._grant(request, study), series, frozenset({instance})), brake)

    def document(self, request: Request, _: Brake, link: LinkId) -> Answer:
        document = self.serve.document(self._admit(request), link)
        return Answer(200, {"content-type": document.media_type}, document.content)

    def digests(self, request: Request, _: Brake, transfer: UUID) -> Answer:
        told = self.serve.told(transfer, self.caller(request))
        said = json.dumps({"transfer": str(transfer), "digests": dict(told.digests), "newer": told.newer})
        return Answer(200, {"content-type": "application/json"}, said.encode())

    def caller(self, request: Request) -> TelematikId:
        """Who asks for what needs no grant. Raises `IdentityRefused` and `Revoked`."""
        caller = participant_of(request)
        self.serve.vet(caller, thumbprint(request.certificate))
        return caller

    def _grant(self, request: Request, study: StudyUid) -> Grant:
        """The grant of a request for this study. Another study is as good as one that does not exist."""
        grant = self._admit(request)
        if grant.study != study:
            raise UnknownStudy
        return grant

    def _admit(self, request: Request) -> Grant:
        if not request.certificate:
            raise IdentityRefused("no client certificate")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_MAX_BYTES:
            raise GrantRefused("no bearer token")
        return self.serve.admit(token.strip(), thumbprint(request.certificate))


@dataclass(frozen=True, slots=True)
class _Own:
    """The route at which this process passes on instances of the own PACS, for whoever shows a certificate of `me`."""

    fetch: Fetch
    me: TelematikId
    caller: Callable[[Request], TelematikId]

    def instance(self, request: Request, brake: Brake, *place: Any) -> Answer:
        if self.caller(request) != self.me:
            raise IdentityRefused("not this node")
        return _stream(OwnBody(self.fetch, Place(*place)), brake)


def _answer(routes: Sequence[_Route], request: Request, brake: Brake) -> Answer:
    path = request.path.partition("?")[0]
    for route in routes:
        if (found := route.path.fullmatch(path)) and route.method == request.method:
            return route.answer(request, brake, *_read(route.kinds, [unquote(text) for text in found.groups()]))
    return Answer(405 if any(route.path.fullmatch(path) for route in routes) else 404)


def _subset(request: Request) -> Subset | None:
    """Which instances of a series are wanted, where the query says so."""
    try:
        asked = parse_qs(request.path.partition("?")[2], max_num_fields=_FIELDS_MAX).get(SUBSET)
        return Subset.from_text(asked[0]) if asked else None
    except ValueError as wrong:
        raise MessageFault("instances in the query") from wrong


def _read(kinds: Sequence[Callable[[str], object]], texts: Sequence[str]) -> list[object]:
    try:
        return [kind(text) for kind, text in zip(kinds, texts, strict=True)]
    except ValueError as wrong:
        raise MessageFault("identifier in the path") from wrong


def _stream(body: Streamed, brake: Brake) -> Answer:
    """The answer begins when its first chunk is there: until then a fault is an answer of its own."""
    chunks = body.chunks(brake)
    try:
        first = next(chunks, b"")
    except BaseException:
        chunks.close()
        raise
    return Answer(200, {"content-type": content_type(body.boundary)}, _after(first, chunks), body.name)


def _after(first: bytes, chunks: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    try:
        yield first
        yield from chunks
    finally:
        chunks.close()
