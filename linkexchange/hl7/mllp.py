"""The port at which other systems of the house send HL7 v2 messages (MLLP, HL7 v2.5.1 appendix C of the guide).

A message is answered once, when what it says is kept for good or can never be used: the sender then sends the next one.
Only hosts that are known may call, over TLS with a certificate that names them. The event loop has a thread of its own;
a message is read and heard in others.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import structlog
from hl7.mllp import InvalidBlockError, start_hl7_server

from linkexchange.bugs import described
from linkexchange.errors import Fault, MessageFault, SettingRefused
from linkexchange.hl7.answer import Code, acknowledgement, code_of
from linkexchange.hl7.encoding import DEFAULT_CHARSET
from linkexchange.hl7.message import Header, Message
from linkexchange.hosts import is_host

_TLS_SECONDS, _GOODBYE_SECONDS = 5.0, 1.0
_log = structlog.get_logger(__name__)

Hear = Callable[[Message], None]
"""What is done with a message. When it comes back, the message is kept for good. `Unavailable` asks the sender to send
it once more (AE), any other `Fault` not to (AR)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a message may be, how long a sender may take or be silent, and how many may be connected."""

    message_max_bytes: int = 4 << 20
    idle_seconds: float = 600.0
    answer_seconds: float = 30.0
    connections_max: int = 16


DEFAULT_LIMITS = Limits()


class Listener:
    """Listens from the moment it is entered until the block ends; what is being heard then is heard and answered."""

    def __init__(
        self,
        place: tuple[str, int],
        hear: Hear,
        *,
        senders: Collection[str],
        now: Callable[[], datetime],
        tls: ssl.SSLContext | None = None,
        limits: Limits = DEFAULT_LIMITS,
        charset: str = DEFAULT_CHARSET,
    ) -> None:
        self._place, self._hear, self._now = place, hear, now
        self._senders = frozenset(senders)
        self._tls, self._limits, self._charset = tls, limits, charset
        self._open: set[asyncio.Task[Any]] = set()
        self._busy: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mllp", daemon=True)
        self._port: Future[int] = Future()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port.result()

    def __enter__(self) -> Self:
        """Raises `SettingRefused` where the port cannot be had."""
        self._thread.start()
        try:
            self._port.result()
        except OSError as taken:
            raise SettingRefused("LINKEXCHANGE_HL7_PORT: cannot listen there") from taken
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except OSError as taken:
                self._port.set_exception(taken)

    async def _serve(self) -> None:
        host, port = self._place
        limit = self._limits.message_max_bytes
        server = await start_hl7_server(self._welcome, host, port, limit=limit, **_tls(self._tls))
        self._port.set_result(server.sockets[0].getsockname()[1])
        await self._stopping.wait()
        server.close()
        for task in self._open - self._busy:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _welcome(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection. The set holds its task, which nothing else does."""
        task = asyncio.current_task()
        assert task is not None
        if len(self._open) >= self._limits.connections_max:
            _log.warning("too many HL7 senders", most=self._limits.connections_max)
            writer.transport.abort()
            return
        self._open.add(task)
        try:
            if await asyncio.to_thread(self._may_enter, writer):
                await self._converse(task, reader, writer)
        except (OSError, IncompleteReadError, TimeoutError, InvalidBlockError) as end:
            _log.debug("HL7 sender gone", cause=type(end).__name__)
        finally:
            await _hang_up(writer)
            self._open.discard(task)

    def _may_enter(self, writer: StreamWriter) -> bool:
        """Whether it is one of the senders; their names may have to be looked up."""
        address, secured = writer.get_extra_info("peername")[0], writer.get_extra_info("ssl_object")
        certificate = secured.getpeercert(binary_form=True) if secured else None
        known = any(is_host(sender, address, certificate) for sender in self._senders)
        if not known:
            _log.warning("HL7 sender not known", address=address)
        return known

    async def _converse(self, task: asyncio.Task[Any], reader: StreamReader, writer: StreamWriter) -> None:
        """Message and answer, one after the other. Whoever sends more than the limit has lost his place and leaves."""
        while not self._stopping.is_set():
            try:
                block = await asyncio.wait_for(_block(reader), self._limits.idle_seconds)
            except ValueError:
                await self._say(writer, self._too_large())
                return
            self._busy.add(task)
            try:
                await self._say(writer, await asyncio.to_thread(self._heard, block))
            finally:
                self._busy.discard(task)

    def _too_large(self) -> bytes:
        return acknowledgement(None, Code.REJECT, at=self._now(), reason=MessageFault.code)

    async def _say(self, writer: StreamWriter, answer: bytes) -> None:
        writer.writeblock(answer)  # type: ignore[attr-defined]
        await asyncio.wait_for(writer.drain(), self._limits.answer_seconds)

    def _heard(self, block: bytes) -> bytes:
        """Read and hear a message; the answer to it. A bug of ours is not the sender's: the message comes again."""
        header = None
        try:
            header = Header.read(block, charset=self._charset)
            self._hear(Message.read(block, charset=self._charset))
        except Fault as fault:
            _log.warning("HL7 message not taken", code=fault.code, detail=fault.detail)
            return acknowledgement(header, code_of(fault), at=self._now(), reason=fault.code)
        except Exception as bug:
            _log.error("unexpected error", **described(bug))
            return acknowledgement(header, Code.ERROR, at=self._now(), reason="internal-error")
        return acknowledgement(header, Code.ACCEPT, at=self._now())


def _tls(context: ssl.SSLContext | None) -> dict[str, Any]:
    """How a connection becomes one with TLS, and within which time."""
    if context is None:
        return {}
    return {"ssl": context, "ssl_handshake_timeout": _TLS_SECONDS, "ssl_shutdown_timeout": _GOODBYE_SECONDS}


async def _hang_up(writer: StreamWriter) -> None:
    """Say goodbye, as TLS wants it, to one that may not answer."""
    writer.close()
    with suppress(OSError, TimeoutError):
        await asyncio.wait_for(writer.wait_closed(), _GOODBYE_SECONDS)
    writer.transport.abort()


async def _block(reader: StreamReader) -> bytes:
    """The bytes of one message. Raises ValueError for one over the limit."""
    return bytes(await reader.readblock())  # type: ignore[attr-defined]
