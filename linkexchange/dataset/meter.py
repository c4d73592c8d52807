"""Counts and digests the bytes of one instance on their way through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from linkexchange.dataset.elements import Wanted
from linkexchange.dataset.glance import glance
from linkexchange.dataset.parts import Parts, Span
from linkexchange.dataset.scan import Scanner, pass_over
from linkexchange.dataset.syntax import encoding_of
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import Sha256, TransferSyntaxUid


class Meter:
    """Measures an encoded data set. The figures are true once `through` has come to its end, by itself or by a fault.

    The pixel data are those of the data set itself (not of icons): of encapsulated ones from the first item's head to
    before the sequence delimiter, of a deflated data set after inflating. A deflated data set is one part (`parts`).
    """

    def __init__(self, transfer_syntax: TransferSyntaxUid, *, wanted: Wanted | None = None) -> None:
        self.bytes = 0
        self._parts = Parts()
        self._inflated = hashlib.sha256() if encoding_of(transfer_syntax).deflated else None
        inflated = self._inflated.update if self._inflated else pass_over
        self.scanner = Scanner(transfer_syntax, wanted=wanted, pixels=inflated)
        self._fault: InstanceFault | None = None

    def through(self, chunks: Iterable[bytes], *, followed: int = 0) -> Iterator[bytes]:
        """Pass the chunks on, unchanged and all of them. So many bytes of them the scanner has seen before.

        Raises `InstanceFault` after the last one when the data set cannot be followed or ends too early, such as a
        pixel data element that declares more than there is.
        """
        for chunk in chunks:
            self.take(chunk, is_followed=self.bytes < followed)
            yield chunk
        self._end()

    def take(self, chunk: bytes, *, is_followed: bool = False) -> None:
        """Measure the next bytes; they are in the digest even where they cannot be followed."""
        self.bytes += len(chunk)
        if not is_followed:
            self._follow(chunk)
        span = None if self._inflated else self.scanner.pixels
        self._parts.take(chunk, span._replace(goes_on=False) if span and self._fault else span)

    @property
    def digest(self) -> Sha256:
        """Of everything that passed, as `parts` describes it."""
        return self._parts.digest

    @property
    def pixels(self) -> Sha256 | None:
        """SHA-256 of the pixel data value; None where there is none, or where the data set cannot be followed."""
        if self.scanner.pixels is None or self._fault is not None:
            return None
        return Sha256.of(self._inflated) if self._inflated else self._parts.pixels

    def _follow(self, chunk: bytes) -> None:
        if self._fault is None:
            try:
                self.scanner.feed(chunk)
            except InstanceFault as fault:
                self._fault = fault

    def _end(self) -> None:
        if self._fault is None:
            try:
                self.scanner.close()
            except InstanceFault as fault:
                self._fault = fault
        if self._fault is not None:
            raise self._fault


class Digester:
    """The digest alone, the very one that a `Meter` comes to. It costs a fraction where the first bytes show it all."""

    def __init__(self, transfer_syntax: TransferSyntaxUid) -> None:
        self._syntax = transfer_syntax
        self._parts = Parts()
        self._pixels: Span | None = None
        self._meter: Meter | None = None

    def take(self, chunk: bytes) -> None:
        """The next bytes."""
        if self._pixels is None and self._meter is None:
            self._pixels = glance(memoryview(chunk), encoding_of(self._syntax))
            self._meter = None if self._pixels else Meter(self._syntax)
        if self._meter is None:
            self._parts.take(chunk, self._pixels)
        else:
            self._meter.take(chunk)

    @property
    def digest(self) -> Sha256:
        """Of everything that was taken."""
        return self._parts.digest if self._meter is None else self._meter.digest
