"""Several processes that live and end together: those of a node, and those of a hub."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from types import FrameType, MappingProxyType

import structlog

from linkexchange import lifeline
from linkexchange.tls import Watched

_TURN_SECONDS = 0.1
PATIENCE_SECONDS = 20.0
"""So long a process may take to end; one that does not is killed."""
_PAUSE_SECONDS = (0.0, 1.0, 2.0, 5.0, 15.0)
_SETTLED_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class Renewal(Enum):
    """How a process is replaced: its successor begins at once beside it, or after its end."""

    BESIDE = "beside"
    AFTER = "after"


class Household:
    """Forks a process for each function, forks it again when it dies, and ends all when it is told to.

    When the `watched` file is replaced, the processes in `renewals` make way for others that read it anew: they take
    nothing more on, end what they have begun, and go.
    """

    def __init__(
        self,
        members: Mapping[str, Callable[[], None]],
        *,
        renewals: Mapping[str, Renewal] = MappingProxyType({}),
        watched: Path | None = None,
    ) -> None:
        self._members = [_Member(name, run, renewals.get(name)) for name, run in members.items()]
        self._watched = Watched(watched) if watched else None
        self._ending = False

    def live(self, see_to: Callable[[], None] = lambda: None) -> None:
        """Until SIGTERM or SIGINT. `see_to` is called in each turn, for what else must live."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self._ending:
            see_to()
            if self._watched and self._watched.has_changed():
                _log.info("processes are replaced: there is a newer certificate")
                for member in self._members:
                    member.renew()
            for member in self._members:
                member.see_to()
            time.sleep(_TURN_SECONDS)
        self._disband()

    def _end(self, _: int, __: FrameType | None) -> None:
        self._ending = True

    def _disband(self) -> None:
        running = [process for member in self._members for process in member.processes]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for process in running:
            lifeline.stop(process, max(0.0, deadline - time.monotonic()))


class _Member:
    """One process; one that dies again and again is started at growing intervals."""

    def __init__(self, name: str, run: Callable[[], None], renewal: Renewal | None = None) -> None:
        self.process: lifeline.Forked | None = None
        self._name, self._run, self._renewal = name, run, renewal
        self._leaving: list[lifeline.Forked] = []
        self._deaths = 0
        self._started = self._due = time.monotonic()

    def see_to(self) -> None:
        """Start it when it does not run and its pause is over."""
        if self.process and self.process.poll() is not None:
            self._bury(self.process)
        self._leaving = [process for process in self._leaving if process.poll() is None]
        waits = self._leaving and self._renewal is Renewal.AFTER
        if self.process is None and not waits and time.monotonic() >= self._due:
            self._started = time.monotonic()
            self.process = lifeline.fork(self._run, name=self._name)

    def renew(self) -> None:
        """Let it end, and make room for its successor."""
        if self._renewal and self.process:
            self.process.terminate()
            self._leaving.append(self.process)
            self.process = None

    @property
    def processes(self) -> list[lifeline.Forked]:
        """What runs, and what is about to end."""
        return [*self._leaving, *([self.process] if self.process else [])]

    def _bury(self, process: lifeline.Forked) -> None:
        now = time.monotonic()
        _log.error("process ended by itself", process=self._name, status=process.returncode)
        self._deaths = 1 if now - self._started > _SETTLED_SECONDS else self._deaths + 1
        self._due = now + _PAUSE_SECONDS[min(self._deaths - 1, len(_PAUSE_SECONDS) - 1)]
        self.process = None
