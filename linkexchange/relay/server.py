"""The hub's relay: lets nodes in, lets them wait and call, and joins two lines to a stream that it cannot read.

One process, one event loop, one port. Who a node is its certificate says, in a handshake of TLS; its words come inside
of it. Then TLS is ended by both, and the nodes' own begins, end to end, in the stream.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import structlog

from linkexchange.bugs import described
from linkexchange.errors import Fault, IdentityRefused, MessageFault
from linkexchange.model.identifiers import TelematikId
from linkexchange.relay.channel import Channel
from linkexchange.relay.dialing import hang_up
from linkexchange.relay.doors import Doors
from linkexchange.relay.meeting import Limits, Meeting
from linkexchange.relay.stream import Pace, Stream, Turns
from linkexchange.relay.words import Call, No, Ping, Pong, Wait, Why, Word

_REST_SECONDS = 0.1
_log = structlog.get_logger(__name__)

Admit = Callable[[bytes], TelematikId]
"""Whose certificate (DER) this is. Its chain is proven. Raises `IdentityRefused`, `Unavailable`; called in a thread."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the relay waits, in seconds.

    `preface`: for handshake and first word. `queueing`: until a call's origin has a line. `release`: for the end of TLS
    after `go`. `ping`: between signs of life of a line that waits. `idle`: for a byte in a stream. `ending`: for
    streams, when the relay ends.
    """

    preface: float = 10.0
    queueing: float = 5.0
    release: float = 5.0
    ping: float = 20.0
    idle: float = 150.0
    ending: float = 15.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What participants may take, and how long."""

    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)
    patience: Patience = field(default_factory=Patience)


@dataclass(eq=False)
class _Line:
    """A node that waits or calls. `met` is set when its line is wanted, `bare` when its TLS has ended in good form."""

    channel: Channel
    certificate: bytes
    peer: TelematikId
    met: asyncio.Event = field(default_factory=asyncio.Event)
    bare: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    heard: float = field(default_factory=monotonic)

    async def released(self, seconds: float) -> bool:
        """Say `go`; whether the other side has ended its TLS in time."""
        try:
            async with asyncio.timeout(seconds):
                await self.channel.let_go()
                await _first(self.bare, self.gone)
        except (OSError, TimeoutError):
            return False
        return self.bare.is_set()


