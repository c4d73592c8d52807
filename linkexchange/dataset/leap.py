"""The fast way over elements that need no care: one tight loop over what has arrived, in little endian.

A header has a hundred elements and more, and a thousand headers may pass in a second. The loop stops at whatever it
does not understand at once, and the scanner looks at that in its own, careful way.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import TypeAlias

from linkexchange.dataset.elements import (
    ITEM,
    ITEM_END,
    LONG_VRS,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    Content,
    Wanted,
)

DELIMITERS = 0xFFFE0000
"""Tags from here on are no elements."""

_EXPLICIT, _IMPLICIT, _LENGTH = Struct("<HH2sH"), Struct("<HHL"), Struct("<L")
_HEAD_BYTES = 8
_ITEM_END = _IMPLICIT.pack(ITEM_END >> 16, ITEM_END & 0xFFFF, 0)
_Place: TypeAlias = tuple[memoryview, int, int]
"""Of a value: the view that it lies in, where it begins, and where the view ends."""


@dataclass(slots=True)
class Leap:
    """From `last` on over elements in ascending order, up to one that is not below `limit` or does not fit.

    Values that are `wanted` go into `content`, sequences as lists of items, unless they are longer than `value_max`:
    there it stops.
    """

    last: int
    limit: int
    wanted: Wanted
    content: Content
    value_max: int
    is_explicit: bool

    def over(self, view: memoryview, end: int) -> int:
        """How many bytes of `view`, none behind `end`, were passed."""
        return self._explicit(view, end) if self.is_explicit else self._implicit(view, end)

    def _explicit(self, view: memoryview, end: int) -> int:
        at, last, limit, wanted = 0, self.last, self.limit, self.wanted
        while at + _HEAD_BYTES <= end:
            group, element, vr, length = _EXPLICIT.unpack_from(view, at)
            begin = at + _HEAD_BYTES
            if vr in LONG_VRS:
                if begin + _LENGTH.size > end:
                    break
                begin, length = begin + _LENGTH.size, _LENGTH.unpack_from(view, begin)[0]
            elif vr not in SHORT_VRS:
                break
            tag = group << 16 | element
            if not last < tag < limit or (vr == b"UN" and tag in wanted):
                break
            stop = self._keep(tag, (view, begin, end), length) if tag in wanted else begin + length
            if not 0 < stop <= end:
                break
            at, last = stop, tag
        self.last = last
        return at

    def _implicit(self, view: memoryview, end: int) -> int:
        at, last, limit, wanted = 0, self.last, self.limit, self.wanted
        while at + _HEAD_BYTES <= end:
            group, element, length = _IMPLICIT.unpack_from(view, at)
            begin, tag = at + _HEAD_BYTES, group << 16 | element
            if not last < tag < limit:
                break
            stop = self._keep(tag, (view, begin, end), length) if tag in wanted else begin + length
            if not 0 < stop <= end:
                break
            at, last = stop, tag
        self.last = last
        return at

    def _keep(self, tag: int, place: _Place, length: int) -> int:
        """Keep a value; where it stops, 0 where it must be looked at with care."""
        if inside := self.wanted[tag]:
            return self._keep_items(tag, place, length, inside)
        view, begin, end = place
        stop = begin + length
        if stop > end or length > self.value_max:
            return 0
        self.content[tag] = view[begin:stop].tobytes()
        return stop

    def _keep_items(self, tag: int, place: _Place, length: int, inside: Wanted) -> int:
        view, at, end = place
        stop = end if length == UNDEFINED else at + length
        items: list[Content] = []
        while at + _HEAD_BYTES <= stop <= end:
            group, element, size = _IMPLICIT.unpack_from(view, at)
            head, at = group << 16 | element, at + _HEAD_BYTES
            if head == SEQUENCE_END and length == UNDEFINED and not size:
                self.content[tag] = items
                return at
            item: Content = {}
            if head != ITEM or not (at := self._item(item, (view, at, stop), size, inside)):
                return 0
            items.append(item)
        if at != stop or length in (0, UNDEFINED):
            return 0
        self.content[tag] = items
        return stop

    def _item(self, item: Content, place: _Place, size: int, inside: Wanted) -> int:
        """Pass over an item; where it stops, or 0."""
        view, begin, end = place
        stop = end if size == UNDEFINED else begin + size
        if stop > end:
            return 0
        leap = Leap(-1, DELIMITERS, inside, item, self.value_max, self.is_explicit)
        at = begin + leap.over(view[begin:stop], stop - begin)
        if size != UNDEFINED:
            return at if at == stop else 0
        return at + _HEAD_BYTES if view[at : min(at + _HEAD_BYTES, end)] == _ITEM_END else 0
