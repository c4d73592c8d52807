"""Notices when a client hangs up, whatever the thread that answers it is waiting for."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from linkexchange.ports import Brake


class Gone:
    """One thread that watches over the sockets of all answers that are being made."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._brakes: dict[int, Brake] = {}
        Thread(target=self._look, name="gone", daemon=True).start()

    @contextmanager
    def watching(self, socket: int) -> Iterator[Brake]:
        """A brake that is pulled if the client at this socket hangs up before the block ends."""
        brake = self._brakes[socket] = Brake()
        self._epoll.register(socket, select.EPOLLRDHUP | select.EPOLLONESHOT)
        try:
            yield brake
        finally:
            self._epoll.unregister(socket)
            del self._brakes[socket]

    def pull(self) -> None:
        """End all answers that are being made."""
        for brake in list(self._brakes.values()):
            brake.pull()

    def _look(self) -> None:
        while True:
            for socket, _ in self._epoll.poll():
                if brake := self._brakes.get(socket):
                    brake.pull()
