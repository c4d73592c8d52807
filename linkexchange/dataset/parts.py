"""The digest of a data set, made in one pass of three parts.

The parts are what stands before the value of its pixel data, that value, and what stands behind it. Each has a SHA-256,
and the digest of the data set is the SHA-256 of these three, one after the other. So every byte is digested once, be it
for the whole or for the pixels, and a header that has been changed costs no second pass over the pixels.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from linkexchange.model.identifiers import Sha256


class Span(NamedTuple):
    """Where in a data set the value of the pixel data begins, and where it ends as far as that is known.

    While it `goes_on`, nobody can say of what follows whether it is one more fragment.
    """

    begin: int
    end: int
    goes_on: bool = False


class Parts:
    """Sorts the bytes of one data set into its parts; a few may wait until the next ones show where they belong."""

    def __init__(self) -> None:
        self._before, self._pixels, self._behind = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
        self._at = 0
        self._held = b""

    def take(self, chunk: bytes, span: Span | None) -> None:
        """The next bytes; `span` is what is known by now, None where they stand before all pixel data."""
        view = memoryview(self._held + chunk if self._held else chunk)
        at, self._at = self._at, self._at + len(view)
        if span is None:
            self._before.update(view)
            return
        begin, end = max(0, span.begin - at), max(0, span.end - at)
        self._before.update(view[:begin])
        self._pixels.update(view[begin:end])
        if span.goes_on:
            self._held = bytes(view[end:])
            self._at -= len(self._held)
        else:
            self._held = b""
            self._behind.update(view[end:])

    @property
    def digest(self) -> Sha256:
        """Of all bytes so far."""
        behind = self._behind.copy()
        behind.update(self._held)
        return Sha256.of(hashlib.sha256(self._before.digest() + self._pixels.digest() + behind.digest()))

    @property
    def pixels(self) -> Sha256:
        """Of the value of the pixel data so far."""
        return Sha256.of(self._pixels)
