"""Who may connect to a listener, and how long somebody may take to say what he wants.

    place = Place.at(host, port, Peers())      accept() gives out only connections that may stay

1. One address has at most `per_peer` connections: one more is closed at once, before any TLS. All together have at most
   `in_all`: then the oldest of whichever address has most makes room for one that has clearly fewer.
2. A TLS handshake ends within `HANDSHAKE_SECONDS`, the head of a request within `HEAD_SECONDS` of its first byte, or of
   the handshake.
3. A head has at most `HEAD_MAX_BYTES` and `FIELDS_MAX` fields. Beyond that the answer is 431.
4. Whoever is connected is served before those who have just come shake hands, and these one by one.
"""

from __future__ import annotations

import asyncio
import secrets
import selectors
import socket
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import Any, Self, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HANDSHAKE_SECONDS = 10.0
HEAD_SECONDS = 10.0
HEAD_MAX_BYTES = 32 << 10
FIELDS_MAX = 100
PATIENCE_SECONDS = 0.02
"""So long newcomers wait for those who are connected."""
TLS_BUFFER_BYTES = 64 << 10
"""Of each connection; asyncio's own is 256 KiB, whatever the connection does."""
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Peers:
    """Knows the connections of each address. It may be asked from any thread."""

    def __init__(self, *, per_peer: int = 64, in_all: int = 512) -> None:
        self._per_peer, self._in_all = per_peer, in_all
        self._of: dict[str, dict[object, Callable[[], object]]] = {}
        self._lock = Lock()

    def admit(self, address: str, hang_up: Callable[[], object]) -> Callable[[], None] | None:
        """Count one more connection, if there may be one; what is returned is called when it has ended."""
        ticket, crowded = object(), None
        with self._lock:
            held = len(self._of.get(address, {}))
            if sum(map(len, self._of.values())) >= self._in_all:
                crowded = self._crowded_out(held)
            admitted = held < self._per_peer and sum(map(len, self._of.values())) < self._in_all
            if admitted:
                self._of.setdefault(address, {})[ticket] = hang_up
        if crowded:
            with suppress(OSError):
                crowded()
        return partial(self._leave, address, ticket) if admitted else None

    def _crowded_out(self, held: int) -> Callable[[], object] | None:
        """The oldest connection of the address that has most, where that has clearly more than `held`."""
        most = max(self._of.values(), key=len)
        return most.pop(next(iter(most))) if len(most) > held + 1 else None

    def _leave(self, address: str, ticket: object) -> None:
        with self._lock:
            mine = self._of.get(address, {})
            mine.pop(ticket, None)
            if not mine:
                self._of.pop(address, None)


class Place(socket.socket):
    """A listening socket that gives out only connections that may stay, and one of them in a turn of an event loop."""

    peers: Peers
    newcomers: set[int]
    _has_had_its_turn = False

    @classmethod
    def at(cls, host: str, port: int, peers: Peers, *, shared: bool = False) -> Self:
        """Bound, not yet listening; `shared`: other processes of this user listen here too."""
        family, kind, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        place = cls(family, kind)
        place.peers, place.newcomers = peers, set()
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
        """The next connection; raises ConnectionAbortedError, which event loops pass over, where it may not stay.

        Raises BlockingIOError after each, so that an event loop turns to others first.
        """
        self._has_had_its_turn = not self._has_had_its_turn
        if not self._has_had_its_turn:
            raise BlockingIOError
        sock, address = super().accept()
        visit = _Visit.of(sock)
        ended = self.peers.admit(address[0], partial(visit.shutdown, socket.SHUT_RDWR))
        if not ended:
            visit.close()
            raise ConnectionAbortedError("too many connections")
        visit.ended, visit.newcomers = ended, self.newcomers
        self.newcomers.add(visit.fileno())
        return visit, address


class _Visit(socket.socket):
    """A connection that says when it has ended."""

    ended: Callable[[], None] | None = None
    newcomers: set[int]

    @classmethod
    def of(cls, sock: socket.socket) -> Self:
        return cls(sock.family, sock.type, sock.proto, fileno=sock.detach())

    def close(self) -> None:
        if self.ended:
            self.newcomers.discard(self.fileno())
        super().close()
        ended, self.ended = self.ended, None
        if ended:
            ended()


class Turns(selectors.DefaultSelector):
    """Says of whoever is connected that he is ready, and of one newcomer in a turn in which nobody else is.

    Handshakes take long, and a crowd of them would otherwise be served in one turn. Newcomers wait for the others no
    longer than `PATIENCE_SECONDS`. Which of them is next chance decides, so none can stand in the way of the rest;
    whoever is passed over is still ready in the next turn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.newcomers: set[int] = set()
        self._served = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As a selector does."""
        ready = super().select(timeout)
        new = [it for it in ready if it[0].fd in self.newcomers]
        if not new:
            return ready
        others, now = [it for it in ready if it[0].fd not in self.newcomers], time.monotonic()
        if others and now < self._served + PATIENCE_SECONDS:
            return others
        self._served = now
        return [*others, secrets.choice(new)]


class Loop(asyncio.SelectorEventLoop):
    """An event loop that waits for a TLS handshake no longer than `HANDSHAKE_SECONDS`, and holds less for each."""

    def __init__(self) -> None:
        turns = Turns()
        super().__init__(turns)
        self.newcomers = turns.newcomers

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As asyncio's own."""
        SSLProtocol.max_size = TLS_BUFFER_BYTES
        if isinstance(place := options.get("sock"), Place):
            place.newcomers = self.newcomers
            place.newcomers.add(place.fileno())
        if options.get("ssl"):
            options["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
        return await super().create_server(*args, **options)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, which has no limit for a head of its own."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The time begins with the connection."""
        super().connection_made(transport)
        cast("Loop", self.loop).newcomers.discard(transport.get_extra_info("socket").fileno())
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