class Relay:
    """Runs on one event loop; `run` listens until `stop`."""

    def __init__(self, listener: socket.socket, context: ssl.SSLContext, admit: Admit, rules: Rules) -> None:
        self._listener = listener
        self._context = context
        self._admit = admit
        self._rules = rules
        self._doors = Doors()
        self._turns = Turns(rules.pace)
        self._meeting: Meeting[_Line] = Meeting(rules.limits)
        self._lines: set[_Line] = set()
        self._streams: set[Stream] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._joins: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()

    def stop(self) -> None:
        """Let `run` come to its end: nobody is let in any more, and streams have a while to end."""
        self._ending.set()

    async def run(self) -> None:
        """Accept until `stop`."""
        self._listener.setblocking(False)
        self._open()
        looking = self._begin(self._look()), self._begin(self._look_again())
        await self._ending.wait()
        self._close()
        for line in [line for line in self._lines if not line.met.is_set()]:
            self._begin(self._say_no(line.channel, Why.ENDING))
        if self._joins:
            await asyncio.wait(self._joins, timeout=self._rules.patience.ending)
        for look in looking:
            look.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _open(self) -> None:
        if not self._ending.is_set():
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def _close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        try:
            sock, address = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as wrong:
            _log.warning("cannot accept", reason=wrong.strerror)
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._listener)
            loop.call_later(_REST_SECONDS, self._open)
            return
        # Whatever becomes of the task, even if it never begins.
        self._begin(self._live(sock, str(address[0]))).add_done_callback(lambda _: sock.close())

    async def _live(self, sock: socket.socket, address: str) -> None:
        """One connection, from the handshake to the end of what it has become."""
        try:
            with self._doors.standing(address, lambda: hang_up(sock)):
                line, word = await self._enter(sock)
            await self._serve(line, word)
        except OSError:
            pass
        except Fault as fault:
            _log.info("relay said no", code=fault.code)
        except Exception as bug:
            _log.error("unexpected error", **described(bug))

    async def _enter(self, sock: socket.socket) -> tuple[_Line, Word]:
        """Handshake, certificate, first word, all of it in good time."""
        async with asyncio.timeout(self._rules.patience.preface):
            channel = Channel(sock, self._context)
            certificate = await channel.handshake()
            try:
                peer = await asyncio.to_thread(self._admit, certificate)
                word = await channel.hear()
            except MessageFault:
                await self._say_no(channel, Why.WORDS)
                raise
            except Fault as no:
                await self._say_no(channel, Why.IDENTITY if isinstance(no, IdentityRefused) else Why.STATE)
                raise
        if word is None:
            raise ConnectionAbortedError("no word")
        return _Line(channel, certificate, peer), word

    async def _serve(self, line: _Line, word: Word) -> None:
        if self._ending.is_set():
            await self._say_no(line.channel, Why.ENDING)
            return
        self._lines.add(line)
        hearing = self._begin(self._hear(line))
        try:
            match word:
                case Wait():
                    await self._wait(line)
                case Call(origin):
                    await self._call(line, origin)
                case _:
                    await self._say_no(line.channel, Why.WORDS)
        finally:
            self._lines.discard(line)
            line.channel.close()
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self, line: _Line) -> None:
        """What a line says while it waits or queues, until it has ended its TLS, or is gone."""
        try:
            while word := await line.channel.hear():
                if not isinstance(word, Pong):
                    raise MessageFault("a word of the relay")
                line.heard = monotonic()
            if line.met.is_set():
                line.bare.set()
        except (OSError, MessageFault):
            pass
        finally:
            line.gone.set()

    async def _wait(self, line: _Line) -> None:
        if not self._meeting.may_wait(line.peer):
            await self._say_no(line.channel, Why.BUSY)
            return
        self._meeting.wait(line.peer, line)
        try:
            await line.channel.say(Ping())
            self._match(line.peer)
            await _first(line.met, line.gone)
        finally:
            self._meeting.leave(line.peer, line)
        if line.met.is_set():
            await line.done.wait()

    async def _call(self, line: _Line, origin: TelematikId) -> None:
        if not self._meeting.may_call(line.peer, origin):
            await self._say_no(line.channel, Why.BUSY)
            return
        self._meeting.call(line.peer, origin, line)
        self._match(origin)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rules.patience.queueing):
                    await _first(line.met, line.gone)
        finally:
            queued = self._meeting.give_up(line.peer, origin, line)
        if queued:
            await self._say_no(line.channel, Why.ABSENT)
        else:
            await line.done.wait()

    def _match(self, origin: TelematikId) -> None:
        while met := self._meeting.meet(origin):
            requester, call, waiting = met
            call.met.set()
            waiting.met.set()
            join = self._begin(self._join(requester, call, waiting))
            self._joins.add(join)
            join.add_done_callback(self._joins.discard)

    async def _join(self, requester: TelematikId, call: _Line, waiting: _Line) -> None:
        """Two lines become a stream. Where the one that waited is gone without a word, the call meets the next."""
        seconds = self._rules.patience.release
        there = True
        try:
            there = await waiting.released(seconds)
            if there and await call.released(seconds):
                await self._stream(requester, call, waiting)
        except Exception as bug:
            _log.error("unexpected error", **described(bug))
        finally:
            self._meeting.end(requester, waiting.peer)
            waiting.done.set()
        if there:
            call.done.set()
        elif self._meeting.is_awaited(waiting.peer):
            self._meeting.call(requester, waiting.peer, call)
            self._match(waiting.peer)
        else:
            await self._say_no(call.channel, Why.ABSENT)
            call.done.set()

    async def _stream(self, requester: TelematikId, call: _Line, waiting: _Line) -> None:
        begun = monotonic()
        stream = Stream(requester, (call.channel.sock, waiting.channel.sock), self._turns)
        self._streams.add(stream)
        try:
            stream.begin((call.channel.left_over(), waiting.channel.left_over()))
            await stream.ended.wait()
        finally:
            stream.end()
            self._streams.discard(stream)
        seconds = round(monotonic() - begun, 1)
        _log.info("stream ended", requester=requester, origin=waiting.peer, bytes=stream.moved, seconds=seconds)

    async def _say_no(self, channel: Channel, why: Why) -> None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._rules.patience.release):
                await channel.say(No(why))
        channel.close()

    async def _look(self) -> None:
        """Ask lines that wait whether they are there, drop those that are not, and end streams that are still."""
        patience = self._rules.patience
        while True:
            await asyncio.sleep(patience.ping)
            now = monotonic()
            for line in list(self._lines):
                if line.met.is_set():
                    continue
                if now - line.heard > 2.5 * patience.ping:
                    line.channel.close()
                else:
                    with suppress(OSError):
                        await line.channel.say(Ping())
            for stream in list(self._streams):
                if now - stream.newest > patience.idle:
                    stream.end()

    async def _look_again(self) -> None:
        """Put out whoever is not let in any more, also in the middle of a stream."""
        while True:
            await asyncio.sleep(self._rules.patience.ping)
            for certificate in {line.certificate for line in self._lines}:
                try:
                    await asyncio.to_thread(self._admit, certificate)
                except IdentityRefused as no:
                    _log.info("put out", reason=no.detail)
                    for line in [line for line in self._lines if line.certificate == certificate]:
                        line.channel.close()
                except Fault as later:
                    _log.info("cannot look again", code=later.code)
                except Exception as bug:
                    _log.error("unexpected error", **described(bug))


async def _first(*events: asyncio.Event) -> None:
    """Until one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
