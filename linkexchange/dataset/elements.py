"""The words of an encoded data set: tags, VRs, and what is kept of it (PS3.5 sections 6.2 and 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, Union

Wanted: TypeAlias = Mapping[int, Union["Wanted", None]]
"""Tags whose values are kept; for a sequence, the same again for its items."""
Content: TypeAlias = dict[int, bytes | list["Content"]]
"""The kept values, in the same shape."""
Sink: TypeAlias = Callable[[bytes | memoryview], object]

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
FIRST_TAG = 0x00080000

LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO"}
    | {b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
MAY_BE_UNDEFINED = frozenset({b"", b"SQ", b"UN", b"OB", b"OW"})


def name(tag: int) -> str:
    """A tag as people write it."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def read_tag(head: bytes, order: Literal["little", "big"]) -> int:
    """The tag that an element or item begins with."""
    return int.from_bytes(head[:2], order) << 16 | int.from_bytes(head[2:4], order)
