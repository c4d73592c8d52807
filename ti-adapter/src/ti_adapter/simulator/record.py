"""The rules of the simulated record system, without input or output.

1. An institution reaches a record only while it is entitled to it. Not entitled and no such record look the same.
2. Its role has to have the right that it uses, for the category that the document is in and would be in then
   (`LegalPolicy`). What a role may not read is not there for it.
3. A document that was replaced, or that the patient has hidden, by itself or with its category, is neither listed nor
   read. A hidden one is not there for whatever else is asked of it, too.
4. What was replaced once is not replaced again, so that versions form a line. Other metadata are a version as well: an
   entry of its own, with the logical id and the content of the one before.
5. What was stored is given back byte for byte. What was removed is gone, with all versions of its metadata.
6. What comes with the confidentiality code CON is hidden from then on.
7. Its media type, and the codes that a guide fixes, are those that the record takes (`ContentPolicy`).
8. Every access to a record is written down for its patient, refused ones too.
9. A uniqueId is taken once in a record; that of a document that was replaced or hidden stays taken.

Metadata are kept and given back as they came. Not simulated: what value sets ask of metadata, what is in a document,
and any encryption.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from ti_adapter.attestation import Attestation
from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.content_policy import AnyContent, ContentPolicy
from ti_adapter.simulator.entries import DOCUMENT_MAX_BYTES, Change, Entries, Entry, Upload
from ti_adapter.simulator.health_record import SimulatedRecord
from ti_adapter.simulator.journal import Access, Journal, Operation
from ti_adapter.simulator.legal_policy import LegalPolicy, Right
from ti_adapter.xds import DocumentEntry

__all__ = ["DOCUMENT_MAX_BYTES", "Access", "Entry", "Operation", "RecordSystem", "RightMissing", "Upload"]


class RightMissing(RecordRefused):
    """The institution is entitled to the record, but the legal policy gives its role no such right."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.NOT_ENTITLED)


@dataclass(slots=True)
class _Documents:
    entries: Entries = field(default_factory=Entries)
    hidden_categories: set[str] = field(default_factory=set)


