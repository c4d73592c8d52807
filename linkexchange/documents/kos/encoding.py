"""A data set → bytes, for the one kind of data set that is dealt with here: short texts and sequences, no pixels.

Own code, since pydicom takes many times as long for the 70,000 items of a manifest of 10,000 instances, converts what
it reads, and says what it thinks of a wrong value in a warning, with the value. The dictionary is pydicom's. The other
way is `decoding`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from pydicom.datadict import dictionary_VR, tag_for_keyword

from linkexchange.dataset.elements import LONG_VRS

EXPLICIT, _IMPLICIT, LENGTH = struct.Struct("<HH2sH"), struct.Struct("<HHL"), struct.Struct("<L")

Elements = dict[int, "Value"]


class Value(NamedTuple):
    """An element as it stands there: its VR (empty where none is written), its bytes, or its items."""

    vr: bytes
    content: bytes
    items: list[Elements] | None = None


class Definition(NamedTuple):
    """What PS3.6 says of a keyword."""

    tag: int
    vr: bytes


@cache
def defined(keyword: str) -> Definition:
    """Tag and VR of a keyword."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"no keyword of PS3.6: {keyword}")
    return Definition(int(tag), dictionary_VR(tag).encode())


def encoded(private: Sequence[tuple[int, str, str]] = (), /, **elements: str | Sequence[bytes]) -> bytes:
    """A data set in Explicit VR Little Endian: texts in UTF-8, and sequences of encoded items, in the order of tags.

    `private` are elements that have no keyword: tag, VR, text.
    """
    rows = [(*defined(keyword), value) for keyword, value in elements.items()]
    rows += [(tag, vr.encode(), text) for tag, vr, text in private]
    return b"".join(_element(tag, vr, value) for tag, vr, value in sorted(rows, key=lambda row: row[0]))


def _element(tag: int, vr: bytes, value: str | Sequence[bytes]) -> bytes:
    if not isinstance(value, str):
        content = b"".join(_IMPLICIT.pack(0xFFFE, 0xE000, len(item)) + item for item in value)
    else:
        content = value.encode()
        content += (b"\0" if vr == b"UI" else b" ") * (len(content) % 2)
    if vr in LONG_VRS:
        return EXPLICIT.pack(tag >> 16, tag & 0xFFFF, vr, 0) + LENGTH.pack(len(content)) + content
    return EXPLICIT.pack(tag >> 16, tag & 0xFFFF, vr, len(content)) + content
