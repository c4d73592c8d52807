"""Ending from outside what a thread is in the middle of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Brake:
    """Stops whatever is registered with it, from any thread: sockets are shut down, so that nobody waits on them.

    Whoever was waiting then raises `Unavailable`, as for any other broken connection; whoever pulled the brake knows
    why. Once pulled it stays so, and what is registered later is stopped at once.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._ends: list[Callable[[], None]] = []
        self._pulled = Event()

    @property
    def pulled(self) -> bool:
        """Whether it has been pulled."""
        return self._pulled.is_set()

    def wait(self, seconds: float) -> None:
        """Pause for so long, or until it is pulled."""
        self._pulled.wait(seconds)

    def pull(self) -> None:
        """Stop everything. Safe to repeat."""
        with self._lock:
            self._pulled.set()
            ends = list(self._ends)
        for end in ends:
            end()

    @contextmanager
    def stops(self, end: Callable[[], None]) -> Iterator[None]:
        """Let the brake call `end` for as long as the block lasts. It may be called twice, and from any thread."""
        with self._lock:
            self._ends.append(end)
            pulled = self._pulled.is_set()
        try:
            if pulled:
                end()
            yield
        finally:
            with self._lock:
                self._ends.remove(end)
