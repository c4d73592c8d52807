"""A file for each chain, to which lines are only ever appended: entries as JSON, and signed heads of the chain.

Wire format: docs/reference/audit-export.md. A line is a JSON object with `entry` or `head`, and never changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from linkexchange.errors import AuditSinkUnavailable
from linkexchange.model.audit import AuditEntry
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.trail import number_of

_TAIL_BYTES = 256 * 1024


class FileSink:
    """A folder, best on another machine's disk, with one file for each chain."""

    name = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, participant: TelematikId, entries: Sequence[AuditEntry], head: str) -> None:
        """Append what is not there yet, and let the disk have it before this returns."""
        try:
            self._append(_file(self._folder, participant), entries, head)
        except OSError as full:
            raise AuditSinkUnavailable(f"{self.name}: {full.strerror}") from full

    def _append(self, file: Path, entries: Sequence[AuditEntry], head: str) -> None:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            there = _last_seq(descriptor)
            lines = [_line(entry) for entry in entries if entry.seq > there]
            text = "".join(f"{line}\n" for line in [*lines, *([json.dumps({"head": head})] if head else [])])
            _write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    """All of it. A line that a crash has cut short is ended first, and passed over by whoever reads."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        content = b"\n" + content
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _last_seq(descriptor: int) -> int:
    """The number of the newest entry that is there whole; 0 where there is none."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    found = [row["entry"]["seq"] for row in _rows(tail.split(b"\n")) if "entry" in row]
    return max(found, default=0)


def heads_in(folder: Path, participant: TelematikId) -> list[str]:
    """The signed heads that lie in the file of a chain, oldest first; none where there is no file."""
    try:
        with _file(folder, participant).open("rb") as lines:
            return [str(row["head"]) for row in _rows(lines) if "head" in row]
    except FileNotFoundError:
        return []


def _rows(lines: Sequence[bytes] | Any) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row


def _file(folder: Path, participant: TelematikId) -> Path:
    return folder / f"audit-{quote(participant, safe='')}.jsonl"


def _line(entry: AuditEntry) -> str:
    said = {
        "id": str(number_of(entry)),
        "participant": str(entry.participant),
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "action": entry.action.value,
        "fields": dict(entry.fields),
        "previous": str(entry.previous),
        "hash": str(entry.hash),
    }
    return json.dumps({"entry": said}, ensure_ascii=False, separators=(",", ":"))
