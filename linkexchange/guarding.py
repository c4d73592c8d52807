"""Who may connect to a listener, and how long somebody may take to say what he wants.

    place = Place.at(host, port, Peers())      accept() gives out only connections that may stay

1. One address has at most `per_peer` connections, and all together have `in_all`: one more is closed at once, before
   any TLS.
2. A TLS handshake ends within `HANDSHAKE_SECONDS`, the head of a request within `HEAD_SECONDS` of its first byte, or of
   the handshake.
3. A head has at most `HEAD_MAX_BYTES` and `FIELDS_MAX` fields. Beyond that the answer is 431.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Any, Self

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HANDSHAKE_SECONDS = 10.0
HEAD_SECONDS = 10.0
HEAD_MAX_BYTES = 32 << 10
FIELDS_MAX = 100
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Peers:
    """Counts connections by address. It may be asked from any thread."""

    def __init__(self, *, per_peer: int = 128, in_all: int = 768) -> None:
        self._per_peer, self._in_all = per_peer, in_all
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def admit(self, address: str) -> bool:
        """Count one more connection of this address, if it may have one."""
        with self._lock:
            if self._counts[address] >= self._per_peer or self._counts.total() >= self._in_all:
                return False
            self._counts[address] += 1
            return True

    def leave(self, address: str) -> None:
        """One connection of this address has ended."""
        with self._lock:
            self._counts -= Counter({address: 1})


class Place(socket.socket):
    """A listening socket that gives out only connections that may stay."""

    peers: Peers

    @classmethod
    def at(cls, host: str, port: int, peers: Peers, *, shared: bool = False) -> Self:
        """Bound, not yet listening; `shared`: other processes of this user listen here too."""
        family, kind, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        place = cls(family, kind)
        place.peers = peers
        try:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            place.bind((host, port))
        except OSError:
            place.close()
            raise
        return place

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection; raises ConnectionAbortedError, which event loops pass over, where it may not stay."""
        sock, address = super().accept()
        if not self.peers.admit(address[0]):
            sock.close()
            raise ConnectionAbortedError("too many connections")
        return _Visit.of(sock, lambda: self.peers.leave(address[0])), address


class _Visit(socket.socket):
    """A connection that says when it has ended."""

    _ended: Callable[[], None] | None = None

    @classmethod
    def of(cls, sock: socket.socket, ended: Callable[[], None]) -> Self:
        visit = cls(sock.family, sock.type, sock.proto, fileno=sock.detach())
        visit._ended = ended
        return visit

    def close(self) -> None:
        super().close()
        ended, self._ended = self._ended, None
        if ended:
            ended()


class Loop(asyncio.SelectorEventLoop):
    """An event loop that waits for a TLS handshake no longer than `HANDSHAKE_SECONDS`."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As asyncio's own."""
        if options.get("ssl"):
            options["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
        return await super().create_server(*args, **options)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, which has no limit for a head of its own."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The time begins with the connection."""
        super().connection_made(transport)
        self._in_head, self._too_large, self._head_bytes = True, False, 0
        self._head_due: asyncio.TimerHandle | None = None
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that has not ended."""
        if self._head_due is None and self._is_idle():
            self._expect_head()
        within, self._ended = self._in_head, False
        super().data_received(data)
        if within and self._in_head and not self._ended:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_MAX_BYTES and not self.transport.is_closing():
                self._too_large = True
                self.send_400_response("")

    def on_headers_complete(self) -> None:
        """Whoever sends more than is allowed is refused; uvicorn sees to it when this raises."""
        self._head_is_here()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEAD_MAX_BYTES or len(self.headers) > FIELDS_MAX:
            self._too_large = True
            raise ValueError("head")
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes next is a head."""
        super().on_message_complete()
        self._in_head, self._ended, self._head_bytes = True, True, 0

    def send_400_response(self, msg: str) -> None:
        """Say that it was too much, where that was the reason."""
        if not self._too_large:
            super().send_400_response(msg)
            return
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        self._head_due = self.loop.call_later(HEAD_SECONDS, self._late)

    def _head_is_here(self) -> None:
        if self._head_due:
            self._head_due.cancel()
            self._head_due = None

    def _late(self) -> None:
        self._head_due = None
        if self._is_idle():
            self.transport.abort()
