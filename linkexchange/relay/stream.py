"""Two sockets that become one stream: what arrives at one leaves at the other, and nothing of it is looked at.

Bytes wait in the sockets, where back-pressure is theirs; what a socket has not taken is kept, never more than one piece
for each way, and nothing is read until it has gone. Participants take turns, one piece after the other (`Turns`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from linkexchange.model.identifiers import TelematikId
from linkexchange.relay.rota import Bucket, Rota

PIECE_BYTES = 256 << 10
_REST_SECONDS = 0.002
"""A socket that had less than a piece is read again after so long: many small readings cost more than one."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Bytes per second: of the whole relay, and of one participant; 0 for as fast as it goes."""

    whole: int = 0
    participant: int = 0


class Turns:
    """Moves one piece at a time, of one participant after the other. All of it happens on one event loop."""

    def __init__(self, pace: Pace) -> None:
        self._loop = asyncio.get_running_loop()
        self._rota: Rota[Callable[[memoryview], int]] = Rota()
        self._piece = memoryview(bytearray(PIECE_BYTES))
        self._whole = Bucket(pace.whole)
        self._pace = pace
        self._paces: dict[TelematikId, Bucket] = {}
        self._running = False

    def want(self, participant: TelematikId, move: Callable[[memoryview], int]) -> None:
        """Call `move` when it is this participant's turn; it says how many bytes it has moved."""
        if pause := self._own(participant).delay(monotonic()):
            self._loop.call_later(pause, self._enter, participant, move)
        else:
            self._enter(participant, move)

    def _own(self, participant: TelematikId) -> Bucket:
        return self._paces.setdefault(participant, Bucket(self._pace.participant))

    def _enter(self, participant: TelematikId, move: Callable[[memoryview], int]) -> None:
        self._rota.put(participant, move)
        if not self._running:
            self._running = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        if pause := self._whole.delay(monotonic()):
            self._loop.call_later(pause, self._turn)
            return
        participant, move = self._rota.take()
        moved, now = move(self._piece), monotonic()
        self._whole.spend(moved, now)
        self._own(participant).spend(moved, now)
        self._running = bool(self._rota)
        if self._running:
            self._loop.call_soon(self._turn)


class Stream:
    """Two plain sockets; `requester` is whose turn it is. `ended` is set when nothing more will move."""

    def __init__(self, requester: TelematikId, ends: tuple[socket.socket, socket.socket], turns: Turns) -> None:
        self.ended = asyncio.Event()
        self.moved = 0
        self.newest = monotonic()
        self._ends = ends
        ahead, back = ends
        self._ways = (
            _Way(ahead, back, lambda move: turns.want(requester, move), self._note),
            _Way(back, ahead, lambda move: turns.want(requester, move), self._note),
        )

    def begin(self, left_over: tuple[bytes, bytes]) -> None:
        """Let it flow, what is there already first."""
        for way, content in zip(self._ways, left_over, strict=True):
            way.begin(content)

    def end(self) -> None:
        """Both sockets are shut, whatever is under way; whoever set them up closes them."""
        for way in self._ways:
            way.stop()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ended.set()

    def _note(self, moved: int, *, broken: bool) -> None:
        self.moved += moved
        self.newest = monotonic()
        if broken or all(way.is_over for way in self._ways):
            self.end()


class _Way:
    """One direction."""

    def __init__(
        self,
        source: socket.socket,
        sink: socket.socket,
        want: Callable[[Callable[[memoryview], int]], None],
        note: Callable[..., None],
    ) -> None:
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self._source, self._sink = source, sink
        self._want, self._note = want, note
        self._kept: bytes | memoryview = b""

    def begin(self, content: bytes) -> None:
        self._kept = content
        self._want(self._move)

    def stop(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._loop.remove_reader(self._source)
            self._loop.remove_writer(self._sink)

    def _move(self, piece: memoryview) -> int:
        """As much as goes now, at most a piece."""
        if self.is_over:
            return 0
        try:
            return self._send(self._kept) if self._kept else self._pass_on(piece)
        except OSError:
            self._note(0, broken=True)
            return 0

    def _pass_on(self, piece: memoryview) -> int:
        try:
            count = self._source.recv_into(piece)
        except BlockingIOError:
            self._loop.add_reader(self._source, self._readable)
            return 0
        if not count:
            self._finish()
            return 0
        return self._send(piece[:count])

    def _send(self, content: bytes | memoryview) -> int:
        try:
            sent = self._sink.send(content)
        except BlockingIOError:
            sent = 0
        # The piece is for the next one to use: what is left of it is copied.
        self._kept = bytes(content[sent:])
        if self._kept:
            self._loop.add_writer(self._sink, self._writable)
        elif sent == PIECE_BYTES:
            self._again()
        else:
            self._loop.call_later(_REST_SECONDS, self._again)
        self._note(sent, broken=False)
        return sent

    def _again(self) -> None:
        """Where there is most likely more: it is read without asking whether it is there."""
        if not self.is_over:
            self._want(self._move)

    def _readable(self) -> None:
        self._loop.remove_reader(self._source)
        self._want(self._move)

    def _writable(self) -> None:
        self._loop.remove_writer(self._sink)
        self._want(self._move)

    def _finish(self) -> None:
        """The end of one direction is passed on; the other one may go on."""
        self._sink.shutdown(socket.SHUT_WR)
        self.stop()
        self._note(0, broken=False)
