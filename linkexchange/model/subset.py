"""Some instances of a series in a few characters, for whoever asks for the rest of it.

Both sides know the manifest. So one bit stands for each instance, in the ascending order of SOP Instance UIDs as text,
the first in the highest bit of the first byte; unused bits of the last byte are 0. In a query the bytes are base64url
without padding (RFC 4648 section 5).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from linkexchange.model.identifiers import SopInstanceUid

_TEXT = re.compile(r"[A-Za-z0-9_-]{1,16384}")


@dataclass(frozen=True, slots=True)
class Subset:
    """Which ones, whatever they are called."""

    bits: bytes

    @classmethod
    def of(cls, listed: Collection[SopInstanceUid], wanted: Collection[SopInstanceUid]) -> Self:
        """Those of the series that are wanted."""
        marks = "".join("1" if uid in wanted else "0" for uid in sorted(listed))
        size = _bytes_for(len(marks))
        return cls(int(marks.ljust(size * 8, "0"), 2).to_bytes(size, "big"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read it out of a query; raises ValueError where it is none."""
        if not _TEXT.fullmatch(text):
            raise ValueError("not a subset")
        try:
            return cls(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except binascii.Error as wrong:
            raise ValueError("not a subset") from wrong

    def __str__(self) -> str:
        """As it stands in a query."""
        return base64.urlsafe_b64encode(self.bits).decode().rstrip("=")

    def among(self, listed: Collection[SopInstanceUid]) -> frozenset[SopInstanceUid]:
        """The instances that are meant; raises ValueError where it is one of another series."""
        if len(self.bits) != _bytes_for(len(listed)):
            raise ValueError("a subset of something else")
        marks = f"{int.from_bytes(self.bits, 'big'):0{len(self.bits) * 8}b}"
        if "1" in marks[len(listed) :]:
            raise ValueError("a subset of something else")
        return frozenset(uid for uid, mark in zip(sorted(listed), marks, strict=False) if mark == "1")


def _bytes_for(count: int) -> int:
    return (count + 7) // 8
