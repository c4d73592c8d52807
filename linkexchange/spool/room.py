"""How much room is left in the spool, among all that is being taken in at this moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from linkexchange.errors import SpoolFull


@dataclass
class Room:
    """Counts what waits (`used` asks the database) and what is on its way; never less than there is.

    An instance that has just been committed may count twice for a moment.
    """

    max_bytes: int
    used: Callable[[], int]
    _waiting: int = 0
    _coming: int = 0
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def claim(self) -> Iterator[Claim]:
        """For one instance. Raises `SpoolFull`, also when there is no room to begin with."""
        with self._lock:
            self._waiting = self.used()
        claim = Claim(self)
        claim.more(1)
        claim.bytes = 0
        try:
            yield claim
        finally:
            self.take(-claim.claimed, kept=claim.bytes if claim.kept else 0)

    def take(self, count: int, *, kept: int = 0) -> None:
        """So many bytes more or fewer are on their way, and so many have come to stay. Raises `SpoolFull`."""
        with self._lock:
            if count > 0 and self._waiting + self._coming + count > self.max_bytes:
                raise SpoolFull
            self._coming += count
            self._waiting += kept


@dataclass
class Claim:
    """The bytes of one instance, as far as they have come."""

    room: Room
    bytes: int = 0
    claimed: int = 0
    kept: bool = False

    def more(self, count: int) -> None:
        """Claim room for what has just come. Raises `SpoolFull`."""
        self.room.take(count)
        self.claimed += count
        self.bytes += count
