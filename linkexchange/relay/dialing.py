"""A node's way to the relay: both ends of it, plain blocking sockets in the thread that wants them.

`Caller` is the requester's end, `Standing` the origin's. Both give out the bare socket of a stream, on which the nodes'
own TLS begins.
"""

from __future__ import annotations

import errno
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TypeAlias

import structlog

from linkexchange.errors import MessageFault, RelayUnavailable
from linkexchange.model.identifiers import TelematikId
from linkexchange.relay.words import Call, Go, Lines, No, Ping, Pong, Wait, Why, Word, line_of

_SAY_SECONDS = 10.0
_CALL_SECONDS = 20.0
"""Longer than the relay lets a call queue, so that its word is heard."""
_SILENCE_SECONDS = 60.0
"""A relay that waits asks three times as often whether its nodes are there."""
_PAUSE_SECONDS, _PAUSES_MAX = 0.1, 6
_END_SECONDS = 2.0
_READ_BYTES = 1 << 10
LINES = 4
"""So many wait at each relay: one that is called is followed by another, within two round trips or so."""
_log = structlog.get_logger(__name__)

Place: TypeAlias = tuple[str, int]
Watch = Callable[[socket.socket], socket.socket]
"""Is given each socket before it waits for anything, so that another thread can shut it down. May raise OSError."""


class RelaySaysNo(OSError):
    """The relay does not join this node to another; `why` is its word."""

    def __init__(self, why: Why) -> None:
        super().__init__(errno.ECONNREFUSED, f"the relay says {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks the relays, one after the other, to be joined to an origin."""

    places: Sequence[Place]
    context: ssl.SSLContext

    def __call__(self, origin: TelematikId, watch: Watch) -> socket.socket:
        """A stream to this participant's node.

        Raises `RelaySaysNo` where a relay is well and the origin is not there, and `RelayUnavailable` where none is.
        """
        failed: list[OSError] = []
        for place in self.places:
            try:
                return watch(_bare(_connected(place, self.context, watch), Call(origin), _CALL_SECONDS))
            except OSError as wrong:
                failed.append(wrong)
        for no in failed:
            if isinstance(no, RelaySaysNo) and no.why is Why.ABSENT:
                raise no
        raise RelayUnavailable("; ".join(map(_reason, failed)))


class Standing:
    """Lets lines wait at each relay, and gives each stream that comes of them to `take`, from threads of its own.

    `context` is asked for each line: certificates are renewed.
    """

    def __init__(self, places: Sequence[Place], context: Callable[[], ssl.SSLContext], lines: int = LINES) -> None:
        self._context = context
        self._spots = [place for place in places for _ in range(lines)]
        self._ended = Event()
        self._sockets: dict[int, socket.socket] = {}

    @contextmanager
    def waiting(self, take: Callable[[socket.socket], None]) -> Iterator[None]:
        """Do so as long as the block lasts; streams that have come go on after it."""
        threads = [
            Thread(target=self._stand, args=(spot, place, take), name="relay", daemon=True)
            for spot, place in enumerate(self._spots)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for sock in list(self._sockets.values()):
                hang_up(sock)
            deadline = time.monotonic() + _END_SECONDS
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _stand(self, spot: int, place: Place, take: Callable[[socket.socket], None]) -> None:
        failed = 0
        while not self._ended.is_set():
            try:
                stream = self._awaited(spot, place)
            except OSError as wrong:
                failed = min(failed + 1, _PAUSES_MAX)
                tell = _log.warning if failed == _PAUSES_MAX else _log.info
                tell("no relay", place=f"{place[0]}:{place[1]}", reason=_reason(wrong))
                # Nodes that have lost the same relay at once do not all come back at once.
                self._ended.wait(_PAUSE_SECONDS * 2**failed * random.uniform(0.5, 1.0))  # noqa: S311
            else:
                failed = 0
                take(stream)

    def _awaited(self, spot: int, place: Place) -> socket.socket:
        """The stream that comes of one line. Raises OSError, also where the block has ended."""

        def watch(sock: socket.socket) -> socket.socket:
            self._sockets[spot] = sock
            if self._ended.is_set():
                raise ConnectionAbortedError(0, "ended")
            return sock

        try:
            return _bare(_connected(place, self._context(), watch), Wait(), _SILENCE_SECONDS)
        finally:
            self._sockets.pop(spot, None)


def _reason(wrong: OSError) -> str:
    return getattr(wrong, "verify_message", "") or wrong.strerror or type(wrong).__name__


def hang_up(sock: socket.socket) -> None:
    """Wake whoever waits for this socket. An SSLSocket's own shutdown would go on without encryption first."""
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _connected(place: Place, context: ssl.SSLContext, watch: Watch) -> ssl.SSLSocket:
    """With TLS, at the first address that answers."""
    try:
        found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
    except UnicodeError as wrong:
        raise OSError(0, "no host name") from wrong
    for number, (family, kind, protocol, _, address) in enumerate(found, start=1):
        plain = socket.socket(family, kind, protocol)
        try:
            watch(plain).settimeout(_SAY_SECONDS)
            plain.connect(address)
        except OSError:
            plain.close()
            if number == len(found):
                raise
        else:
            return _secured(plain, context, place[0], watch)
    raise OSError(0, "no address")


def _secured(plain: socket.socket, context: ssl.SSLContext, host: str, watch: Watch) -> ssl.SSLSocket:
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    secured = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    try:
        watch(secured)
        secured.do_handshake()
    except OSError:
        secured.close()
        raise
    return secured


def _bare(secured: ssl.SSLSocket, word: Word, patience_seconds: float) -> socket.socket:
    """Say a word, wait for `go`, end TLS. Raises OSError."""
    try:
        secured.sendall(line_of(word))
        secured.settimeout(patience_seconds)
        _until_go(secured)
        secured.settimeout(_SAY_SECONDS)
        secured.unwrap()
        bare = socket.socket(fileno=secured.detach())
        bare.setblocking(True)
    except MessageFault as wrong:
        secured.close()
        raise ConnectionAbortedError(errno.EPROTO, "this is no relay") from wrong
    except BaseException:
        secured.close()
        raise
    return bare


def _until_go(secured: ssl.SSLSocket) -> None:
    lines = Lines()
    while said := secured.recv(_READ_BYTES):
        for word in lines.take(said):
            match word:
                case Go():
                    return
                case Ping():
                    secured.sendall(line_of(Pong()))
                case No(why):
                    raise RelaySaysNo(why)
                case _:
                    raise MessageFault("a word of the relay")
    raise ConnectionAbortedError(0, "the relay has ended")
