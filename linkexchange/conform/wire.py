"""A line between any two parties that is slow, or cut at a byte: TCP, whatever runs in it.

with Wire(target, Cut(How.RESET, after=70_000)) as line:
...connect to (line.host, line.port) instead of the target...
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Self

from linkexchange.conform.manners import How
from linkexchange.conform.peer import HOST


class Way(Enum):
    """Seen from whoever has connected."""

    TO_TARGET = "to the target"
    FROM_TARGET = "from the target"


@dataclass(frozen=True, slots=True)
class Cut:
    """What goes wrong when so many bytes have gone one way, on all connections taken together.

    `HALF_CLOSE` ends that one way, `HANG` lets nothing through on that connection any more, `RESET` and all else end
    both. It happens to the first `times` connections that get there; None: to every one.
    """

    how: How
    after: int
    way: Way = Way.FROM_TARGET
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Pace:
    """How a line carries: each burst so much later, in slices of so many bytes, so many bytes in a second (0: any)."""

    slice_bytes: int = 65536
    delay_seconds: float = 0
    bytes_per_second: float = 0


class Wire:
    """A proxy. `carried` counts the bytes of each way, `cuts` how often it was cut."""

    def __init__(self, target: tuple[str, int], cut: Cut | None = None, pace: Pace | None = None) -> None:
        self.target = target
        self.cut = cut
        self.pace = pace or Pace()
        self.carried = {Way.TO_TARGET: 0, Way.FROM_TARGET: 0}
        self.cuts = 0
        self.connections = 0
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.host, self.port = HOST, int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._run(threading.Thread(target=self._accept))
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in (self._listener, *self._sockets):
            one.close()

    def _run(self, thread: threading.Thread) -> None:
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self.over.is_set():
                near, _ = self._listener.accept()
                self.connections += 1
                self._sockets.append(near)
                self._join(near)

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self.target, timeout=5)
        except OSError:
            near.close()
            return
        self._sockets.append(far)
        far.settimeout(None)
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._run(threading.Thread(target=self._carry, args=(near, far, Way.TO_TARGET)))
        self._run(threading.Thread(target=self._carry, args=(far, near, Way.FROM_TARGET)))

    def _carry(self, source: socket.socket, sink: socket.socket, way: Way) -> None:
        with suppress(OSError):
            while received := source.recv(1 << 16):
                whole, is_cut = self._count(len(received), way)
                self._send(sink, received[:whole])
                if is_cut:
                    self._break(source, sink)
                    return
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _count(self, count: int, way: Way) -> tuple[int, bool]:
        """How much of it goes through, and whether the line is then cut."""
        with self._lock:
            before = self.carried[way]
            cut = self.cut
            due = cut is not None and cut.way is way and before + count >= cut.after
            if cut is None or not due or (cut.times is not None and self.cuts >= cut.times):
                self.carried[way] += count
                return count, False
            self.cuts += 1
            whole = max(0, cut.after - before)
            self.carried[way] += whole
            return whole, True

    def _send(self, sink: socket.socket, content: bytes) -> None:
        pace = self.pace
        self.over.wait(pace.delay_seconds)
        for at in range(0, len(content), pace.slice_bytes):
            piece = content[at : at + pace.slice_bytes]
            if pace.bytes_per_second:
                self.over.wait(len(piece) / pace.bytes_per_second)
            sink.sendall(piece)

    def _break(self, source: socket.socket, sink: socket.socket) -> None:
        how = self.cut.how if self.cut else How.RESET
        if how is How.HANG:
            self.over.wait()
        elif how is How.HALF_CLOSE:
            sink.shutdown(socket.SHUT_WR)
            self.over.wait()
        else:
            for one in (source, sink):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RD)
                one.close()
