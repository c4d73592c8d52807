"""An origin's node, opened with a grant: WADO-RS over TLS with both certificates, and two small requests beside it.

Its desk, which takes requests for a release, is opened without one.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from uuid import UUID

from linkexchange.dicomweb.connection import IDLE_SECONDS, Connection, Faults
from linkexchange.dicomweb.release_requests import MEDIA_TYPE as REQUEST_TYPE
from linkexchange.dicomweb.requests import with_subsets
from linkexchange.dicomweb.routed import Routes
from linkexchange.errors import (
    Fault,
    GrantRefused,
    LinkWithdrawn,
    MessageFault,
    OriginPacsBusy,
    OriginPacsRejectsNode,
    OriginPacsUnavailable,
    OriginUnavailable,
    RequestsFull,
    Revoked,
    TransferInterrupted,
    UnknownRequest,
    UnknownTransfer,
)
from linkexchange.model.identifiers import LinkId, Sha256, SopInstanceUid
from linkexchange.model.link import Document, MediaType
from linkexchange.model.participant import Participant
from linkexchange.model.release_request import REASON_MAX_CHARACTERS
from linkexchange.model.released import Answered, Standing
from linkexchange.model.request import one_line
from linkexchange.model.study import Manifest
from linkexchange.ports import Brake, IncomingInstance, Told

DOCUMENT_MAX_BYTES = 64 * 1024 * 1024
_DIGESTS_MAX_BYTES = 16 * 1024 * 1024
_ANSWER_MAX_BYTES = 64 * 1024
NEWER_MAX = 1_000_000
_AFTER_MAX_SECONDS = 15 * 60
_WORD = re.compile(r"[A-Za-z0-9-]{1,64}")


class OriginNodeClient:
    """`ports.OriginNode` at the address that the directory has for a participant.

    `context` carries the certificate that the grant is bound to. `idle_seconds` limits silence, never the whole. With
    `routes` it may be reached through the relay as well. `vet` as in `Wire`.
    """

    def __init__(
        self,
        participant: Participant,
        grant: str,
        context: ssl.SSLContext,
        *,
        idle_seconds: float = IDLE_SECONDS,
        routes: Routes | None = None,
        vet: Callable[[bytes], None] | None = None,
    ) -> None:
        self._url = participant.node_url
        self._grant = grant
        self._context = context
        self._idle_seconds = idle_seconds
        self._routes = routes
        self._vet = vet

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances, as `ports.ImageSource` promises.

        Raises `GrantRefused`, `LinkWithdrawn`, `OriginUnavailable`, `OriginPacsUnavailable`, or `TransferInterrupted`
        when the stream breaks off. A stream that ends well may still have left instances out.
        """
        with self._connection("dicomweb") as origin:
            yield from origin.retrieve(manifest, wanted, brake=brake, paths=with_subsets)

    def document(self, link: LinkId) -> Document:
        """The link document of a release; raises as `retrieve` does, and `UnknownTransfer` where there is none."""
        accept = ", ".join(MediaType)
        with self._connection() as origin:
            answer = origin.read(f"links/{link}/document", accept, max_bytes=DOCUMENT_MAX_BYTES)
        if answer is None:
            raise UnknownTransfer
        content, media_type = answer
        try:
            return Document(content, MediaType(media_type))
        except ValueError as wrong:
            raise MessageFault("media type of a link document") from wrong

    def told(self, transfer: UUID) -> Told:
        """What the origin says at the end; empty where it says nothing."""
        with self._connection() as origin:
            answer = origin.read(f"transfers/{transfer}/digests", "application/json", max_bytes=_DIGESTS_MAX_BYTES)
        return _told(answer[0]) if answer else Told({})

    def hand_in(self, signed: str) -> None:
        """Hand in a request for a release, as `ports.ReleaseDesk` promises."""
        with self._connection() as origin:
            origin.send("release-requests", signed.encode(), REQUEST_TYPE)

    def answer(self, request: UUID) -> Answered:
        """Where a request for a release stands. Raises `UnknownRequest` where the origin knows none of this number."""
        with self._connection() as origin:
            answer = origin.read(f"release-requests/{request}", "application/json", max_bytes=_ANSWER_MAX_BYTES)
        if answer is None:
            raise UnknownRequest
        return _answered(answer[0])

    def _connection(self, path: str = "") -> Connection:
        # Clear text is never an alternative, whatever the directory says.
        if not self._url.startswith("https://"):
            raise OriginUnavailable("not an https address")
        return Connection(
            f"{self._url.rstrip('/')}/{path}",
            _FAULTS,
            context=self._context,
            headers={"Authorization": f"Bearer {self._grant}"} if self._grant else {},
            idle_seconds=self._idle_seconds,
            routes=self._routes,
            vet=self._vet,
        )


def _told(body: bytes) -> Told:
    try:
        said = json.loads(body)
        digests = {SopInstanceUid(uid): Sha256(digest) for uid, digest in said["digests"].items()}
        return Told(digests, min(max(int(said.get("newer", 0)), 0), NEWER_MAX))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as wrong:
        raise MessageFault("digests") from wrong


def _answered(body: bytes) -> Answered:
    try:
        said = json.loads(body)
        link, expires = said["link"], said["expires"]
        return Answered(
            Standing(said["standing"]),
            one_line(said["refusal"], REASON_MAX_CHARACTERS),
            LinkId(link) if link is not None else None,
            datetime.fromisoformat(expires).astimezone(UTC) if expires is not None else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as wrong:
        raise MessageFault("answer about a release request") from wrong


def _refused(status: int, body: bytes) -> Fault:
    """What an answer other than success means; its problem document is read for two words and never shown."""
    code, trace_id, after_seconds = _problem(body)
    words = f"{code or f'HTTP {status}'}, trace {trace_id}" if trace_id else code or f"HTTP {status}"
    if kind := _KNOWN.get((status, code)):
        return kind(words)
    match status:
        case 401 | 403:
            return GrantRefused(words)
        case 410:
            return LinkWithdrawn(words)
        case 503 if code == OriginPacsBusy.code:
            return OriginPacsBusy(words, after_seconds=after_seconds)
        case 408 | 429:
            return OriginUnavailable(words)
    return OriginUnavailable(words) if status >= 500 else MessageFault(words)


_KNOWN: dict[tuple[int, str], type[Fault]] = {
    (403, OriginPacsRejectsNode.code): OriginPacsRejectsNode,
    (403, Revoked.code): Revoked,
    (503, RequestsFull.code): RequestsFull,
    (503, OriginPacsUnavailable.code): OriginPacsUnavailable,
}


def _problem(body: bytes) -> tuple[str, str, float]:
    """Code, trace id, and after how many seconds it is to be asked again."""
    try:
        problem = json.loads(body)
        words = str(problem["code"]), str(problem["trace_id"])
        after_seconds = min(max(int(problem.get("after_seconds", 0)), 0), _AFTER_MAX_SECONDS)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return "", "", 0
    code, trace_id = (word if _WORD.fullmatch(word) else "" for word in words)
    return code, trace_id, after_seconds


_FAULTS = Faults(unreachable=OriginUnavailable, broken=TransferInterrupted, refused=_refused)
