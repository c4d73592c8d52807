"""`ports.Record` over the record systems of the ePA: the record is found, entered, and its documents are handled.

Versions form a line: what was replaced is deprecated, and neither listed nor read any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from linkexchange.errors import NotEntitled, RecordUnavailable
from linkexchange.model.identifiers import Kvnr, Oid, TelematikId
from linkexchange.model.link import Document
from linkexchange.model.metadata import Filing
from linkexchange.ports import RecordEntry
from linkexchange.ti import filing
from linkexchange.ti.faults import of_record
from linkexchange.ti.system import RecordSystem
from ti_adapter import epa
from ti_adapter.epa import CardProof, Locations
from ti_adapter.epa.xds import Registered, Retrieval, Search, Wanted, XdsDocumentService
from ti_adapter.epa.xds.names import Availability
from ti_adapter.xds import patient_id

_Answer = TypeVar("_Answer")
Operation = Callable[[XdsDocumentService], _Answer]


class EpaRecord:
    """The records of all patients, at whichever record system each of them is."""

    def __init__(self, systems: Mapping[str, RecordSystem], me: TelematikId, clock: Callable[[], datetime]) -> None:
        self._systems, self._me, self._clock = systems, me, clock
        self._locations = Locations({name: system.open for name, system in systems.items()})

    def store(self, kvnr: Kvnr, filing_: Filing) -> RecordEntry:
        """Put a new document into the record. Raises `DocumentFault` where it is too large for it."""
        return self._provide(kvnr, filing_, "")

    def find(self, kvnr: Kvnr) -> Sequence[RecordEntry]:
        """List the current link documents, newest first."""
        search = Search(patient_id(kvnr))
        found = self._use(kvnr, lambda documents: documents.find(search)).documents
        rows = [filing.record_entry(one) for one in found if _is_link(one)]
        return sorted(rows, key=lambda row: row.created, reverse=True)

    def look_up(self, kvnr: Kvnr, unique_id: Oid) -> RecordEntry | None:
        """The document under a uniqueId, of any kind; None where it is not there, replaced or hidden."""
        found = self._get(kvnr, unique_ids=(unique_id,))
        return filing.record_entry(found) if found else None

    def retrieve(self, kvnr: Kvnr, entry: str) -> Document:
        """Read one document: the very bytes that were stored. Raises `DocumentFault` where it is no FHIR document."""
        listed = self._get(kvnr, entry_uuids=(filing.urn_of(entry),))
        if listed is None:
            raise NotEntitled("no such document")
        wanted = Wanted(listed.metadata.entry.unique_id, listed.repository_unique_id)
        read: Retrieval = self._use(kvnr, lambda documents: documents.retrieve([wanted]))
        return filing.document(listed, read.documents[0])

    def replace(self, kvnr: Kvnr, entry: str, filing_: Filing) -> RecordEntry:
        """Put a new version in the place of an entry. Raises `DocumentFault` where it is too large for the record."""
        return self._provide(kvnr, filing_, entry)

    def withdraw(self, kvnr: Kvnr, entry: str, closing: Filing) -> RecordEntry:
        """Replace an entry by its closing version."""
        return self.replace(kvnr, entry, closing)

    def entitle(self, kvnr: Kvnr, proof: CardProof) -> datetime:
        """Let this institution into the record by the card that was shown, and say until when."""
        number = epa.Kvnr(kvnr)
        with of_record():
            return self._locations.at(number, self._clock(), lambda name: self._systems[name].entitle(number, proof))

    def _provide(self, kvnr: Kvnr, new: Filing, replaces: str) -> RecordEntry:
        """The record gives an entry its number, so that it is looked up."""
        document = filing.provided(new, replaces)
        told = filing.submission(new.metadata, self._me, self._clock())
        self._use(kvnr, lambda documents: documents.provide_and_register([document], told))
        entry = self.look_up(kvnr, new.metadata.unique_id)
        if entry is None:
            raise RecordUnavailable("what was stored is not listed")
        return entry

    def _get(
        self, kvnr: Kvnr, *, entry_uuids: tuple[str, ...] = (), unique_ids: tuple[str, ...] = ()
    ) -> Registered | None:
        """The document under a number, where it is the current version."""
        patient = patient_id(kvnr)
        found = self._use(kvnr, lambda it: it.get(patient, entry_uuids=entry_uuids, unique_ids=unique_ids))
        if found.errors:
            raise RecordUnavailable(found.errors[0])
        current = [one for one in found.documents if one.availability is Availability.APPROVED]
        return current[0] if current else None

    def _use(self, kvnr: Kvnr, operation: Operation[_Answer]) -> _Answer:
        number = epa.Kvnr(kvnr)
        with of_record():
            return self._locations.at(number, self._clock(), lambda name: self._systems[name].use(number, operation))


def _is_link(registered: Registered) -> bool:
    return registered.metadata.entry.mime_type in filing.LINK_DOCUMENTS
