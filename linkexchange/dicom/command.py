"""Command sets of the DIMSE messages that travel with bulk data (PS3.7 sections 6.3 and 9.3): no input, no output.

A command set is always Implicit VR Little Endian and begins with its own length. A handful of elements is understood;
others are passed over, since peers add what they like.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from linkexchange.errors import MessageFault

COMMAND_MAX_BYTES = 64 << 10
NO_DATA_SET = 0x0101
LOW = 2

_ANSWER = 0x8000
_HEAD = struct.Struct("<HHL")
_MALFORMED = "a command set that is malformed"
_UID_MAX = 64
_GROUP_LENGTH, _SOP_CLASS, _FIELD, _ID, _ANSWERED_ID = 0x0000, 0x0002, 0x0100, 0x0110, 0x0120
_MOVE_DESTINATION, _PRIORITY, _DATA_SET_TYPE, _STATUS = 0x0600, 0x0700, 0x0800, 0x0900
_INSTANCE, _REMAINING, _COMPLETED, _FAILED, _WARNING = 0x1000, 0x1020, 0x1021, 0x1022, 0x1023
_ORIGINATOR_AE, _ORIGINATOR_ID = 0x1030, 0x1031


class Field(IntEnum):
    """Command Field (0000,0100)."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_FIND_RQ = 0x0020
    C_FIND_RSP = 0x8020
    C_GET_RQ = 0x0010
    C_GET_RSP = 0x8010
    C_MOVE_RQ = 0x0021
    C_MOVE_RSP = 0x8021
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    C_CANCEL_RQ = 0x0FFF


class Command(NamedTuple):
    """One command, of which there are four for each image: a tuple is made in a fifth of the time of a dataclass.

    Numbers are None and texts empty where they are absent; `number` is the Message ID.

    `answers` is Message ID Being Responded To. `counts` are the remaining, completed, failed and warned
    sub-operations of a C-GET or C-MOVE: what an archive says, never to be relied upon. `originator` is who has asked
    for the C-MOVE that a C-STORE belongs to, and under which Message ID; some archives leave it out.
    """

    field: Field
    number: int | None = None
    answers: int | None = None
    sop_class: str = ""
    sop_instance: str = ""
    status: int | None = None
    priority: int | None = None
    has_data_set: bool = False
    move_destination: str = ""
    originator: str = ""
    originator_number: int | None = None
    counts: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)

    def encode(self) -> bytes:
        """The command set, elements in ascending order."""
        elements = b"".join(self._elements())
        return _number(_GROUP_LENGTH, len(elements), 4) + elements

    @classmethod
    @lru_cache(8)
    def decode(cls, content: bytes) -> Command:
        """Read a command set; raises `MessageFault` where it is malformed or none of the known ones.

        Remembers the last ones: the answers to a C-FIND for a study are all the same but for their data sets.
        """
        values = _read(content)
        try:
            field = Field(_value(values, _FIELD) or 0)
        except ValueError as wrong:
            raise MessageFault("a command that is not known") from wrong
        return cls(
            field,
            number=_value(values, _ID),
            answers=_value(values, _ANSWERED_ID),
            sop_class=_uid(values, _SOP_CLASS),
            sop_instance=_uid(values, _INSTANCE),
            status=_value(values, _STATUS),
            priority=_value(values, _PRIORITY),
            has_data_set=_value(values, _DATA_SET_TYPE) not in (None, NO_DATA_SET),
            move_destination=_text(values, _MOVE_DESTINATION),
            originator=_text(values, _ORIGINATOR_AE),
            originator_number=_value(values, _ORIGINATOR_ID),
            counts=(
                _value(values, _REMAINING),
                _value(values, _COMPLETED),
                _value(values, _FAILED),
                _value(values, _WARNING),
            ),
        )

    def check(self) -> None:
        """Raises `MessageFault` where it lacks what every request or every answer has (PS3.7 section 9.3)."""
        if self.field is Field.C_CANCEL_RQ:
            whole = self.answers is not None
        elif self.field & _ANSWER:
            whole = self.answers is not None and self.status is not None
        else:
            whole = self.number is not None
        if not whole:
            raise MessageFault("a command without its Message ID, or an answer without its status")

    def _elements(self) -> Iterator[bytes]:
        remaining, completed, failed, warning = self.counts
        yield _element(_SOP_CLASS, _padded(self.sop_class, b"\0"))
        yield _number(_FIELD, self.field)
        yield _number(_ID, self.number)
        yield _number(_ANSWERED_ID, self.answers)
        yield _element(_MOVE_DESTINATION, _padded(self.move_destination, b" "))
        yield _number(_PRIORITY, self.priority)
        yield _number(_DATA_SET_TYPE, 0x0001 if self.has_data_set else NO_DATA_SET)
        yield _number(_STATUS, self.status)
        yield _element(_INSTANCE, _padded(self.sop_instance, b"\0"))
        yield _number(_REMAINING, remaining)
        yield _number(_COMPLETED, completed)
        yield _number(_FAILED, failed)
        yield _number(_WARNING, warning)
        yield _element(_ORIGINATOR_AE, _padded(self.originator, b" "))
        yield _number(_ORIGINATOR_ID, self.originator_number)


def _element(element: int, value: bytes) -> bytes:
    return _HEAD.pack(0, element, len(value)) + value if value else b""


def _number(element: int, value: int | None, size: int = 2) -> bytes:
    return b"" if value is None else _element(element, value.to_bytes(size, "little"))


def _padded(text: str, padding: bytes) -> bytes:
    return text.encode("ascii") + padding * (len(text) % 2)


def _read(content: bytes) -> dict[int, bytes]:
    """All elements; raises `MessageFault` where one is of another group, out of order or runs over the end."""
    values: dict[int, bytes] = {}
    at, end, last = 0, len(content), -1
    try:
        while at < end:
            group, element, length = _HEAD.unpack_from(content, at)
            begin = at + _HEAD.size
            at = begin + length
            if group or element <= last or at > end:
                raise MessageFault(_MALFORMED)
            values[element] = content[begin:at]
            last = element
    except struct.error as wrong:
        raise MessageFault(_MALFORMED) from wrong
    return values


def _value(values: dict[int, bytes], element: int) -> int | None:
    value = values.get(element)
    if value is None or not value:
        return None
    if len(value) != 2:
        raise MessageFault(f"(0000,{element:04X}) is not a number of two bytes")
    return int.from_bytes(value, "little")


def _uid(values: dict[int, bytes], element: int) -> str:
    value = values.get(element, b"").rstrip(b"\0 ")
    if len(value) > _UID_MAX or value.translate(None, b"0123456789."):
        raise MessageFault(f"(0000,{element:04X}) is not a UID")
    return value.decode("ascii")


def _text(values: dict[int, bytes], element: int) -> str:
    return values.get(element, b"").decode("ascii", "replace").strip(" \0")
