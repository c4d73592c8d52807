"""Data sets ⇄ bytes, for the one kind of data set that is dealt with here: short texts and sequences, no pixels.

Own code, since pydicom takes many times as long for the 70,000 items of a manifest of 10,000 instances, converts what
it reads, and says what it thinks of a wrong value in a warning, with the value. The dictionary is pydicom's.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from pydicom.datadict import dictionary_VR, tag_for_keyword

from linkexchange.dataset.elements import ITEM, ITEM_END, LONG_VRS, SEQUENCE_END, UNDEFINED
from linkexchange.errors import DocumentFault

DEPTH_MAX = 16
ELEMENTS_MAX = 1_600_000
"""An instance has up to 28 of them, with the items around them."""

_EXPLICIT, _IMPLICIT, _LENGTH = struct.Struct("<HH2sH"), struct.Struct("<HHL"), struct.Struct("<L")
_HEAD_BYTES = 8

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


# --- writing ----------------------------------------------------------------------------------------------------------


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
        return _EXPLICIT.pack(tag >> 16, tag & 0xFFFF, vr, 0) + _LENGTH.pack(len(content)) + content
    return _EXPLICIT.pack(tag >> 16, tag & 0xFFFF, vr, len(content)) + content


# --- reading ----------------------------------------------------------------------------------------------------------


def decoded(content: bytes, *, implicit: bool) -> Elements:
    """The elements of a whole data set. Raises `DocumentFault` for what breaks a limit or is not well-formed."""
    try:
        return _Reader(content, implicit).elements(len(content), 0)[0]
    except struct.error:
        raise DocumentFault("DICOM: cut off") from None


class _Reader:
    """Reads on through one data set."""

    def __init__(self, content: bytes, implicit: bool) -> None:
        self._content, self._implicit, self._at, self._left = content, implicit, 0, ELEMENTS_MAX

    def elements(self, end: int, depth: int) -> tuple[Elements, bool]:
        """Those up to here, or to the delimiter of an item without length; whether there was one."""
        _demand(depth <= DEPTH_MAX, "depth")
        found: Elements = {}
        while self._at < end:
            tag, vr, length = self._head()
            if tag == ITEM_END:
                return found, True
            _demand(tag not in found, "an element stands there twice")
            found[tag] = self._value(tag, vr, length, end, depth)
        _demand(self._at == end, "lengths do not fit")
        return found, False

    def _head(self) -> tuple[int, bytes, int]:
        self._left -= 1
        _demand(self._left >= 0, "number of elements")
        group, element, vr, length = _EXPLICIT.unpack_from(self._content, self._at)
        if self._implicit or group == 0xFFFE:
            vr, (length,) = b"", _LENGTH.unpack_from(self._content, self._at + 4)
        elif vr in LONG_VRS:
            (length,) = _LENGTH.unpack_from(self._content, self._at + _HEAD_BYTES)
            self._at += _LENGTH.size
        self._at += _HEAD_BYTES
        return (group << 16) + element, vr, length

    def _value(self, tag: int, vr: bytes, length: int, end: int, depth: int) -> Value:
        if vr == b"SQ" or (not vr and (length == UNDEFINED or _is_sequence(tag))):
            return Value(vr, b"", self._items(length, end, depth))
        start, self._at = self._at, self._at + length
        _demand(self._at <= end, "lengths do not fit")
        return Value(vr, self._content[start : self._at])

    def _items(self, length: int, end: int, depth: int) -> list[Elements]:
        items: list[Elements] = []
        stop = end if length == UNDEFINED else self._at + length
        _demand(stop <= end, "lengths do not fit")
        while self._at < stop:
            tag, _, size = self._head()
            if tag == SEQUENCE_END:
                break
            _demand(tag == ITEM, "an item is wanted")
            last = stop if size == UNDEFINED else self._at + size
            _demand(last <= stop, "lengths do not fit")
            item, ended = self.elements(last, depth + 1)
            _demand(ended == (size == UNDEFINED), "lengths do not fit")
            items.append(item)
        return items


@cache
def _dictionary_vr(tag: int) -> str:
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return ""


def _is_sequence(tag: int) -> bool:
    return _dictionary_vr(tag) == "SQ"


def _demand(met: bool, rule: str) -> None:
    if not met:
        raise DocumentFault(f"DICOM: {rule}")
