"""Documents and what is said of them, from the words of this house to those of XDS and back."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from linkexchange.errors import DocumentFault, RecordUnavailable
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.link import Document, MediaType, location_of
from linkexchange.model.metadata import Filing, XdsMetadata
from linkexchange.ports import RecordEntry
from ti_adapter.epa.xds import Author, Metadata, Provided, Registered, Retrieved, SubmissionSet
from ti_adapter.epa.xds.metadata import DOCUMENTING
from ti_adapter.xds import DOCUMENT_BYTES_MAX, Code, DocumentEntry

LINK_DOCUMENTS: Final = frozenset(kind.value for kind in MediaType)

_CONTACT = Code("1", "1.3.6.1.4.1.19376.3.276.1.5.12", "Patientenkontakt")
_URN: Final = "urn:uuid:"


def urn_of(entry: str) -> str:
    """The entryUUID of an entry, which this house knows without its prefix."""
    return f"{_URN}{entry}"


def provided(filing: Filing, replaces: str = "") -> Provided:
    """A document on its way, in the place of an entry. Raises `DocumentFault` where it is too large for a record."""
    if len(filing.content) > DOCUMENT_BYTES_MAX:
        raise DocumentFault("larger than 25 MB")
    told = Metadata(_document_entry(filing.metadata))
    return Provided(uuid4().urn, told, filing.content, urn_of(replaces) if replaces else "")


def submission(metadata: XdsMetadata, sender: TelematikId, now: datetime) -> SubmissionSet:
    """The submission set of one document; its sender is the institution, under an OID derived from its Telematik-ID."""
    return SubmissionSet(
        unique_id=LinkId(str(uuid4())).oid,
        source_id=location_of(sender),
        patient_id=metadata.patient_id,
        submission_time=now,
        author=Author(institutions=(metadata.author_institution,), roles=(DOCUMENTING,)),
        content_type_code=_CONTACT,
    )


def record_entry(registered: Registered) -> RecordEntry:
    """One line of the record's list. Raises `RecordUnavailable` where its creationTime is none."""
    told = registered.metadata.entry
    return RecordEntry(
        registered.entry_uuid.removeprefix(_URN),
        told.title,
        told.author_institution.partition("^")[0],
        _moment(next(iter(told.slots.get("creationTime", ())), "")),
        told.mime_type,
        told.unique_id,
    )


def document(listed: Registered, read: Retrieved) -> Document:
    """A FHIR document as it was stored. Raises `DocumentFault` for another kind, and for bytes that are not its own."""
    if read.mime_type not in LINK_DOCUMENTS:
        raise DocumentFault("media type")
    slots = listed.metadata.entry.slots
    measured = {"size": str(len(read.content)), "hash": hashlib.sha1(read.content, usedforsecurity=False).hexdigest()}
    if any(slots.get(name, (value,)) != (value,) for name, value in measured.items()):
        raise DocumentFault("not of the size or hash that the record's list says")
    return Document(read.content, MediaType(read.mime_type))


def _document_entry(metadata: XdsMetadata) -> DocumentEntry:
    """Which version it replaces is said with the entry that it replaces."""
    codes = {
        name: tuple(Code(it.code, it.system, it.display) for it in them) for name, them in metadata.codes().items()
    }
    return DocumentEntry(
        unique_id=metadata.unique_id,
        mime_type=metadata.mime_type,
        title=metadata.title,
        patient_id=metadata.patient_id,
        author_institution=metadata.author_institution,
        home_community_id=metadata.home_community_id,
        codes=codes,
        slots=metadata.slots(),
    )


def _moment(text: str) -> datetime:
    """DTM in UTC, to the second; a record may say less, down to the year."""
    try:
        return datetime.strptime(text[:14].ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise RecordUnavailable("creationTime") from None
