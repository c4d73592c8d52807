"""Whether a C-GET or C-MOVE gets on. A PACS that only ever says that it goes on is as good as silent."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from linkexchange.dicom.command import Command
from linkexchange.errors import PacsUnavailable


@dataclass
class Headway:
    """How long it is since the last step: an instance, fewer sub-operations that remain, or more that are done.

    What a PACS counts is not relied upon for anything else. Numbers that go to and fro are no step.
    """

    idle_seconds: float
    _since: float = field(default_factory=time.monotonic)
    _remaining: int = 1 << 16
    _done: int = 0

    @property
    def seconds_left(self) -> float:
        """Until it counts as silent."""
        return self._since + self.idle_seconds - time.monotonic()

    def made(self) -> None:
        """Something has come, or whoever takes it has been waited for."""
        self._since = time.monotonic()

    def note(self, answer: Command) -> None:
        """Look at the counts of an answer that is not the last. Raises `PacsUnavailable` after a standstill."""
        remaining, *counts = answer.counts
        left, done = self._remaining if remaining is None else remaining, sum(filter(None, counts))
        if left < self._remaining or done > self._done:
            self._remaining, self._done = min(left, self._remaining), max(done, self._done)
            self.made()
        elif self.seconds_left <= 0:
            raise PacsUnavailable(f"no step forward within {self.idle_seconds:g} s")
