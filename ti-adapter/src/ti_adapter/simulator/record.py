"""The rules of the simulated record system, without input or output.

1. An institution reaches a record only while it is entitled to it. Not entitled and no such record look the same.
2. A document that was replaced, or that the patient has hidden, is not there: it is neither listed nor read.
3. What was replaced once cannot be replaced again, so that versions form a line.
4. Nothing is ever deleted, and what was stored is given back byte for byte.
5. Every access to a record is written down for its patient, refused ones too.
6. A uniqueId is taken once in a record; that of a document that was replaced or hidden stays taken.

Metadata are kept and given back as they came. Not simulated: roles and data categories, what value sets and guides ask
of metadata, and any encryption.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from ti_adapter.attestation import Attestation
from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.health_record import SimulatedRecord
from ti_adapter.xds import DocumentEntry

DOCUMENT_MAX_BYTES = 25_000_000
"""Limit of the ePA for one document: 25 MB."""


class Operation(StrEnum):
    """What an institution may do."""

    STORE = "store"
    FIND = "find"
    RETRIEVE = "retrieve"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Upload:
    """A document on its way into the record."""

    content: bytes = field(repr=False)
    metadata: DocumentEntry


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record's list."""

    entry: str
    author: str
    created: datetime
    metadata: DocumentEntry

    @property
    def title(self) -> str:
        """What people read."""
        return self.metadata.title

    @property
    def media_type(self) -> str:
        """What kind of document it is."""
        return self.metadata.mime_type


@dataclass(frozen=True, slots=True)
class Access:
    """One line of what the patient reads: who did what when, and how it ended (`ok`, or the code of the refusal)."""

    telematik_id: str
    name: str
    operation: str
    entry: str
    at: datetime
    outcome: str


@dataclass(slots=True)
class _Documents:
    entries: dict[str, Entry] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    accesses: list[Access] = field(default_factory=list)

    def add(self, upload: Upload, *, author: str, now: datetime) -> Entry:
        if len(upload.content) > DOCUMENT_MAX_BYTES:
            raise RecordRefused(ErrorCode.DOCUMENT_TOO_LARGE)
        self.check_new(upload)
        entry = Entry(str(uuid4()), author, now, upload.metadata)
        self.entries[entry.entry] = entry
        self.contents[entry.entry] = upload.content
        return entry

    def check_new(self, upload: Upload) -> None:
        if any(it.metadata.unique_id == upload.metadata.unique_id for it in self.entries.values()):
            raise RecordRefused(ErrorCode.DUPLICATE_DOCUMENT)

    def visible(self, entry: str) -> Entry:
        """An entry that the patient has not hidden, replaced or not."""
        if entry not in self.entries or entry in self.hidden:
            raise RecordRefused(ErrorCode.NO_RESOURCE)
        return self.entries[entry]

    def current(self, entry: str) -> Entry:
        if entry in self.replaced:
            raise RecordRefused(ErrorCode.NO_RESOURCE)
        return self.visible(entry)


class RecordSystem:
    """All records, as institutions and patients see them; raises `RecordRefused` where the rules say no.

    `records` are the same records by KVNR as other services of the record system know them: an entitlement that one of
    them makes counts here, and a record that is not activated is none.
    """

    def __init__(self, clock: Callable[[], datetime], records: dict[str, SimulatedRecord] | None = None) -> None:
        self._clock = clock
        self._records = {} if records is None else records
        self._documents: dict[str, _Documents] = defaultdict(_Documents)

    # An institution's side.

    def store(self, who: Attestation, kvnr: str, upload: Upload) -> Entry:
        """Put a new document in."""
        with self._opened(who, kvnr, Operation.STORE) as record:
            return record.add(upload, author=who.name, now=self._clock())

    def find(self, who: Attestation, kvnr: str, *, unique_id: str = "") -> list[Entry]:
        """What can be read now, newest first; the one under a uniqueId, where it is named."""
        with self._opened(who, kvnr, Operation.FIND) as record:
            gone = record.replaced | record.hidden
            shown = [entry for entry in reversed(record.entries.values()) if entry.entry not in gone]
            return [entry for entry in shown if unique_id in ("", entry.metadata.unique_id)]

    def retrieve(self, who: Attestation, kvnr: str, entry: str) -> tuple[Entry, bytes]:
        """One document as it was stored."""
        with self._opened(who, kvnr, Operation.RETRIEVE, entry=entry) as record:
            return record.current(entry), record.contents[entry]

    def replace(self, who: Attestation, kvnr: str, upload: Upload, *, entry: str) -> Entry:
        """Put a new version in the place of an entry."""
        with self._opened(who, kvnr, Operation.REPLACE, entry=entry) as record:
            record.visible(entry)
            record.check_new(upload)
            if entry in record.replaced:
                raise RecordRefused(ErrorCode.STATUS_MISMATCH)
            version = record.add(upload, author=who.name, now=self._clock())
            record.replaced.add(entry)
            return version

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
        record = self._own_documents(kvnr)
        if entry not in record.entries:
            raise RecordRefused(ErrorCode.NO_RESOURCE)
        record.hidden.add(entry)

    def unhide(self, kvnr: str, entry: str) -> None:
        """Show it again. Safe to repeat."""
        self._own_documents(kvnr).hidden.discard(entry)

    def documents(self, kvnr: str) -> list[Entry]:
        """What is in it now, newest first, hidden ones too."""
        own = self._own_documents(kvnr)
        return [entry for entry in reversed(own.entries.values()) if entry.entry not in own.replaced]

    def accesses(self, kvnr: str) -> list[Access]:
        """Who did what, oldest first."""
        return list(self._own_documents(kvnr).accesses)

    def _own_documents(self, kvnr: str) -> _Documents:
        self._own(kvnr)
        return self._documents[kvnr]

    def _own(self, kvnr: str) -> SimulatedRecord:
        if kvnr not in self._records:
            raise RecordRefused(ErrorCode.NO_HEALTH_RECORD)
        return self._records[kvnr]

    @contextmanager
    def _opened(self, who: Attestation, kvnr: str, operation: Operation, *, entry: str = "") -> Iterator[_Documents]:
        """The record, if this institution is entitled to it now; what becomes of the access is written down."""
        record = self._records.get(kvnr)
        if record is None:
            raise RecordRefused(ErrorCode.NOT_ENTITLED)
        documents, now, outcome = self._documents[kvnr], self._clock(), "ok"
        try:
            if not record.is_open_to(who.telematik_id, now):
                raise RecordRefused(ErrorCode.NOT_ENTITLED)
            yield documents
        except RecordRefused as refused:
            outcome = refused.code.value
            raise
        finally:
            documents.accesses.append(Access(who.telematik_id, who.name, operation, entry, now, outcome))
