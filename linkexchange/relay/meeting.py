"""Who waits and who calls: rules without input or output.

1. A call meets the oldest line that its origin has waiting; where there is none it queues, for a while.
2. The calls that queue for one origin are served in turns, so that no requester keeps others out.
3. A participant has at most so many lines waiting, and so many streams, whichever end of them it is. A call that queues
   counts as a stream.
4. Between one requester and one origin there are at most half as many, so that no one can use up all of another's.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from linkexchange.model.identifiers import TelematikId
from linkexchange.relay.rota import Rota

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Limits:
    """So many lines that wait, and so many streams, of one participant."""

    waiting: int = 16
    streams: int = 64

    @property
    def pair(self) -> int:
        """So many streams between one requester and one origin."""
        return max(1, self.streams // 2)


@dataclass(slots=True)
class Meeting(Generic[Line]):
    """The lines of all participants, and what they do."""

    limits: Limits
    _waiting: dict[TelematikId, deque[Line]] = field(default_factory=dict)
    _calls: dict[TelematikId, Rota[Line]] = field(default_factory=dict)
    _streams: Counter[TelematikId] = field(default_factory=Counter)
    _pairs: Counter[tuple[TelematikId, TelematikId]] = field(default_factory=Counter)

    def may_wait(self, origin: TelematikId) -> bool:
        """Whether one more line of it may wait."""
        return len(self._waiting.get(origin, ())) < self.limits.waiting

    def may_call(self, requester: TelematikId, origin: TelematikId) -> bool:
        """Whether there may be one more call, and a stream of it."""
        room = all(self._streams[it] < self.limits.streams for it in {requester, origin})
        return room and self._pairs[requester, origin] < self.limits.pair

    def is_awaited(self, origin: TelematikId) -> bool:
        """Whether a call to it would meet a line at once."""
        return origin in self._waiting

    def wait(self, origin: TelematikId, line: Line) -> None:
        """Let a line wait."""
        self._waiting.setdefault(origin, deque()).append(line)

    def leave(self, origin: TelematikId, line: Line) -> None:
        """A waiting line has gone; nothing where it is met already."""
        queue = self._waiting.get(origin, deque())
        if line in queue:
            queue.remove(line)
        if not queue:
            self._waiting.pop(origin, None)

    def call(self, requester: TelematikId, origin: TelematikId, line: Line) -> None:
        """Let a call queue."""
        self._calls.setdefault(origin, Rota()).put(requester, line)
        self._streams.update({requester, origin})
        self._pairs[requester, origin] += 1

    def give_up(self, requester: TelematikId, origin: TelematikId, line: Line) -> bool:
        """A call does not queue any longer; False where it has met a line already."""
        calls = self._calls.get(origin, Rota())
        queued = calls.drop(requester, line)
        if queued:
            self._tidy(origin)
            self.end(requester, origin)
        return queued

    def meet(self, origin: TelematikId) -> tuple[TelematikId, Line, Line] | None:
        """Requester, its call and the line that it meets, as a stream of both; None where one of them is missing."""
        waiting, calls = self._waiting.get(origin), self._calls.get(origin)
        if not waiting or not calls:
            return None
        requester, call = calls.take()
        self._tidy(origin)
        line = waiting.popleft()
        self.leave(origin, line)
        return requester, call, line

    def end(self, requester: TelematikId, origin: TelematikId) -> None:
        """A stream has ended."""
        self._streams.subtract({requester, origin})
        self._pairs[requester, origin] -= 1
        self._streams, self._pairs = +self._streams, +self._pairs

    def _tidy(self, origin: TelematikId) -> None:
        if not self._calls[origin]:
            del self._calls[origin]
