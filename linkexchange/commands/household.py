"""Several processes that live and end together: what `linkexchange node` and `linkexchange hub` start."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType

import structlog

from linkexchange import lifeline

_TURN_SECONDS = 0.1
_PATIENCE_SECONDS = 20.0
_PAUSE_SECONDS = (0.0, 1.0, 2.0, 5.0, 15.0)
_SETTLED_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class Household:
    """Forks a process for each function, forks it again when it dies, and ends all when it is told to."""

    def __init__(self, members: Mapping[str, Callable[[], None]]) -> None:
        self._members = [_Member(name, run) for name, run in members.items()]
        self._ending = False

    def live(self) -> None:
        """Until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self._ending:
            for member in self._members:
                member.see_to()
            time.sleep(_TURN_SECONDS)
        self._disband()

    def _end(self, _: int, __: FrameType | None) -> None:
        self._ending = True

    def _disband(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for member in self._members:
            member.send(signal.SIGTERM)
        while any(member.lives() for member in self._members) and time.monotonic() < deadline:
            time.sleep(0.02)
        for member in self._members:
            member.send(signal.SIGKILL)


class _Member:
    """One process; one that dies again and again is started at growing intervals."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self._name, self._run = name, run
        self._pid = self._deaths = 0
        self._started = self._due = time.monotonic()

    def lives(self) -> bool:
        """Whether it runs; one that has ended is buried."""
        if not self._pid:
            return False
        ended, status = os.waitpid(self._pid, os.WNOHANG)
        if ended:
            self._bury(os.waitstatus_to_exitcode(status))
        return not ended

    def see_to(self) -> None:
        """Start it when it does not run and its pause is over."""
        if not self.lives() and time.monotonic() >= self._due:
            self._started = time.monotonic()
            self._pid = lifeline.fork(self._run, name=self._name)

    def send(self, number: signal.Signals) -> None:
        """A signal, if it still runs."""
        if self.lives():
            os.kill(self._pid, number)

    def _bury(self, status: int) -> None:
        now = time.monotonic()
        if status:
            _log.error("process ended by itself", process=self._name, status=status)
        self._deaths = 1 if now - self._started > _SETTLED_SECONDS else self._deaths + 1
        self._due = now + _PAUSE_SECONDS[min(self._deaths - 1, len(_PAUSE_SECONDS) - 1)]
        self._pid = 0
