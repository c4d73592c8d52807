"""The fast way over elements that need no care: one tight loop over what has arrived, in little endian.

A header has a hundred elements and more, and a thousand headers may pass in a second. The loop stops at whatever it
does not understand at once, and the scanner looks at that in its own, careful way.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from linkexchange.dataset.elements import LONG_VRS, SHORT_VRS, Content, Wanted

_EXPLICIT, _IMPLICIT, _LENGTH = Struct("<HH2sH"), Struct("<HHL"), Struct("<L")
_HEAD_BYTES, _LONG_HEAD_BYTES = 8, 12


@dataclass(slots=True)
class Leap:
    """From `last` on over elements in ascending order, up to one that is not below `limit` or does not fit.

    Values that are `wanted` go into `content`, unless they are sequences or longer than `value_max`: there it stops.
    """

    last: int
    limit: int
    wanted: Wanted
    content: Content
    value_max: int

    def explicit(self, view: memoryview, end: int) -> int:
        """How many bytes of `view`, none behind `end`, were passed in Explicit VR."""
        at, last, limit, wanted = 0, self.last, self.limit, self.wanted
        while at + _LONG_HEAD_BYTES <= end:
            group, element, vr, length = _EXPLICIT.unpack_from(view, at)
            begin = at + _HEAD_BYTES
            if vr in LONG_VRS:
                begin, length = at + _LONG_HEAD_BYTES, _LENGTH.unpack_from(view, begin)[0]
            elif vr not in SHORT_VRS:
                break
            tag, stop = group << 16 | element, begin + length
            if stop > end or not last < tag < limit:
                break
            if tag in wanted and not self._keep(tag, view[begin:stop]):
                break
            at, last = stop, tag
        self.last = last
        return at

    def implicit(self, view: memoryview, end: int) -> int:
        """The same in Implicit VR."""
        at, last, limit, wanted = 0, self.last, self.limit, self.wanted
        while at + _HEAD_BYTES <= end:
            group, element, length = _IMPLICIT.unpack_from(view, at)
            begin = at + _HEAD_BYTES
            tag, stop = group << 16 | element, begin + length
            if stop > end or not last < tag < limit:
                break
            if tag in wanted and not self._keep(tag, view[begin:stop]):
                break
            at, last = stop, tag
        self.last = last
        return at

    def _keep(self, tag: int, value: memoryview) -> bool:
        if self.wanted[tag] or len(value) > self.value_max:
            return False
        self.content[tag] = value.tobytes()
        return True
