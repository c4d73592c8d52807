"""The patient's record in memory, as one institution sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from linkexchange.documents.companion import MEDIA_TYPE
from linkexchange.errors import AlreadyStored, NotEntitled
from linkexchange.model.identifiers import Kvnr, Oid
from linkexchange.model.link import Document, MediaType
from linkexchange.model.metadata import Filing
from linkexchange.ports import RecordEntry


@dataclass
class FakeRecord:
    """The record of one institution: `held` and `filed` are shared by all, `entitled` is this institution's right.

    `filed` has whatever was ever brought, by its entry: also what was replaced, whose uniqueId stays taken. `pages` are
    the entries of companion pages that stand, with their owners.
    """

    held: dict[str, tuple[Kvnr, Document, str]]
    filed: dict[str, Filing]
    pages: dict[str, Kvnr]
    clock: Callable[[], datetime]
    entitled: bool = True
    read: int = 0

    def store(self, kvnr: Kvnr, filing: Filing) -> RecordEntry:
        self._check(filing)
        entry = f"entry-{1 + len(self.filed)}"
        self.filed[entry] = filing
        if filing.metadata.mime_type == MEDIA_TYPE:
            self.pages[entry] = kvnr
        else:
            document = Document(filing.content, MediaType(filing.metadata.mime_type))
            self.held[entry] = (kvnr, document, filing.metadata.title)
        return self._entry(entry)

    def find(self, kvnr: Kvnr) -> Sequence[RecordEntry]:
        self._check()
        return [self._entry(entry) for entry, (owner, _, _) in self.held.items() if owner == kvnr]

    def look_up(self, kvnr: Kvnr, unique_id: Oid) -> RecordEntry | None:
        pages = [self._entry(page) for page, owner in self.pages.items() if owner == kvnr]
        return next((it for it in (*self.find(kvnr), *pages) if it.unique_id == unique_id), None)

    def retrieve(self, kvnr: Kvnr, entry: str) -> Document:
        self._check()
        self.read += 1
        if entry not in self.held or self.held[entry][0] != kvnr:
            raise NotEntitled
        return self.held[entry][1]

    def replace(self, kvnr: Kvnr, entry: str, filing: Filing) -> RecordEntry:
        self._check(filing)
        if entry not in self.held and entry not in self.pages:
            raise NotEntitled
        newer = self.store(kvnr, filing)
        self.held.pop(entry, None)
        self.pages.pop(entry, None)
        return newer

    def withdraw(self, kvnr: Kvnr, entry: str, closing: Filing) -> RecordEntry:
        return self.replace(kvnr, entry, closing)

    def _check(self, new: Filing | None = None) -> None:
        if not self.entitled:
            raise NotEntitled
        if new and any(it.metadata.unique_id == new.metadata.unique_id for it in self.filed.values()):
            raise AlreadyStored

    def _entry(self, entry: str) -> RecordEntry:
        told = self.filed[entry].metadata if entry in self.filed else None
        unique_id = told.unique_id if told else ""
        if entry in self.pages and told:
            return RecordEntry(entry, told.title, "hospital", self.clock(), told.mime_type, unique_id)
        _, document, title = self.held[entry]
        return RecordEntry(entry, title, "hospital", self.clock(), document.media_type, unique_id)
