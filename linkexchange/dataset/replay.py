"""Chunks that somebody has already looked at, given once more."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator


class Replay(Iterator[bytes]):
    """What was taken from a source, and then the rest of it. Closing it closes the source."""

    def __init__(self, taken: Iterable[bytes], source: Iterator[bytes]) -> None:
        self._taken = deque(chunk for chunk in taken if chunk)
        self._source = source
        self.size = sum(map(len, self._taken))
        """Of what was taken, in bytes."""

    def __next__(self) -> bytes:
        return self._taken.popleft() if self._taken else next(self._source)

    def close(self) -> None:
        """End the source, where it can be ended."""
        self._taken.clear()
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
