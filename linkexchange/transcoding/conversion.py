"""From one encoded data set to another: gather it under limits, then encode it anew or decode its pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from linkexchange.dataset import Meter
from linkexchange.dataset.elements import PIXELS
from linkexchange.dataset.inflate import Inflater
from linkexchange.dataset.scan import Scanner
from linkexchange.dataset.syntax import encoding_of
from linkexchange.errors import InstanceFault, SyntaxRefused
from linkexchange.model.identifiers import Sha256, TransferSyntaxUid
from linkexchange.model.syntaxes import COMPRESSED
from linkexchange.transcoding.decoding import decode
from linkexchange.transcoding.elements import PIXEL_DATA, Element, Reader, Writer, head
from linkexchange.transcoding.image import BITS_ALLOCATED, SIGNED, WANTED, Image, value_of

Piece: TypeAlias = bytes | bytearray | memoryview

_PHOTOMETRIC, _ICONS = 0x00280004, 0x00880200
_OFFSETS, _LENGTHS, _TOTAL = 0x7FE00001, 0x7FE00002, 0x7FE00003
_REVERSIBLY_MIXED, _RGB = "YBR_RCT", b"RGB "

_ENCODED_TIMES, _FRAME_TIMES = 2, 8
"""What decoding needs beside the decoded image: the encoded one twice, and one frame in the codec's wider samples."""
_VALUE_MAX_BYTES = 0xFFFFFFFE
_SMALL_BYTES = 64 << 10
_SWAPPED_MAX_BITS = 16
"""Some writers swap the two words of a wider big endian pixel (OW, PS3.5 section 7.3), some the whole of it."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A stored data set, inflated where it was deflated, and the digest of its pixel data.

    `image` is what it declares, where it is to be decoded; `bits` is Bits Allocated, `signed` Pixel Representation.
    """

    data: bytearray
    before: Sha256 | None
    image: Image | None
    bits: int
    signed: bool


@dataclass(frozen=True, slots=True)
class Converted:
    """The new data set in pieces, and the digests of its pixel data before and after."""

    pieces: list[Piece]
    before: Sha256 | None
    after: Sha256 | None

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return sum(len(piece) for piece in self.pieces)


def gather(stored: TransferSyntaxUid, chunks: Iterable[bytes], *, room_bytes: int) -> Gathered:
    """Take a data set whole, and stop as soon as it is clear that it cannot be converted in this room.

    Raises `SyntaxRefused` then, before anything is decoded; `InstanceFault` where the data set cannot be followed.
    """
    meter, scanner = Meter(stored), Scanner(stored, wanted=WANTED, until=_OFFSETS)
    inflater = Inflater() if encoding_of(stored).deflated else None
    data, image = bytearray(), None
    for chunk in meter.through(chunks):
        scanner.feed(chunk)
        if image is None and scanner.finished and stored in COMPRESSED:
            image = Image.of(scanner.content)
        for piece in inflater.feed(chunk) if inflater else (chunk,):
            data += piece
            _look_for_room(len(data), image, room_bytes)
    order = encoding_of(stored).order
    bits, signed = (int.from_bytes(value_of(scanner.content, tag), order) for tag in (BITS_ALLOCATED, SIGNED))
    return Gathered(data, meter.pixels, image, bits, signed=bool(signed))


def _look_for_room(encoded: int, image: Image | None, room_bytes: int) -> None:
    decoded = image.bytes if image else 0
    beside = _ENCODED_TIMES * encoded + (_FRAME_TIMES * image.frame_bytes if image else 0)
    if decoded + beside > room_bytes or decoded > _VALUE_MAX_BYTES:
        raise SyntaxRefused("too large to be converted here")


def convert(stored: TransferSyntaxUid, target: TransferSyntaxUid, gathered: Gathered) -> Converted:
    """The same data set in the target syntax, which is uncompressed and little endian."""
    conversion = _Conversion(stored, target, gathered)
    return Converted(list(_joined(conversion.pieces())), gathered.before, conversion.after)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Small pieces in one: an element is a few bytes, and a piece of its own would be ten times that in memory."""
    small = bytearray()
    for piece in pieces:
        if len(piece) <= _SMALL_BYTES:
            small += piece
        else:
            yield small
            small = bytearray()
            yield piece
    yield small


class _Conversion:
    def __init__(self, stored: TransferSyntaxUid, target: TransferSyntaxUid, gathered: Gathered) -> None:
        self._stored = stored
        self._gathered = gathered
        self._source, self._target = encoding_of(stored), encoding_of(target)
        self._alike = (self._source.explicit, self._source.order) == (self._target.explicit, "little")
        self._reader = Reader(gathered.data)
        self._writer = Writer(self._reader, self._target)
        self._tables: dict[int, bytes] = {}
        self._digest = hashlib.sha256() if gathered.before else None

    @property
    def after(self) -> Sha256 | None:
        return Sha256(self._digest.hexdigest()) if self._digest else None

    def pieces(self) -> Iterator[Piece]:
        """The new data set; without group lengths, which would not be right any more."""
        for element in self._reader.elements(self._source):
            if element.tag & 0xFFFF:
                yield from self._compressed(element) if self._stored in COMPRESSED else self._uncompressed(element)

    def _uncompressed(self, element: Element) -> Iterator[Piece]:
        """Native pixel data come as two pieces: a head and the value."""
        if element.tag not in PIXELS or not self._digest:
            yield from self._element(element)
            return
        if element.endless:
            raise InstanceFault("its pixel data are compressed, and its transfer syntax says they are not")
        if self._source.order == "big" and self._gathered.bits > _SWAPPED_MAX_BITS and element.vr == b"OW":
            raise SyntaxRefused("big endian pixels of more than 16 bits")
        first, value = self._element(element)
        self._digest.update(value)
        yield from (first, value)

    def _compressed(self, element: Element) -> Iterator[Piece]:
        image = self._gathered.image
        if element.tag in PIXELS and image:
            yield from self._pixels(element, image)
        elif element.tag in (_OFFSETS, _LENGTHS, _TOTAL):
            self._tables[element.tag] = bytes(self._value(element))
        elif element.tag == _PHOTOMETRIC and image and image.photometric == _REVERSIBLY_MIXED:
            yield head(element.tag, b"CS", len(_RGB), self._target)
            yield _RGB
        else:
            yield from self._element(element)

    def _element(self, element: Element) -> Iterator[Piece]:
        """As it is where nothing about its encoding changes; icons are looked into, as they may be compressed."""
        if self._alike and element.tag != _ICONS:
            yield self._reader.data[element.start : element.value]
            yield self._reader.data[element.value : element.end]
        else:
            yield from self._writer.element(element, self._source, signed=self._gathered.signed)

    def _pixels(self, element: Element, image: Image) -> Iterator[Piece]:
        if element.tag != PIXEL_DATA or not element.is_encapsulated:
            raise InstanceFault("its pixel data are not compressed, as its transfer syntax says")
        tables = self._tables.get(_OFFSETS), self._tables.get(_LENGTHS)
        offsets = (tables[0], tables[1]) if tables[0] and tables[1] else None
        decoded = decode(self._stored, image, bytes(self._value(element)), offsets=offsets)
        if self._digest:
            self._digest.update(decoded)
        yield head(PIXEL_DATA, b"OB" if image.bits == 8 else b"OW", len(decoded), self._target)
        yield decoded

    def _value(self, element: Element) -> memoryview:
        return self._reader.data[element.value : element.stop]
