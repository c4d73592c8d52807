"""One connection: requests come one after the other, each is answered before the next is read.

The format of HTTP/1.1 (RFC 9112) is left to h11. What is added here are limits: on the size of a head, on the time that
one may take to arrive, and on the time that a client may take nothing of an answer.
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import h11
import structlog

from linkexchange.bugs import described
from linkexchange.errors import Fault
from linkexchange.ports import Brake
from linkexchange.threaded.gone import Gone
from linkexchange.threaded.message import Answer, Answering, Request

_HEAD_MAX_BYTES = 32 << 10
_READ_BYTES = 64 << 10
BODY_MAX_BYTES = 32 << 10
"""A body is a signed request of a page at most; it may take as long as a head."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a client may take, in seconds: for its TLS handshake, for a head, between requests, to take a block.

    `between` is longer than a destination needs for one large instance, so that whoever asks instance by instance keeps
    its connection.
    """

    handshake: float = 10.0
    head: float = 10.0
    between: float = 75.0
    stalled: float = 120.0


DEFAULT_LIMITS = Limits()


class Connection:
    """`run` answers until the client has gone, or `end` was called from another thread."""

    def __init__(self, sock: socket.socket, certificate: bytes, limits: Limits) -> None:
        self._sock = sock
        self._certificate = certificate
        self._limits = limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_MAX_BYTES)
        self._ending = False
        self._idle = False

    def run(self, answering: Answering, gone: Gone) -> None:
        """Answer request after request. Raises OSError when the connection breaks."""
        try:
            while (request := self._request()) is not None:
                with gone.watching(self._sock.fileno()) as brake:
                    self._answer(request, answering, brake)
                if self._ending or self._http.our_state is not h11.DONE:
                    return
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as wrong:
            self._refuse(wrong.error_status_hint)

    def end(self) -> None:
        """No more requests: an idle client is dropped at once, since it reads nothing. From any thread."""
        self._ending = True
        if self._idle:
            self._hang_up()

    def _hang_up(self) -> None:
        """Wake whoever waits for this socket. An SSLSocket's own shutdown would go on without encryption first."""
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def _request(self) -> Request | None:
        """The next request; None where the client has none. Raises `h11.RemoteProtocolError`, OSError."""
        head = self._next()
        if not isinstance(head, h11.Request):
            return None
        if head.method not in {b"GET", b"POST"}:
            raise h11.RemoteProtocolError("only GET and POST", error_status_hint=405)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        body = self._body(headers, BODY_MAX_BYTES if head.method == b"POST" else 0)
        return Request(head.target.decode("latin-1"), headers, self._certificate, head.method.decode(), body)

    def _body(self, headers: Mapping[str, str], most: int) -> bytes:
        """Of a declared length, and not longer. Raises `h11.RemoteProtocolError`."""
        declared = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not declared.isdecimal() or int(declared) > most:
            raise h11.RemoteProtocolError("a body that is too large", error_status_hint=413)
        body, deadline = b"", monotonic() + self._limits.head
        while isinstance(event := self._next(deadline), h11.Data):
            body += event.data
        if not isinstance(event, h11.EndOfMessage):
            raise h11.RemoteProtocolError("a body that breaks off", error_status_hint=400)
        return body

    def _next(self, deadline: float | None = None) -> object:
        """The next event. The first byte may take long, the rest of a head may not; a body has its own deadline."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            first = deadline is None and self._http.trailing_data[0] == b""
            deadline = deadline or monotonic() + (self._limits.between if first else self._limits.head)
            self._http.receive_data(self._read(deadline, idle=first))
            deadline = monotonic() + self._limits.head if first else deadline
        return event

    def _read(self, deadline: float, *, idle: bool) -> bytes:
        self._sock.settimeout(max(0.001, deadline - monotonic()))
        self._idle = idle
        if self._ending:
            return b""
        try:
            return self._sock.recv(_READ_BYTES)
        finally:
            self._idle = False

    def _answer(self, request: Request, answering: Answering, brake: Brake) -> None:
        self._sock.settimeout(self._limits.stalled)
        try:
            answer = answering(request, brake)
        except Exception as bug:
            _log.error("unexpected error", **described(bug))
            answer = Answer(500)
        if isinstance(answer.body, bytes):
            self._begin(answer, [("content-length", str(len(answer.body)))])
            self._write(h11.Data(answer.body))
            self._write(h11.EndOfMessage())
        else:
            self._stream(answer, answer.body, brake)

    def _stream(self, answer: Answer, body: Generator[bytes, None, None], brake: Brake) -> None:
        """Block by block. After a fault the body has no end, so that nobody takes what has arrived for the whole."""
        try:
            with brake.stops(self._hang_up):
                self._begin(answer, [("transfer-encoding", "chunked")])
                for block in body:
                    self._write(h11.Data(block))
                self._write(h11.EndOfMessage())
        except (Fault, OSError) as broken:
            code = "client gone" if brake.pulled else getattr(broken, "code", "stalled")
            _log.warning("answer broken off", code=code, answer=answer.name)
            self._http.send_failed()
        except Exception as bug:
            _log.error("unexpected error", **described(bug))
            self._http.send_failed()
        finally:
            body.close()

    def _begin(self, answer: Answer, framing: list[tuple[str, str]]) -> None:
        closing = [("connection", "close")] if self._ending else []
        self._write(h11.Response(status_code=answer.status, headers=[*answer.headers.items(), *framing, *closing]))

    def _refuse(self, status: int) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._sock.settimeout(self._limits.head)
            self._begin(Answer(status), [("content-length", "0"), ("connection", "close")])
            self._write(h11.EndOfMessage())

    def _write(self, event: h11.Event) -> None:
        for piece in self._http.send_with_data_passthrough(event) or ():
            self._sock.sendall(piece)
