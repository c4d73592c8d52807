"""Several processes that live and end together: those of a node, and those of a hub."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType

import structlog

from linkexchange import lifeline

_TURN_SECONDS = 0.1
PATIENCE_SECONDS = 20.0
"""So long a process may take to end; one that does not is killed."""
_PAUSE_SECONDS = (0.0, 1.0, 2.0, 5.0, 15.0)
_SETTLED_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class Household:
    """Forks a process for each function, forks it again when it dies, and ends all when it is told to."""

    def __init__(self, members: Mapping[str, Callable[[], None]]) -> None:
        self._members = [_Member(name, run) for name, run in members.items()]
        self._ending = False

    def live(self, see_to: Callable[[], None]) -> None:
        """Until SIGTERM or SIGINT. `see_to` is called in each turn, for what else must live."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self._ending:
            see_to()
            for member in self._members:
                member.see_to()
            time.sleep(_TURN_SECONDS)
        self._disband()

    def _end(self, _: int, __: FrameType | None) -> None:
        self._ending = True

    def _disband(self) -> None:
        running = [member.process for member in self._members if member.process]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for process in running:
            lifeline.stop(process, max(0.0, deadline - time.monotonic()))


class _Member:
    """One process; one that dies again and again is started at growing intervals."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self.process: lifeline.Forked | None = None
        self._name, self._run = name, run
        self._deaths = 0
        self._started = self._due = time.monotonic()

    def see_to(self) -> None:
        """Start it when it does not run and its pause is over."""
        if self.process and self.process.poll() is not None:
            self._bury(self.process)
        if self.process is None and time.monotonic() >= self._due:
            self._started = time.monotonic()
            self.process = lifeline.fork(self._run, name=self._name)

    def _bury(self, process: lifeline.Forked) -> None:
        now = time.monotonic()
        _log.error("process ended by itself", process=self._name, status=process.returncode)
        self._deaths = 1 if now - self._started > _SETTLED_SECONDS else self._deaths + 1
        self._due = now + _PAUSE_SECONDS[min(self._deaths - 1, len(_PAUSE_SECONDS) - 1)]
        self.process = None
