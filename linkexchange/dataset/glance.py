"""Where the pixel data are, at one glance at the beginning of a data set."""

from __future__ import annotations

from struct import Struct

from linkexchange.dataset.elements import FIRST_TAG, LONG_VRS, PIXELS, UNDEFINED
from linkexchange.dataset.leap import Leap
from linkexchange.dataset.parts import Span
from linkexchange.dataset.syntax import Encoding

_EXPLICIT, _IMPLICIT = Struct("<HH2sxxL"), Struct("<HHL")
_FIRST_OF_PIXELS = min(PIXELS)


def glance(begin: memoryview, encoding: Encoding) -> Span | None:
    """The value of the pixel data, whose head is among these first bytes of a data set.

    None where a scanner must look: they are deflated, big endian, encapsulated, further behind, or not there at all.
    """
    if encoding.deflated or encoding.order == "big":
        return None
    leap = Leap(FIRST_TAG - 1, _FIRST_OF_PIXELS, {}, {}, 0, encoding.explicit)
    at, head = leap.over(begin, len(begin)), _EXPLICIT if encoding.explicit else _IMPLICIT
    if at + head.size > len(begin):
        return None
    group, element, *vr, length = head.unpack_from(begin, at)
    is_plain = length != UNDEFINED and LONG_VRS.issuperset(vr)
    at += head.size
    return Span(at, at + length) if is_plain and group << 16 | element in PIXELS else None
