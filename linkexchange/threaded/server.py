"""Accepts connections, gives each a thread, and ends all of them when it is told to."""

from __future__ import annotations

import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from threading import Lock, Thread, current_thread
from time import monotonic

import structlog

from linkexchange.guarding import Peers
from linkexchange.threaded.connection import DEFAULT_LIMITS, Connection, Limits
from linkexchange.threaded.gone import Gone
from linkexchange.threaded.message import Answering

CONNECTIONS_MAX = 256
"""One more is closed at once: its thread would be one too many."""
PER_PEER_MAX = 128
"""Half of them for one address: those of the own processes and of a relay all come from this machine."""
GRACE_SECONDS = 10.0
_BACKLOG = 128
_LOOK_SECONDS = 0.2
_log = structlog.get_logger(__name__)


class Server:
    """Listens from the moment it is made; `run` accepts until `stop`."""

    def __init__(
        self,
        answering: Answering,
        *,
        host: str,
        port: int,
        context: ssl.SSLContext,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._answering = answering
        self._context = context
        self._limits = limits
        self._socket = socket.create_server((host, port), backlog=_BACKLOG)
        self._socket.settimeout(_LOOK_SECONDS)
        self._peers = Peers(per_peer=PER_PEER_MAX, in_all=CONNECTIONS_MAX)
        self._gone = Gone()
        self._ending = False
        self._lock = Lock()
        self._threads: set[Thread] = set()
        self._connections: set[Connection] = set()

    def stop(self) -> None:
        """Let `run` come to its end. From any thread, and from a signal handler: so there is no lock in it."""
        self._ending = True

    def run(self) -> None:
        """Accept until `stop`; then let answers end for `GRACE_SECONDS`, and break off what is left."""
        with closing(self._socket):
            while not self._ending:
                with suppress(TimeoutError):
                    self.take(self._socket.accept()[0])
        self._end_idle()
        self._await(GRACE_SECONDS)
        self._gone.pull()
        self._await(_LOOK_SECONDS)

    def take(self, sock: socket.socket) -> None:
        """Serve a connection that was made elsewhere, as if it had been accepted here. From any thread."""
        full = self._ending or len(self._threads) >= CONNECTIONS_MAX
        ended = None if full else self._peers.admit(_address(sock), lambda: None)
        if not ended:
            _log.warning("no more connections", ending=self._ending, most=CONNECTIONS_MAX, of_one=PER_PEER_MAX)
            sock.close()
            return
        thread = Thread(target=self._live, args=(sock, ended), name="connection", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _live(self, sock: socket.socket, ended: Callable[[], None]) -> None:
        """One connection, in its thread, from the handshake to the end."""
        try:
            with suppress(OSError), closing(self._secured(sock)) as secured:
                connection = Connection(secured, secured.getpeercert(binary_form=True) or b"", self._limits)
                with self._known(connection):
                    connection.run(self._answering, self._gone)
        finally:
            ended()
            with self._lock:
                self._threads.discard(current_thread())

    def _secured(self, sock: socket.socket) -> ssl.SSLSocket:
        """With TLS; the handshake is this thread's matter, so that a slow client keeps nobody else waiting."""
        sock.settimeout(self._limits.handshake)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secured = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        return secured

    @contextmanager
    def _known(self, connection: Connection) -> Iterator[None]:
        with self._lock:
            self._connections.add(connection)
        if self._ending:
            connection.end()
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _end_idle(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.end()

    def _await(self, seconds: float) -> None:
        """Until all threads have ended, or so long."""
        deadline = monotonic() + seconds
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))


def _address(sock: socket.socket) -> str:
    """Whose it is; empty where the other side has left already."""
    with suppress(OSError):
        return str(sock.getpeername()[0])
    return ""


Beside = Callable[[Callable[[socket.socket], None]], AbstractContextManager[None]]
"""What brings connections from elsewhere to `Server.take`, as long as its block lasts."""


def serve(answering: Answering, *, host: str, port: int, context: ssl.SSLContext, beside: Beside | None = None) -> None:
    """Listen until SIGTERM or SIGINT, let answers end for `GRACE_SECONDS`, then come back."""
    server = Server(answering, host=host, port=port, context=context)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    with beside(server.take) if beside else nullcontext():
        server.run()
