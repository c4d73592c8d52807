"""Lines and records. A line is `LLLFFFFcontent CR LF`: length with CR LF, four digits that name the field, content.

Lengths are counted in bytes, and senders are known to miscount them; so a line ends where it ends. Only the last one is
held to its length: a shorter one belongs to a file that was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from linkexchange.errors import MessageFault

RECORD = "8000"
"""Satzart: begins a record."""
_LINE = re.compile(rb"([0-9]{3})([0-9]{4})([^\r\n]*)")


@dataclass(frozen=True, slots=True)
class Record:
    """What stands between one Satzart and the next. Of a field that comes again the first counts."""

    kind: str
    fields: dict[str, bytes]

    def get(self, *names: str) -> bytes:
        """The first of these fields that is there and not empty."""
        return next((self.fields[name] for name in names if self.fields.get(name)), b"")


def records(content: bytes) -> Iterator[Record]:
    """The records of a file; raises `MessageFault` with the number of the line that is none."""
    record: Record | None = None
    for name, value in _lines(content):
        if name == RECORD:
            if record:
                yield record
            record = Record(value.decode("ascii", "replace"), {})
        elif record is None:
            raise MessageFault("line 1: no Satzart (8000)")
        else:
            record.fields.setdefault(name, value)
    if record is None:
        raise MessageFault("the file is empty")
    yield record


def _lines(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Blank lines and the old end-of-file mark 0x1A are passed over."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip(b" \x1a\x00")]
    for number, line in numbered:
        found = _LINE.fullmatch(line)
        if not found:
            raise MessageFault(f"line {number}: not of the form LLLFFFFcontent")
        length, name, value = found.groups()
        if (number, line) == numbered[-1] and int(length) > len(line) + 2:
            raise MessageFault(f"line {number}: the file was cut off")
        yield name.decode(), value.strip()
