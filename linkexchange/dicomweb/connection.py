"""One HTTP connection to a DICOMweb service: plain blocking `http.client`, in the thread that wants the bytes.

The public methods let out faults of `errors` only; which ones depends on who is asked, and stands in `Faults`. There is
a time limit on silence and none on the whole, since nobody knows how large a study is. Redirects are never followed: an
address comes from the directory or from the administrator, not from the other side.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

import structlog

from linkexchange.dataset import split_part10
from linkexchange.dicomweb.multipart import DICOM, Part, boundary_of, read_parts
from linkexchange.dicomweb.requests import requests
from linkexchange.errors import Fault, InstanceFault, MessageFault, Unavailable
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.model.study import Manifest
from linkexchange.ports import IncomingInstance

IDLE_SECONDS = 60.0
DICOM_FILES = f'multipart/related; type="{DICOM}"; transfer-syntax=*'

_ANSWERED = frozenset({200, 206})
_NOTHING = frozenset({204, 404})
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

    `url` is the base of the service. Raises `faults.unreachable` when it is no address at all.
    """

    def __init__(
        self,
        url: str,
        faults: Faults,
        *,
        context: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        address = _address(url, faults)
        self._faults = faults
        self._base = address.path.rstrip("/") + "/"
        # Compressing an answer of 600 MB takes Orthanc half a minute before the first byte.
        self._headers = {"Accept-Encoding": "identity", **(headers or {})}
        self._http = _connection(address, context, idle_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid]
    ) -> Generator[IncomingInstance, None, None]:
        """Fetch instances by WADO-RS; each at most once, and only such as are wanted and in the manifest."""
        missing = set(wanted & manifest.uids)
        for path in requests(manifest, wanted):
            with closing(self._instances(path)) as instances:
                for instance in instances:
                    if instance.sop_instance in missing:
                        missing.discard(instance.sop_instance)
                        yield instance

    def read(self, path: str, accept: str, *, max_bytes: int) -> tuple[bytes, str] | None:
        """Fetch a whole body and its Content-Type; None where the service has no such thing.

        Raises `MessageFault` when it is larger than it may be.
        """
        response = self._get(path, accept)
        if response is None:
            return None
        body = self._body(response, max_bytes)
        if len(body) > max_bytes:
            raise MessageFault("answer too large")
        return body, response.headers.get_content_type()

    def _instances(self, path: str) -> Generator[IncomingInstance, None, None]:
        response = self._get(path, DICOM_FILES)
        if response is None:
            return
        with closing(response):
            boundary = boundary_of(response.headers.get("Content-Type", ""))
            stream = _Stream(response, self._faults.broken)
            for part in read_parts(stream.readinto, boundary, broken=self._faults.broken):
                if instance := _instance(part):
                    yield instance
            if not stream.ends():
                self._http.close()

    def _get(self, path: str, accept: str) -> HTTPResponse | None:
        response = self._ask(path, accept)
        if response.status in _ANSWERED:
            return response
        body = self._body(response, _PROBLEM_MAX_BYTES)
        if response.status in _NOTHING:
            return None
        raise self._faults.refused(response.status, body)

    def _ask(self, path: str, accept: str) -> HTTPResponse:
        used_before = self._http.sock is not None
        try:
            self._http.request("GET", self._base + path, headers={**self._headers, "Accept": accept})
            return self._http.getresponse()
        except (OSError, HTTPException) as wrong:
            self._http.close()
            # A server may close a connection that has been idle just when the next request leaves.
            if used_before and not isinstance(wrong, TimeoutError):
                return self._ask(path, accept)
            raise self._faults.unreachable(_reason(wrong)) from wrong

    def _body(self, response: HTTPResponse, max_bytes: int) -> bytes:
        """A whole body; of one that is too large, one byte more than that."""
        with closing(response):
            try:
                body = response.read(max_bytes + 1)
            except (OSError, HTTPException) as wrong:
                raise self._faults.broken(_reason(wrong)) from wrong
            # http.client does not complain when a body ends before its Content-Length.
            if response.length and len(body) <= max_bytes:
                raise self._faults.broken("body ends early")
            if not response.isclosed():
                self._http.close()
        return body


class _Stream:
    """The body of an answer, read as it arrives: each reading takes what is there and waits for no more.

    That is faster than filling whole buffers, and nothing that has arrived is lost when the connection breaks.
    """

    def __init__(self, response: HTTPResponse, broken: type[Unavailable]) -> None:
        self._response = response
        self._broken = broken
        # In Python 3.11, `read1` does not keep account of the Content-Length.
        self._left = response.length

    def readinto(self, buffer: memoryview) -> int:
        """Read once; 0 at the end."""
        wanted = len(buffer) if self._left is None else min(len(buffer), self._left)
        try:
            piece = self._response.read1(wanted) if wanted else b""
        except (OSError, HTTPException) as wrong:
            raise self._broken(_reason(wrong)) from wrong
        if self._left is not None:
            self._left -= len(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def ends(self) -> bool:
        """Whether nothing follows but a line or two: then the connection can be used again."""
        rest = memoryview(bytearray(1024))
        return any(self.readinto(rest) == 0 for _ in range(3))


def _instance(part: Part) -> IncomingInstance | None:
    """Open a part. One that is no DICOM file is left out, lest it keep all others back: it will be found missing."""
    try:
        meta, chunks = split_part10(part.chunks)
    except InstanceFault as fault:
        _log.warning("part is no DICOM file", code=fault.code)
        return None
    return IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)


def _address(url: str, faults: Faults) -> SplitResult:
    try:
        address = urlsplit(url)
        if address.scheme in ("http", "https") and address.hostname and address.port != 0:
            return address
    except ValueError as wrong:
        raise faults.unreachable("not a DICOMweb address") from wrong
    raise faults.unreachable("not a DICOMweb address")


def _connection(address: SplitResult, context: ssl.SSLContext | None, idle_seconds: float) -> HTTPConnection:
    host, port = address.hostname or "", address.port
    if address.scheme == "https":
        return HTTPSConnection(host, port, timeout=idle_seconds, context=context)
    return HTTPConnection(host, port, timeout=idle_seconds)


def _reason(wrong: Exception) -> str:
    """What went wrong below HTTP, in the words of OpenSSL or of the operating system where they have any."""
    words = (getattr(wrong, name, None) for name in ("verify_message", "reason", "strerror"))
    return str(next(filter(None, words), type(wrong).__name__))
