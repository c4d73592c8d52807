"""Deflated data sets (PS3.5 section A.5), under limits: 400 kB can stand for 800 MB."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from linkexchange.errors import InstanceFault

INFLATED_MAX_BYTES = 512 << 20
RATIO_MAX = 100
RATIO_FREE_BYTES = 16 << 20
"""Up to here the ratio does not matter: a black image of a usual size compresses better than 100 : 1."""

_STEP_BYTES = 256 << 10


class Inflater:
    """Inflates a stream in small steps; raises `InstanceFault` where it is damaged, cut off or a bomb."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        self._taken = 0
        self._given = 0
        self._surplus = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The bytes that this chunk adds."""
        if self._stream.eof:
            self._pad(len(chunk))
            return
        self._taken += len(chunk)
        pending, more = chunk, True
        while more and not self._stream.eof:
            inflated = self._step(pending)
            yield inflated
            pending = self._stream.unconsumed_tail
            # A full step may have left output inside zlib although all input is consumed.
            more = bool(pending) or len(inflated) == _STEP_BYTES
        self._pad(len(self._stream.unused_data))

    def close(self) -> None:
        """The data set ends here."""
        if not self._stream.eof:
            raise InstanceFault("the deflated data set is cut off")

    def _pad(self, surplus: int) -> None:
        """A byte may follow to make the length even; some writers also leave the eight bytes that end a gzip file."""
        self._surplus += surplus
        if self._surplus > 9:
            raise InstanceFault("bytes after the end of the deflated data set")

    def _step(self, pending: bytes) -> bytes:
        try:
            inflated = self._stream.decompress(pending, _STEP_BYTES)
        except zlib.error as wrong:
            raise InstanceFault("the deflated data set is damaged") from wrong
        self._given += len(inflated)
        limit = min(INFLATED_MAX_BYTES, max(RATIO_FREE_BYTES, RATIO_MAX * self._taken))
        if self._given > limit:
            raise InstanceFault("the deflated data set inflates beyond the limit")
        return inflated
