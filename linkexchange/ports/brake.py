"""Ending from outside what a thread is in the middle of."""

from __future__ import annotations

from collections.abc import Callable
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

    def stops(self, end: Callable[[], None]) -> _Held:
        """Let the brake call `end` for as long as the block lasts. It may be called twice, and from any thread."""
        return _Held(self, end)

    def _hold(self, end: Callable[[], None]) -> None:
        with self._lock:
            self._ends.append(end)
            pulled = self._pulled.is_set()
        if pulled:
            end()

    def _let_go(self, end: Callable[[], None]) -> None:
        with self._lock:
            self._ends.remove(end)


class _Held:
    """The block of `Brake.stops`, which is entered a few times for every image: a generator would be slower."""

    __slots__ = ("_brake", "_end")

    def __init__(self, brake: Brake, end: Callable[[], None]) -> None:
        self._brake = brake
        self._end = end

    def __enter__(self) -> None:
        self._brake._hold(self._end)  # noqa: SLF001

    def __exit__(self, *_: object) -> None:
        self._brake._let_go(self._end)  # noqa: SLF001