class RecordSystem:
    """All records, as institutions and patients see them; raises `RecordRefused` where the rules say no.

    `records` are the same records by KVNR as other services of the record system know them: an entitlement that one of
    them makes counts here, and a record that is not activated is none.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        records: dict[str, SimulatedRecord] | None = None,
        *,
        policy: LegalPolicy | None = None,
        content: ContentPolicy | AnyContent | None = None,
    ) -> None:
        self._clock = clock
        self._policy = policy or LegalPolicy()
        self._content = content or AnyContent()
        self.journal = Journal(clock)
        """What the patient reads; other services of the record system write into it, too."""
        self._records = {} if records is None else records
        self._documents: dict[str, _Documents] = defaultdict(_Documents)

    # An institution's side.

    def store(self, who: Attestation, kvnr: str, upload: Upload) -> Entry:
        """Put a new document in."""
        with self._opened(who, kvnr, Operation.STORE) as record:
            self._check(who, Right.CREATE, upload.metadata)
            self._content.check(upload.metadata)
            return record.entries.add(upload, author=who.name, now=self._clock())

    def find(self, who: Attestation, kvnr: str, *, unique_id: str = "") -> list[Entry]:
        """What can be read now, newest first; the one under a uniqueId, where it is named."""
        return [entry for entry, _ in self.shown(who, kvnr) if unique_id in ("", entry.metadata.unique_id)]

    def shown(self, who: Attestation, kvnr: str) -> list[tuple[Entry, bytes]]:
        """The same with the contents, for a service that describes documents or searches in them."""
        with self._opened(who, kvnr, Operation.FIND) as record:
            entries = [it for it in record.entries.shown() if self._may_read(who, record, it.metadata)]
            return [(entry, record.entries.contents[entry.entry]) for entry in entries]

    def retrieve(self, who: Attestation, kvnr: str, entry: str) -> tuple[Entry, bytes]:
        """One document as it was stored."""
        with self._opened(who, kvnr, Operation.RETRIEVE, entry=entry) as record:
            found = self._readable(who, record, record.entries.current(entry))
            return found, record.entries.contents[entry]

    def replace(self, who: Attestation, kvnr: str, upload: Upload, *, entry: str) -> Entry:
        """Put a new version in the place of an entry."""
        with self._opened(who, kvnr, Operation.REPLACE, entry=entry) as record:
            old = self._readable(who, record, record.entries.visible(entry))
            self._check(who, Right.UPDATE, old.metadata)
            self._check(who, Right.CREATE, upload.metadata)
            self._content.check(upload.metadata)
            record.entries.check_new(upload)
            record.entries.unreplaced(old)
            version = record.entries.add(upload, author=who.name, now=self._clock())
            record.entries.replaced.add(entry)
            return version

    def update(self, who: Attestation, kvnr: str, named: str, change: Change) -> Entry:
        """Give the document with a logical id or entry other metadata, as its next version. Raises as `change` does."""
        with self._opened(who, kvnr, Operation.UPDATE, entry=named) as record:
            old = record.entries.unreplaced(self._readable(who, record, record.entries.latest(named)))
            self._check(who, Right.UPDATE, old.metadata)
            metadata = change(old)
            self._check(who, Right.UPDATE, metadata)
            self._content.check(metadata)
            return record.entries.put(old, metadata)

    def remove(self, who: Attestation, kvnr: str, entries: Sequence[str]) -> list[str]:
        """Take documents out of the record, all of them or none: the entries that are gone."""
        with self._opened(who, kvnr, Operation.REMOVE, entry=" ".join(entries)) as record:
            gone = [self._readable(who, record, record.entries.visible(entry)) for entry in entries]
            for entry in gone:
                self._check(who, Right.DELETE, entry.metadata)
            return record.entries.drop(gone)

    def _readable(self, who: Attestation, record: _Documents, entry: Entry) -> Entry:
        if not self._may_read(who, record, entry.metadata):
            raise RecordRefused(ErrorCode.NO_RESOURCE)
        return entry

    def _may_read(self, who: Attestation, record: _Documents, metadata: DocumentEntry) -> bool:
        is_hidden = self._policy.category(metadata) in record.hidden_categories
        return not is_hidden and self._grants(who, Right.READ, metadata)

    def _check(self, who: Attestation, right: Right, metadata: DocumentEntry) -> None:
        if not self._grants(who, right, metadata):
            raise RightMissing

    def _grants(self, who: Attestation, right: Right, metadata: DocumentEntry) -> bool:
        return self._policy.grants(who.profession_oids, right, metadata)

    # The patient's side.

    def open_record(self, kvnr: str) -> None:
        """Have a record from now on. Safe to repeat."""
        self._records.setdefault(kvnr, SimulatedRecord())

    def entitle(self, kvnr: str, telematik_id: str, valid_to: datetime) -> None:
        """Entitle an institution until then; in the past, its entitlement ends."""
        self._own(kvnr).entitled[telematik_id] = valid_to

    def end_entitlement(self, kvnr: str, telematik_id: str) -> None:
        """End an entitlement at once. Safe to repeat."""
        self._own(kvnr).entitled.pop(telematik_id, None)

    def hide(self, kvnr: str, entry: str) -> None:
        """Hide a document from every institution. Safe to repeat."""
        self._own_documents(kvnr).entries.hidden.add(self._named(kvnr, entry))

    def unhide(self, kvnr: str, entry: str) -> None:
        """Show it again. Safe to repeat."""
        self._own_documents(kvnr).entries.hidden.discard(self._named(kvnr, entry))

    def documents(self, kvnr: str) -> list[Entry]:
        """What is in it now, newest first, hidden ones too."""
        return self._own_documents(kvnr).entries.listed()

    def hide_category(self, kvnr: str, category: str) -> None:
        """Hide all documents of a category, those to come too. Raises where there is no such category."""
        self._own_documents(kvnr).hidden_categories.add(self._category(category))

    def unhide_category(self, kvnr: str, category: str) -> None:
        """Show them again. Safe to repeat."""
        self._own_documents(kvnr).hidden_categories.discard(self._category(category))

    def accesses(self, kvnr: str) -> list[Access]:
        """Who did what, oldest first."""
        self._own(kvnr)
        return list(self.journal.lines[kvnr])

    def _category(self, name: str) -> str:
        if name not in self._policy.table:
            raise RecordRefused(ErrorCode.NO_RESOURCE)
        return name

    def _own_documents(self, kvnr: str) -> _Documents:
        self._own(kvnr)
        return self._documents[kvnr]

    def _own(self, kvnr: str) -> SimulatedRecord:
        if kvnr not in self._records:
            raise RecordRefused(ErrorCode.NO_HEALTH_RECORD)
        return self._records[kvnr]

    def _named(self, kvnr: str, entry: str) -> str:
        found = self._own_documents(kvnr).entries.all.get(entry)
        if found is None:
            raise RecordRefused(ErrorCode.NO_RESOURCE)
        return found.logical_id

    @contextmanager
    def _opened(self, who: Attestation, kvnr: str, operation: Operation, *, entry: str = "") -> Iterator[_Documents]:
        """The record, if this institution is entitled to it now; what becomes of the access is written down."""
        record = self._records.get(kvnr)
        if record is None:
            raise RecordRefused(ErrorCode.NOT_ENTITLED)
        with self.journal.noted(who, kvnr, operation, entry=entry):
            if not record.is_open_to(who.telematik_id, self._clock()):
                raise RecordRefused(ErrorCode.NOT_ENTITLED)
            yield self._documents[kvnr]
