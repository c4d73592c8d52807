"""Encodes a data set anew: another VR encoding, another byte order, the same values (PS3.5 section 7 and annex A).

Values are copied, or their bytes swapped, and never interpreted: what is odd in them stays as odd as it was. What does
change is listed in docs/explanation/transcoding.md.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR

from linkexchange.dataset.elements import (
    ITEM,
    ITEM_END,
    LONG_VRS,
    MAY_BE_UNDEFINED,
    SEQUENCE_END,
    SHORT_VRS,
    UNDEFINED,
    name,
    read_tag,
)
from linkexchange.dataset.syntax import IMPLICIT_LITTLE, Encoding
from linkexchange.errors import InstanceFault, SyntaxRefused

DEPTH_MAX = 32
PIXEL_DATA = 0x7FE00010
PIXEL_REPRESENTATION = 0x00280103

_BINARY = frozenset({b"OB", b"OW"})
_WORDS = {
    **dict.fromkeys((b"US", b"SS", b"OW", b"AT"), "H"),
    **dict.fromkeys((b"UL", b"SL", b"FL", b"OL", b"OF"), "I"),
    **dict.fromkeys((b"FD", b"OD", b"OV", b"SV", b"UV"), "Q"),
}
_SHORT_MAX_BYTES = 0xFFFF


@dataclass(frozen=True, slots=True)
class Element:
    """Where an element stands in the bytes: from `start` to `end`, its value from `value` to `stop`.

    `vr` is empty where the encoding is implicit. `endless` when it has no length but a delimiter. `inner` is the
    encoding of what is inside.
    """

    tag: int
    vr: bytes
    start: int
    value: int
    stop: int
    end: int
    endless: bool
    inner: Encoding

    @property
    def is_encapsulated(self) -> bool:
        """Whether it holds fragments, as compressed pixel data do."""
        return self.endless and self.vr in _BINARY

    @property
    def is_sequence(self) -> bool:
        """Whether it holds items, as far as the encoding tells."""
        return self.vr == b"SQ" or (self.endless and not self.is_encapsulated)


class Reader:
    """Finds elements in an encoded data set that is held whole; raises `InstanceFault` where a length lies."""

    def __init__(self, data: bytes | bytearray) -> None:
        self.data = memoryview(data)

    def elements(
        self, encoding: Encoding, start: int = 0, stop: int | None = None, *, depth: int = 0
    ) -> Iterator[Element]:
        """The elements from `start` to `stop`, or to the delimiter that ends an item."""
        if depth > DEPTH_MAX:
            raise InstanceFault("sequences nested too deep")
        at, stop = start, len(self.data) if stop is None else stop
        while at < stop:
            element = self._element(encoding, at, stop, depth=depth)
            if element.tag == ITEM_END:
                return
            yield element
            at = element.end

    def items(self, element: Element, *, depth: int) -> Iterator[tuple[int, int]]:
        """From where to where the content of each item of a sequence goes."""
        for tag, start, stop, _ in self._items(element.inner, element.value, element.stop, depth=depth):
            if tag == ITEM:
                yield start, stop

    def _element(self, encoding: Encoding, at: int, stop: int, *, depth: int) -> Element:
        tag, length, value, vr = self._head(encoding, at, stop)
        if tag == ITEM_END:
            return Element(tag, vr, at, value, value, value, endless=False, inner=encoding)
        inner = IMPLICIT_LITTLE if vr == b"UN" else encoding
        if length != UNDEFINED:
            return Element(tag, vr, at, value, value + length, value + length, endless=False, inner=inner)
        if vr not in MAY_BE_UNDEFINED:
            raise InstanceFault(f"no length in {name(tag)}")
        for _, _, end, last in self._items(inner, value, stop, depth=depth, opaque=vr in _BINARY):
            if last:
                return Element(tag, vr, at, value, end - 8, end, endless=True, inner=inner)
        raise InstanceFault(f"{name(tag)} has no end")

    def _head(self, encoding: Encoding, at: int, stop: int) -> tuple[int, int, int, bytes]:
        """Tag, length, where the value begins, and VR; looks whether the value has room."""
        head = bytes(self.data[at : min(at + 12, stop)])
        tag, vr = read_tag(head, encoding.order), head[4:6]
        if not encoding.explicit or tag >> 16 == 0xFFFE:
            value, length, vr = at + 8, head[4:8], b""
        elif vr in SHORT_VRS:
            value, length = at + 8, head[6:8]
        elif vr in LONG_VRS:
            value, length = at + 12, head[8:12]
        else:
            raise InstanceFault(f"unknown VR in {name(tag)}")
        size = int.from_bytes(length, encoding.order)
        if value > stop or (size != UNDEFINED and value + size > stop):
            raise InstanceFault(f"{name(tag)} is longer than what is around it")
        return tag, size, value, vr

    def _items(
        self, encoding: Encoding, at: int, stop: int, *, depth: int, opaque: bool = False
    ) -> Iterator[tuple[int, int, int, bool]]:
        """Tag, start and stop of each item, and of the delimiter of the sequence: whose stop is behind it."""
        while at < stop:
            tag, length, value, _ = self._head(encoding, at, stop)
            if tag == SEQUENCE_END:
                yield tag, value, value, True
                return
            if tag != ITEM or (opaque and length == UNDEFINED):
                raise InstanceFault("no item where one must be")
            end = value + length if length != UNDEFINED else self._end_of_item(encoding, value, stop, depth=depth)
            yield tag, value, end, False
            at = end if length != UNDEFINED else end + 8

    def _end_of_item(self, encoding: Encoding, at: int, stop: int, *, depth: int) -> int:
        for element in self.elements(encoding, at, stop, depth=depth + 1):
            at = element.end
        if at + 8 > stop:
            raise InstanceFault("an item has no end")
        return at


class Writer:
    """Gives out elements of one data set in another encoding; little endian, since nobody asks for more."""

    def __init__(self, reader: Reader, target: Encoding) -> None:
        self._reader = reader
        self._target = target

    def level(
        self, elements: Iterator[Element], encoding: Encoding, *, signed: bool = False, depth: int = 0
    ) -> Iterator[bytes | memoryview]:
        """Elements of one data set or item; without group lengths, which would not be right any more."""
        for element in elements:
            if element.tag == PIXEL_REPRESENTATION:
                signed = any(self._reader.data[element.value : element.stop])
            if element.tag & 0xFFFF:
                yield from self.element(element, encoding, signed=signed, depth=depth)

    def element(
        self, element: Element, encoding: Encoding, *, signed: bool = False, depth: int = 0
    ) -> Iterator[bytes | memoryview]:
        """One element; raises `SyntaxRefused` where it holds compressed pixels."""
        if element.is_encapsulated:
            raise SyntaxRefused("a compressed image inside a sequence")
        vr = element.vr or _vr_of(element, signed=signed)
        if vr == b"SQ" or element.is_sequence:
            yield from self._sequence(element, signed=signed, depth=depth)
            return
        value = self._reader.data[element.value : element.stop]
        yield head(element.tag, vr, len(value), self._target)
        yield _swapped(value, vr, element.tag) if encoding.order == "big" else value

    def _sequence(self, element: Element, *, signed: bool, depth: int) -> Iterator[bytes | memoryview]:
        yield head(element.tag, b"SQ", UNDEFINED, self._target)
        for start, stop in self._reader.items(element, depth=depth):
            yield _delimiter(ITEM, UNDEFINED)
            inside = self._reader.elements(element.inner, start, stop, depth=depth + 1)
            yield from self.level(inside, element.inner, signed=signed, depth=depth + 1)
            yield _delimiter(ITEM_END)
        yield _delimiter(SEQUENCE_END)


def head(tag: int, vr: bytes, length: int, target: Encoding) -> bytes:
    """What stands before a value. A value that is too long for its VR becomes UN (PS3.5 section 6.2.2)."""
    number = _tag(tag)
    if not target.explicit:
        return number + length.to_bytes(4, "little")
    if vr in SHORT_VRS and length <= _SHORT_MAX_BYTES:
        return number + vr + length.to_bytes(2, "little")
    return number + (b"UN" if vr in SHORT_VRS else vr) + b"\0\0" + length.to_bytes(4, "little")


def _delimiter(tag: int, length: int = 0) -> bytes:
    return _tag(tag) + length.to_bytes(4, "little")


def _tag(tag: int) -> bytes:
    return (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")


def _vr_of(element: Element, *, signed: bool) -> bytes:
    """The VR of an element whose encoding does not name it (PS3.6); of private ones only the creators' is known."""
    tag = element.tag
    if element.endless:
        return b"SQ"
    if tag >> 16 & 1:
        return b"LO" if 0x10 <= tag & 0xFFFF <= 0xFF else b"UN"
    try:
        known = str(dictionary_VR(tag))
    except KeyError:
        return b"UN"
    if " or " not in known:
        return known.encode()
    # Words and bytes are the same in little endian; the choice between US and SS is Pixel Representation's.
    return b"OW" if "OW" in known else b"SS" if signed else b"US"


def _swapped(value: memoryview, vr: bytes, tag: int) -> bytes | memoryview:
    code = _WORDS.get(vr)
    if code is None:
        return value
    words = array(code)
    if len(value) % words.itemsize:
        raise InstanceFault(f"{name(tag)} has a length that its VR does not allow")
    words.frombytes(value)
    words.byteswap()
    return memoryview(words).cast("B")
