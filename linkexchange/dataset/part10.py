"""DICOM files (PS3.10): the head before a data set, written and read."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from linkexchange.dataset.replay import Replay
from linkexchange.dataset.text import identifier
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, TransferSyntaxUid, Uid

IMPLEMENTATION_CLASS_UID = "2.25.76590881006321782558560838917468593098"
META_MAX_BYTES = 64 << 10

_PREAMBLE = bytes(128) + b"DICM"
_GROUP_LENGTH, _VERSION, _SOP_CLASS, _SOP_INSTANCE = 0x0000, 0x0001, 0x0002, 0x0003
_TRANSFER_SYNTAX, _IMPLEMENTATION = 0x0010, 0x0012
_GROUP, _HEAD, _LENGTH = 0x0002, struct.Struct("<HH2sH"), struct.Struct("<L")
_NOT_THE_LENGTH = "(0002,0000) is not the length of the group"
_LONG = frozenset({b"OB", b"OW", b"UN", b"SQ", b"UT"})

_Uid = TypeVar("_Uid", bound=Uid)


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What the head of a DICOM file says about the data set behind it."""

    sop_class: SopClassUid
    sop_instance: SopInstanceUid
    transfer_syntax: TransferSyntaxUid


def part10_head(sop_class: SopClassUid, sop_instance: SopInstanceUid, transfer_syntax: TransferSyntaxUid) -> bytes:
    """What stands before the data set in a DICOM file: an empty preamble and the file meta information."""
    meta = b"".join(
        (
            _element(_VERSION, b"OB\0\0", b"\x00\x01", 4),
            _element(_SOP_CLASS, b"UI", _padded(sop_class), 2),
            _element(_SOP_INSTANCE, b"UI", _padded(sop_instance), 2),
            _element(_TRANSFER_SYNTAX, b"UI", _padded(transfer_syntax), 2),
            _element(_IMPLEMENTATION, b"UI", _padded(IMPLEMENTATION_CLASS_UID), 2),
        )
    )
    return _PREAMBLE + _element(_GROUP_LENGTH, b"UL", len(meta).to_bytes(4, "little"), 2) + meta


def split_part10(chunks: Iterable[bytes]) -> tuple[FileMeta, Iterator[bytes]]:
    """Read the head of a DICOM file; the iterator that comes back yields the encoded data set behind it.

    The preamble is dropped, whatever stands in it. Raises `InstanceFault` when the head is malformed.
    """
    head = _Head(iter(chunks))
    if head.take(len(_PREAMBLE))[128:] != b"DICM":
        raise InstanceFault("no DICOM file: DICM is missing")
    elements = head.elements()
    meta = FileMeta(
        _uid(elements, _SOP_CLASS, SopClassUid),
        _uid(elements, _SOP_INSTANCE, SopInstanceUid),
        _uid(elements, _TRANSFER_SYNTAX, TransferSyntaxUid),
    )
    return meta, head.rest()


class _Head:
    """Reads the start of a stream of chunks, at most so much of it."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._buffer = b""
        self._at = self._ready = 0

    def take(self, count: int) -> bytes:
        taken = self.peek(count)
        if len(taken) < count:
            raise InstanceFault("the file meta information is cut off")
        self._at += count
        return taken

    def peek(self, count: int) -> bytes:
        end = self._at + count
        if end > self._ready:
            self._fill(end)
        return self._buffer[self._at : end]

    def _fill(self, end: int) -> None:
        """Read on up to here, as far as the source goes."""
        if end > META_MAX_BYTES:
            raise InstanceFault("the file meta information is too large")
        while len(self._buffer) < end and (chunk := next(self._source, None)) is not None:
            self._buffer = self._buffer + chunk if self._buffer else chunk
        self._ready = min(len(self._buffer), META_MAX_BYTES)

    def rest(self) -> Iterator[bytes]:
        return Replay([self._buffer[self._at :]], self._source)

    def elements(self) -> dict[int, bytes]:
        """The values of group 0002, as far as the group length says, or, without one, as far as the group goes."""
        found: dict[int, bytes] = {}
        while self.peek(2) == b"\x02\x00":
            element, value = self._element()
            found[element] = value
            if element == _GROUP_LENGTH:
                return found | _elements(self._group(int.from_bytes(value, "little")))
        return found

    def _group(self, length: int) -> bytes:
        if length > META_MAX_BYTES:
            raise InstanceFault(_NOT_THE_LENGTH)
        return self.take(length)

    def _element(self) -> tuple[int, bytes]:
        head = self.take(8)
        length = int.from_bytes(self.take(4) if head[4:6] in _LONG else head[6:], "little")
        return int.from_bytes(head[2:4], "little"), self.take(length)


def _elements(group: bytes) -> dict[int, bytes]:
    """The elements of a whole group 0002; raises `InstanceFault` where it does not end with one of them."""
    found: dict[int, bytes] = {}
    at, end = 0, len(group)
    try:
        while at < end:
            number, element, vr, length = _HEAD.unpack_from(group, at)
            begin = at + _HEAD.size
            if vr in _LONG:
                length, begin = _LENGTH.unpack_from(group, begin)[0], begin + _LENGTH.size
            at = begin + length
            if number != _GROUP:
                raise InstanceFault(_NOT_THE_LENGTH)
            found[element] = group[begin:at]
    except struct.error as wrong:
        raise InstanceFault(_NOT_THE_LENGTH) from wrong
    if at != end:
        raise InstanceFault(_NOT_THE_LENGTH)
    return found


def _element(element: int, vr: bytes, value: bytes, length_bytes: int) -> bytes:
    return b"\x02\x00" + element.to_bytes(2, "little") + vr + len(value).to_bytes(length_bytes, "little") + value


def _padded(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)


def _uid(elements: dict[int, bytes], element: int, kind: type[_Uid]) -> _Uid:
    try:
        return kind(identifier(elements.get(element, b"")))
    except ValueError as wrong:
        raise InstanceFault(f"(0002,{element:04X}) is missing or malformed") from wrong
