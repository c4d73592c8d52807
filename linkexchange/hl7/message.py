"""An HL7 v2 message as values: segments, fields, repetitions, components.

A segment is taken apart only where somebody looks, so that a message costs no more than its bytes, whatever stands in
it. Numbers are those of the standard: MSH-1 is the separator, the first component has number 1. What is not there is
empty. No `repr` holds a value, since most of them are patient data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from linkexchange.errors import MessageFault
from linkexchange.hl7.encoding import DEFAULT_CHARSET, Encoding, codec_of

NULL = '""'
"""The text of a field that says: delete what you have. An empty one says nothing."""
SEGMENTS_MAX = 20_000
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{2,6}(?:\.\d+)?)?(?:[+-]\d{4})?")
_HEADER = b"MSH"


@dataclass(frozen=True, slots=True)
class Field:
    """One repetition of a field."""

    raw: str = field(repr=False)
    encoding: Encoding = field(repr=False)

    def component(self, number: int = 1, *, sub: int = 1) -> str:
        """The text of a component, or of a subcomponent of it; empty where there is none."""
        component = _part(self.raw, self.encoding.component, number)
        return self.encoding.text(_part(component, self.encoding.subcomponent, sub))

    @property
    def day(self) -> date | None:
        """A DT or TS value as its day; None where it names none."""
        found = _DAY.fullmatch(self.component())
        try:
            return date(*map(int, found.groups())) if found else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Segment:
    """One line of a message."""

    name: str
    raw: str = field(repr=False)
    encoding: Encoding = field(repr=False)

    def repetitions(self, number: int) -> Sequence[Field]:
        """A field with all its repetitions; none where it is empty."""
        raw = self.field(number)
        return [Field(one, self.encoding) for one in raw.split(self.encoding.repetition)] if raw else []

    def first(self, number: int) -> Field:
        """The first repetition of a field."""
        return Field(self.field(number).partition(self.encoding.repetition)[0], self.encoding)

    def text(self, number: int, component: int = 1, *, sub: int = 1) -> str:
        """The text of a component of the first repetition of a field."""
        return self.first(number).component(component, sub=sub)

    def field(self, number: int) -> str:
        """A field as it is written. Raises ValueError for number 0, which is the name."""
        if self.name == _HEADER.decode():
            return self.encoding.field if number == 1 else _part(self.raw, self.encoding.field, number)
        return _part(self.raw, self.encoding.field, number + 1)


@dataclass(frozen=True, slots=True)
class Header:
    """What an answer needs to know of a message: MSH, and how it is written."""

    segment: Segment
    encoding: Encoding

    @classmethod
    def read(cls, block: bytes, *, charset: str = DEFAULT_CHARSET) -> Self:
        """Read MSH. Raises `MessageFault`."""
        line = re.split(rb"[\r\n]", block.lstrip(b"\r\n"), maxsplit=1)[0]
        if not line.startswith(_HEADER) or len(line) < len(_HEADER) + 2:
            raise MessageFault("the message does not begin with MSH")
        parts = line.split(line[3:4], 18)
        separator, marks = line[3:4].decode("ascii", "replace"), parts[1].decode("ascii", "replace")
        term = parts[17].decode("ascii", "replace") if len(parts) > 17 else ""
        encoding = Encoding.declared(separator, marks, codec_of(term.partition(marks[1:2] or "~")[0], charset))
        return cls(Segment(_HEADER.decode(), _decoded(line, encoding), encoding), encoding)

    @property
    def kind(self) -> str:
        """Message code, such as `ORU` (MSH-9.1)."""
        return self.segment.text(9)

    @property
    def trigger(self) -> str:
        """Trigger event, such as `R01` (MSH-9.2)."""
        return self.segment.text(9, 2)

    @property
    def control_id(self) -> str:
        """Message control ID (MSH-10)."""
        return self.segment.text(10)


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message."""

    header: Header
    segments: tuple[Segment, ...]

    @classmethod
    def read(cls, block: bytes, *, charset: str = DEFAULT_CHARSET) -> Self:
        """Read the bytes of one message; `charset` holds where MSH-18 says nothing.

        Segments end with a carriage return; a message without any may have line feeds instead. Raises `MessageFault`,
        with places and never with values.
        """
        header = Header.read(block, charset=charset)
        text = _decoded(block, header.encoding)
        lines = [line.strip("\n") for line in text.split("\r" if "\r" in text else "\n")]
        written = [line for line in lines if line]
        if len(written) > SEGMENTS_MAX:
            raise MessageFault("too many segments")
        return cls(header, tuple(_segment(line, at, header) for at, line in enumerate(written)))

    def all(self, name: str) -> Sequence[Segment]:
        """All segments of a name."""
        return [segment for segment in self.segments if segment.name == name]

    def one(self, name: str) -> Segment:
        """The first segment of a name. Raises `MessageFault` where there is none."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        raise MessageFault(f"{name} is missing")


def _segment(line: str, at: int, header: Header) -> Segment:
    if not at:
        return header.segment
    name = line[:3]
    if not _NAME.fullmatch(name) or line[3:4] not in ("", header.encoding.field):
        raise MessageFault(f"segment {at + 1} has no name")
    return Segment(name, line, header.encoding)


def _decoded(raw: bytes, encoding: Encoding) -> str:
    try:
        return raw.decode(encoding.codec)
    except UnicodeDecodeError as wrong:
        raise MessageFault("the bytes are not those of the character set that holds (MSH-18)") from wrong


def _part(raw: str, separator: str, number: int) -> str:
    """One part of many, without keeping the others."""
    if number < 1:
        raise ValueError("numbers begin at 1")
    parts = raw.split(separator, number)
    return parts[number - 1] if len(parts) >= number else ""
