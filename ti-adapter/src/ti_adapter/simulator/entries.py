"""The documents of one simulated record: entries, their contents, and what has become of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import uuid4

from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.xds import Code, DocumentEntry

DOCUMENT_MAX_BYTES = 25_000_000
"""Limit of the ePA for one document: 25 MB."""

CONSTRAINED: Final = Code("CON", "1.2.276.0.76.5.491")
"""Confidentiality code by which an institution hides what it stores, as the patient has wished."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A document on its way into the record."""

    content: bytes = field(repr=False)
    metadata: DocumentEntry


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record's list. Versions of its metadata have the same `logical_id`, the entry of the first."""

    entry: str
    author: str
    created: datetime
    metadata: DocumentEntry
    logical_id: str
    version: int = 1

    @property
    def title(self) -> str:
        """What people read."""
        return self.metadata.title

    @property
    def media_type(self) -> str:
        """What kind of document it is."""
        return self.metadata.mime_type


Change = Callable[[Entry], DocumentEntry]
"""What an entry is to say from now on, given the entry as it is; it may refuse."""


@dataclass(slots=True)
class Entries:
    """All of them. `hidden` are logical ids, `replaced` are entries that a document or version has come after."""

    all: dict[str, Entry] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    def add(self, upload: Upload, *, author: str, now: datetime) -> Entry:
        """A new document."""
        if len(upload.content) > DOCUMENT_MAX_BYTES:
            raise RecordRefused(ErrorCode.DOCUMENT_TOO_LARGE)
        self.check_new(upload)
        entry = str(uuid4())
        return self._listed(Entry(entry, author, now, upload.metadata, entry), upload.content)

    def check_new(self, upload: Upload) -> None:
        """Its uniqueId is free."""
        if any(it.metadata.unique_id == upload.metadata.unique_id for it in self.all.values()):
            raise RecordRefused(ErrorCode.DUPLICATE_DOCUMENT)

    def put(self, entry: Entry, metadata: DocumentEntry) -> Entry:
        """A new version of the metadata of a document."""
        newer = replace(entry, entry=str(uuid4()), metadata=metadata, version=entry.version + 1)
        self.replaced.add(entry.entry)
        return self._listed(newer, self.contents[entry.entry])

    def drop(self, entries: Iterable[Entry]) -> list[str]:
        """Take documents out, with all versions of their metadata: the entries that are gone."""
        gone = {entry.logical_id for entry in entries}
        names = [it.entry for it in self.all.values() if it.logical_id in gone]
        for name in names:
            del self.all[name], self.contents[name]
            self.replaced.discard(name)
        return names

    def listed(self) -> list[Entry]:
        """What was not replaced, newest first, hidden ones too."""
        return [it for it in reversed(self.all.values()) if it.entry not in self.replaced]

    def shown(self) -> list[Entry]:
        """What can be read now, newest first."""
        return [it for it in reversed(self.all.values()) if not self._is_gone(it)]

    def latest(self, named: str) -> Entry:
        """The newest version of the document with this logical id or entry. Raises where there is none to be seen."""
        logical_id = self.all[named].logical_id if named in self.all else named
        versions = [it for it in self.all.values() if it.logical_id == logical_id]
        return self.visible(versions[-1].entry if versions else "")

    def visible(self, entry: str) -> Entry:
        """An entry that the patient has not hidden, replaced or not."""
        if entry not in self.all or self.all[entry].logical_id in self.hidden:
            raise RecordRefused(ErrorCode.NO_RESOURCE)
        return self.all[entry]

    def current(self, entry: str) -> Entry:
        """An entry that can be read now."""
        found = self.visible(entry)
        if entry in self.replaced:
            raise RecordRefused(ErrorCode.NO_RESOURCE)
        return found

    def unreplaced(self, entry: Entry) -> Entry:
        """The same, if it has no newer one."""
        if entry.entry in self.replaced:
            raise RecordRefused(ErrorCode.STATUS_MISMATCH)
        return entry

    def _is_gone(self, entry: Entry) -> bool:
        return entry.entry in self.replaced or entry.logical_id in self.hidden

    def _listed(self, entry: Entry, content: bytes) -> Entry:
        self.all[entry.entry], self.contents[entry.entry] = entry, content
        codes = entry.metadata.codes.get("confidentialityCode", ())
        if any((one.code, one.scheme) == (CONSTRAINED.code, CONSTRAINED.scheme) for one in codes):
            self.hidden.add(entry.logical_id)
        return entry
