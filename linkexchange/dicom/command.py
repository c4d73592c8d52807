"""Command sets of the DIMSE messages that travel with bulk data (PS3.7 sections 6.3 and 9.3): no input, no output.

A command set is always Implicit VR Little Endian and begins with its own length. A handful of elements is understood;
others are passed over, since peers add what they like.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

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
_COUNTS = (_REMAINING, _COMPLETED, _FAILED, _WARNING)


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
        head, middle, tail = _around(
            self.field, self.sop_class, self.status, self.priority, self.has_data_set, self[8:]
        )
        elements = b"".join(
            (
                head,
                _number(_ID, self.number),
                _number(_ANSWERED_ID, self.answers),
                middle,
                _element(_INSTANCE, _padded(self.sop_instance, b"\0")),
                tail,
            )
        )
        return _number(_GROUP_LENGTH, len(elements), 4) + elements

    @classmethod
    @lru_cache(8)
    def decode(cls, content: bytes) -> Command:
        """Read a command set; raises `MessageFault` where it is malformed or none of the known ones.

        Remembers the last ones: the answers to a C-FIND for a study are all the same but for their data sets.
        """
        values = _read(content)
        # A command has seven elements of sixteen that there are, so they are asked what they mean, and not the other
        # way round.
        found = {
            _NAMES[element]: _MEANINGS[element](element, values[element]) for element in values if element in _NAMES
        }
        field = _FIELDS.get(found.pop("field", None))
        if field is None:
            raise MessageFault("a command that is not known")
        if not values.keys().isdisjoint(_COUNTS):
            found["counts"] = tuple(_value(element, values.get(element, b"")) for element in _COUNTS)
        return cls(field, **found)

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


_Counts: TypeAlias = tuple[int | None, int | None, int | None, int | None]
_Rest: TypeAlias = tuple[str, str, int | None, _Counts]
"""Of a command: move destination, originator, its number, and counts."""


@lru_cache(64)
def _around(
    field: Field, sop_class: str, status: int | None, priority: int | None, has_data_set: bool, rest: _Rest
) -> tuple[bytes, bytes, bytes]:
    """Elements before, between and behind the Message ID and the SOP Instance UID: few kinds travel in thousands."""
    move_destination, originator, originator_number, counts = rest
    head = _element(_SOP_CLASS, _padded(sop_class, b"\0")) + _number(_FIELD, field)
    middle = (
        _element(_MOVE_DESTINATION, _padded(move_destination, b" ")),
        _number(_PRIORITY, priority),
        _number(_DATA_SET_TYPE, 0x0001 if has_data_set else NO_DATA_SET),
        _number(_STATUS, status),
    )
    tail = (
        *map(_number, _COUNTS, counts),
        _element(_ORIGINATOR_AE, _padded(originator, b" ")),
        _number(_ORIGINATOR_ID, originator_number),
    )
    return head, b"".join(middle), b"".join(tail)


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


def _value(element: int, value: bytes) -> int | None:
    if not value:
        return None
    if len(value) != 2:
        raise MessageFault(f"(0000,{element:04X}) is not a number of two bytes")
    return value[0] | value[1] << 8


def _has_data_set(element: int, value: bytes) -> bool:
    return _value(element, value) not in (None, NO_DATA_SET)


def _uid(element: int, value: bytes) -> str:
    value = value.rstrip(b"\0 ")
    if len(value) > _UID_MAX or value.translate(None, b"0123456789."):
        raise MessageFault(f"(0000,{element:04X}) is not a UID")
    return value.decode("ascii")


def _text(_: int, value: bytes) -> str:
    return value.decode("ascii", "replace").strip(" \0")


_FIELDS = {field.value: field for field in Field}
_NAMES = {
    _SOP_CLASS: "sop_class",
    _FIELD: "field",
    _ID: "number",
    _ANSWERED_ID: "answers",
    _MOVE_DESTINATION: "move_destination",
    _PRIORITY: "priority",
    _DATA_SET_TYPE: "has_data_set",
    _STATUS: "status",
    _INSTANCE: "sop_instance",
    _ORIGINATOR_AE: "originator",
    _ORIGINATOR_ID: "originator_number",
}
_MEANINGS: dict[int, Callable[[int, bytes], Any]] = {
    **dict.fromkeys(_NAMES, _value),
    **dict.fromkeys((_SOP_CLASS, _INSTANCE), _uid),
    **dict.fromkeys((_MOVE_DESTINATION, _ORIGINATOR_AE), _text),
    _DATA_SET_TYPE: _has_data_set,
}
