"""Bytes → data set, under limits: what is hostile ends in a fault after little work.

1. No data set within more than `DEPTH_MAX` others.
2. At most `BESIDE_MAX` elements, and so many more for each series and each instance that is named (`_GRANTED`), up to
   `ELEMENTS_MAX`. An item is an element too, even an empty one. So whoever wants many elements to be read must name
   many instances, and costs no more than an honest manifest of as many.
3. No more instances than any other link document may list.
4. Lengths fit: nothing ends behind what it stands in, and what has no length has an end.

How they are counted stands in docs/reference/key-object-selection.md. Each is looked at before anything is made of the
element that breaks it.
"""

from __future__ import annotations

import re
import struct
from functools import cache

from pydicom.datadict import dictionary_VR, keyword_dict

from linkexchange.dataset.elements import ITEM, ITEM_END, LONG_VRS, SEQUENCE_END, UNDEFINED
from linkexchange.documents.kos.encoding import EXPLICIT, LENGTH, Elements, Value, defined
from linkexchange.documents.kos.parsing import demand
from linkexchange.documents.parsing import INSTANCES_MAX
from linkexchange.errors import DocumentFault

DEPTH_MAX = 16
BESIDE_MAX = 60_000
ELEMENTS_MAX = 1_600_000
_INSTANCE = defined("ReferencedSOPInstanceUID").tag
_GRANTED = {_INSTANCE: 28, defined("SeriesInstanceUID").tag: 100}
"""So many elements an instance and a series have in MADO, where they are listed and where they are described."""
_UID = re.compile(rb"[0-9.]{1,64}\0?")
_HEAD_BYTES = 8


def decoded(content: bytes, *, implicit: bool) -> Elements:
    """The elements of a whole data set. Raises `DocumentFault` for what breaks a limit or is not well-formed."""
    try:
        return _Reader(content, implicit).elements(len(content), 0)[0]
    except struct.error:
        raise DocumentFault("DICOM: cut off") from None


class _Reader:
    """Reads on through one data set."""

    def __init__(self, content: bytes, implicit: bool) -> None:
        self._content, self._implicit, self._at = content, implicit, 0
        self._read, self._allowed, self._instances = 0, BESIDE_MAX, 0
        self._named: set[tuple[int, bytes]] = set()

    def elements(self, end: int, depth: int) -> tuple[Elements, bool]:
        """Those up to here, or to the delimiter of an item without length; whether there was one."""
        demand(depth <= DEPTH_MAX, "depth")
        found: Elements = {}
        while self._at < end:
            tag, vr, length = self._head()
            if tag == ITEM_END:
                return found, True
            demand(tag not in found, "an element stands there twice")
            found[tag] = self._value(tag, vr, length, end, depth)
        demand(self._at == end, "lengths do not fit")
        return found, False

    def _head(self) -> tuple[int, bytes, int]:
        self._read += 1
        demand(self._read <= self._allowed, "number of elements")
        group, element, vr, length = EXPLICIT.unpack_from(self._content, self._at)
        if self._implicit or group == 0xFFFE:
            vr, (length,) = b"", LENGTH.unpack_from(self._content, self._at + 4)
        elif vr in LONG_VRS:
            (length,) = LENGTH.unpack_from(self._content, self._at + _HEAD_BYTES)
            self._at += LENGTH.size
        self._at += _HEAD_BYTES
        return (group << 16) + element, vr, length

    def _value(self, tag: int, vr: bytes, length: int, end: int, depth: int) -> Value:
        if vr == b"SQ" or (not vr and (length == UNDEFINED or tag in _sequences())):
            return Value(vr, b"", self._items(length, end, depth))
        start, self._at = self._at, self._at + length
        demand(self._at <= end, "lengths do not fit")
        value = Value(vr, self._content[start : self._at])
        if tag in _GRANTED:
            self._grant(tag, value.content)
        return value

    def _grant(self, tag: int, uid: bytes) -> None:
        """A series or an instance that was not named before may be described."""
        if (tag, uid) in self._named or not _UID.fullmatch(uid):
            return
        self._named.add((tag, uid))
        self._allowed = min(self._allowed + _GRANTED[tag], ELEMENTS_MAX)
        self._instances += tag == _INSTANCE
        demand(self._instances <= INSTANCES_MAX, "number of instances")

    def _items(self, length: int, end: int, depth: int) -> list[Elements]:
        items: list[Elements] = []
        stop = end if length == UNDEFINED else self._at + length
        demand(stop <= end, "lengths do not fit")
        while self._at < stop:
            tag, _, size = self._head()
            if tag == SEQUENCE_END:
                return items
            items.append(self._item(tag, size, stop, depth))
        demand(length != UNDEFINED, "a sequence has no end")
        return items

    def _item(self, tag: int, size: int, stop: int, depth: int) -> Elements:
        demand(tag == ITEM, "an item is wanted")
        last = stop if size == UNDEFINED else self._at + size
        demand(last <= stop, "lengths do not fit")
        item, ended = self.elements(last, depth + 1)
        demand(ended == (size == UNDEFINED), "lengths do not fit")
        return item


@cache
def _sequences() -> frozenset[int]:
    """The tags of sequences: a file in Implicit VR does not say which those are."""
    return frozenset(tag for tag in keyword_dict.values() if dictionary_VR(tag) == "SQ")
