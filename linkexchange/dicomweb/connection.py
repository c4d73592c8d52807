"""One HTTP connection to a DICOMweb service: plain blocking `http.client`, in the thread that wants the bytes.

The public methods let out faults of `errors` only; which ones depends on who is asked, and stands in `Faults`. There is
a time limit on silence and none on the whole, since nobody knows how large a study is. Redirects are never followed: an
address comes from the directory or from the administrator, not from the other side.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from types import MappingProxyType, TracebackType
from typing import Self

import structlog

from linkexchange.dataset import split_part10
from linkexchange.dicomweb.arriving import Arriving
from linkexchange.dicomweb.multipart import DICOM, Part, boundary_of, read_parts
from linkexchange.dicomweb.requests import requests
from linkexchange.dicomweb.routed import RoutedWire, Routes
from linkexchange.dicomweb.wire import Wire, reason, whole
from linkexchange.errors import Fault, InstanceFault, MessageFault, Unavailable
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.model.study import Manifest
from linkexchange.ports import Brake, IncomingInstance

IDLE_SECONDS = 60.0
DICOM_FILES = f'multipart/related; type="{DICOM}"; transfer-syntax=*'

_ANSWERED = frozenset({200, 204, 206})
_NOTHING = frozenset({204, 404})
_TAKEN = frozenset({200, 202, 204})
_NO_MORE_HEADERS: Mapping[str, str] = MappingProxyType({})
_PROBLEM_MAX_BYTES = 64 * 1024

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Faults:
    """How failures of this service are called: no answer, an answer that breaks off, an answer that says no."""

    unreachable: type[Unavailable]
    broken: type[Unavailable]
    refused: Callable[[int, bytes], Fault]


class Connection:
    """A connection that opens with the first request and is used again while the other side keeps it.

    `url` is the base of the service, and with `routes` that of another participant's node. `vet` as in `Wire`. Raises
    `faults.unreachable` when it is no address at all.
    """

    def __init__(
        self,
        url: str,
        faults: Faults,
        *,
        context: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
        idle_seconds: float = IDLE_SECONDS,
        routes: Routes | None = None,
        vet: Callable[[bytes], None] | None = None,
    ) -> None:
        self._faults = faults
        try:
            self._http = _wire(url, context, routes, idle_seconds=idle_seconds, vet=vet)
        except ValueError as wrong:
            raise faults.unreachable("not a DICOMweb address") from wrong
        # Compressing an answer of 600 MB takes Orthanc half a minute before the first byte.
        self._headers = {"Accept-Encoding": "identity", **(headers or {})}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def stop(self) -> None:
        """Free whoever waits for this connection, from any thread."""
        self._http.stop()

    def retrieve(
        self,
        manifest: Manifest,
        wanted: frozenset[SopInstanceUid],
        *,
        brake: Brake | None = None,
        paths: Callable[[Manifest, frozenset[SopInstanceUid]], Iterable[str]] = requests,
    ) -> Generator[IncomingInstance, None, None]:
        """Fetch instances by WADO-RS; each at most once, and only such as are wanted and in the manifest."""
        missing = set(wanted & manifest.uids)
        with (brake or Brake()).stops(self._http.stop):
            for path in paths(manifest, wanted):
                with closing(self._instances(path)) as instances:
                    for instance in instances:
                        if instance.sop_instance in missing:
                            missing.discard(instance.sop_instance)
                            yield instance

    def read(
        self, path: str, accept: str, *, max_bytes: int, absent: frozenset[int] = frozenset({404})
    ) -> tuple[bytes, str] | None:
        """Fetch a whole body and its Content-Type; None where the service has no such thing, and says so by `absent`.

        Raises `MessageFault` when it is larger than it may be.
        """
        response = self._get(path, accept, absent)
        if response is None:
            return None
        body = self._body(response, max_bytes)
        if len(body) > max_bytes:
            raise MessageFault("answer too large")
        return body, response.headers.get_content_type()

    def send(self, path: str, body: bytes, media_type: str) -> None:
        """Hand a small body over by POST, and see that it was taken. It must be safe to repeat."""
        response = self._ask(path, "application/json", body, {"Content-Type": media_type})
        said = self._body(response, _PROBLEM_MAX_BYTES)
        if response.status not in _TAKEN:
            raise self._faults.refused(response.status, said)

    def _instances(self, path: str) -> Generator[IncomingInstance, None, None]:
        response = self._get(path, DICOM_FILES, _NOTHING)
        if response is None:
            return
        with closing(response):
            boundary = boundary_of(response.headers.get("Content-Type", ""))
            body = Arriving(response, self._faults.broken)
            for part in read_parts(body.readinto, boundary, broken=self._faults.broken):
                if instance := _instance(part):
                    yield instance
            if not body.ends():
                self._http.close()

    def _get(self, path: str, accept: str, absent: frozenset[int]) -> HTTPResponse | None:
        response = self._ask(path, accept)
        if response.status in _ANSWERED - absent:
            return response
        body = self._body(response, _PROBLEM_MAX_BYTES)
        if response.status in absent:
            return None
        raise self._faults.refused(response.status, body)

    def _ask(
        self, path: str, accept: str, body: bytes | None = None, headers: Mapping[str, str] = _NO_MORE_HEADERS
    ) -> HTTPResponse:
        used_before = self._http.sock is not None
        method, said = "GET" if body is None else "POST", {**self._headers, "Accept": accept, **headers}
        try:
            self._http.request(method, self._http.base + path, body, headers=said)
            return self._http.getresponse()
        except (OSError, HTTPException) as wrong:
            self._http.close()
            # A server may close a connection that has been idle just when the next request leaves.
            if used_before and not isinstance(wrong, TimeoutError):
                return self._ask(path, accept, body, headers)
            raise self._faults.unreachable(reason(wrong)) from wrong

    def _body(self, response: HTTPResponse, max_bytes: int) -> bytes:
        """A whole body; of one that is too large, one byte more than that."""
        with closing(response):
            try:
                body = whole(response, max_bytes)
            except (OSError, HTTPException) as wrong:
                raise self._faults.broken(reason(wrong)) from wrong
            if not response.isclosed():
                self._http.close()
        return body


def _wire(
    url: str,
    context: ssl.SSLContext | None,
    routes: Routes | None,
    *,
    idle_seconds: float,
    vet: Callable[[bytes], None] | None,
) -> Wire:
    if routes and context:
        return RoutedWire(url, routes, context=context, idle_seconds=idle_seconds, vet=vet)
    return Wire(url, context=context, idle_seconds=idle_seconds, vet=vet)


def _instance(part: Part) -> IncomingInstance | None:
    """Open a part. One that is no DICOM file is left out, lest it keep all others back: it will be found missing."""
    try:
        meta, chunks = split_part10(part.chunks)
    except InstanceFault as fault:
        _log.warning("part is no DICOM file", code=fault.code)
        return None
    return IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)
