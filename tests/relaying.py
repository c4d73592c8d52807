"""A relay in a thread of the test process, and nodes with certificates that stand at it and call.

with relaying.running(folder) as hub:
    hub.stand(PRACTICE, echo)
    stream = hub.call(HOSPITAL, PRACTICE)
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import peers
from certificates import Authority, NodeCertificate

from linkexchange.errors import IdentityRefused
from linkexchange.model.identifiers import TelematikId
from linkexchange.relay import Caller, Relay, Rules, Standing
from linkexchange.relay.words import Word, line_of
from linkexchange.tls import participant_uri

HOSPITAL, PRACTICE, OTHER = (TelematikId(it) for it in ("5-2-hospital", "1-2-practice", "1-2-other"))
SECONDS = 10.0


@dataclass
class Hub:
    """A relay at a port, and the certificates of those who use it."""

    authority: Authority
    rules: Rules
    port: int = field(default_factory=peers.free_port)
    certificates: dict[TelematikId, NodeCertificate] = field(default_factory=dict)
    banned: set[TelematikId] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _relay: Relay | None = None
    _thread: threading.Thread | None = None
    _standing: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(ready := threading.Event()),))
        self._thread.start()
        assert ready.wait(SECONDS)

    async def _run(self, ready: threading.Event) -> None:
        context = self.certificate(TelematikId("9-hub")).server_context()
        with socket.create_server(("127.0.0.1", self.port), backlog=512) as listener:
            self._loop, self._relay = asyncio.get_running_loop(), Relay(listener, context, self._admit, self.rules)
            ready.set()
            await self._relay.run()

    def stop(self) -> None:
        """Ask it to end."""
        assert self._loop
        assert self._relay
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._relay.stop)

    def ended(self) -> None:
        assert self._thread
        self._thread.join(SECONDS + self.rules.patience.ending)
        assert not self._thread.is_alive(), "the relay did not end"

    def close(self) -> None:
        """End it, and all that stand at it."""
        self._standing.close()
        self.stop()
        self.ended()

    def _admit(self, certificate: bytes) -> TelematikId:
        peer = TelematikId.from_uri(participant_uri(certificate, TelematikId.urn))
        if peer in self.banned:
            raise IdentityRefused("not enrolled")
        return peer

    def certificate(self, who: TelematikId) -> NodeCertificate:
        if who not in self.certificates:
            self.certificates[who] = self.authority.node(who)
        return self.certificates[who]

    @property
    def places(self) -> list[tuple[str, int]]:
        return [("localhost", self.port)]

    def stand(self, who: TelematikId, take: Callable[[socket.socket], None], *, lines: int = 2) -> None:
        """Let lines of this node wait."""
        standing = Standing(self.places, self.certificate(who).client_context, lines)
        self._standing.enter_context(standing.waiting(take))

    def caller(self, who: TelematikId) -> Caller:
        return Caller(self.places, self.certificate(who).client_context())

    def call(self, who: TelematikId, origin: TelematikId) -> socket.socket:
        stream = self.caller(who)(origin, lambda sock: sock)
        stream.settimeout(SECONDS)
        return stream

    def line(self, who: TelematikId, *words: Word) -> ssl.SSLSocket:
        """A connection that has said these words."""
        context = self.certificate(who).client_context()
        sock = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        secured = context.wrap_socket(sock, server_hostname="localhost")
        for word in words:
            secured.sendall(line_of(word))
        return secured


@contextmanager
def running(folder: Path, rules: Rules | None = None) -> Iterator[Hub]:
    hub = Hub(Authority(folder), rules or Rules())
    hub.start()
    try:
        yield hub
    finally:
        hub.close()


def echo(stream: socket.socket) -> None:
    """What comes goes back, in a thread, until its end."""

    def run() -> None:
        stream.settimeout(SECONDS)
        with stream, suppress(OSError):
            while said := stream.recv(1 << 16):
                stream.sendall(said)
            stream.shutdown(socket.SHUT_WR)

    threading.Thread(target=run, daemon=True).start()


def everything(stream: socket.socket, count: int) -> bytes:
    """So many bytes, or as many as come."""
    found = bytearray()
    while len(found) < count and (said := stream.recv(1 << 16)):
        found += said
    return bytes(found)
