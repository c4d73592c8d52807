"""Counts and digests the bytes of one instance on their way through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from linkexchange.dataset.elements import Wanted
from linkexchange.dataset.scan import Scanner
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import Sha256, TransferSyntaxUid


class Meter:
    """Measures an encoded data set. The figures are true once `through` has come to its end, by itself or by a fault.

    `pixels` covers the value of the pixel data element of the data set itself (not of icons): of encapsulated pixel
    data from the first item's head to before the sequence delimiter, of a deflated data set after inflating.
    """

    def __init__(self, transfer_syntax: TransferSyntaxUid, *, wanted: Wanted | None = None) -> None:
        self.bytes = 0
        self._whole = hashlib.sha256()
        self._pixels = hashlib.sha256()
        self.scanner = Scanner(transfer_syntax, wanted=wanted, pixels=self._pixels.update)
        self._fault: InstanceFault | None = None

    def through(self, chunks: Iterable[bytes], *, followed: int = 0) -> Iterator[bytes]:
        """Pass the chunks on, unchanged and all of them. So many bytes of them the scanner has seen before.

        Raises `InstanceFault` after the last one when the data set cannot be followed or ends too early, such as a
        pixel data element that declares more than there is.
        """
        for chunk in chunks:
            self.bytes += len(chunk)
            self._whole.update(chunk)
            if self.bytes > followed:
                self._follow(chunk)
            yield chunk
        self._end()

    @property
    def digest(self) -> Sha256:
        """SHA-256 of everything that passed."""
        return Sha256.of(self._whole)

    @property
    def pixels(self) -> Sha256 | None:
        """SHA-256 of the pixel data value; None where there is none, or where the data set cannot be followed."""
        has_pixels = self.scanner.has_pixels and self._fault is None
        return Sha256.of(self._pixels) if has_pixels else None

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
