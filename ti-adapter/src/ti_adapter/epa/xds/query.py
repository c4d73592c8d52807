"""ITI-18: what a record has, by what it is about (FindDocuments) or by its numbers (GetDocuments)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds import response, rim, soap, tree
from ti_adapter.epa.xds.errors import Malformed, XdsMalformed
from ti_adapter.epa.xds.metadata import Registered, read_registered
from ti_adapter.epa.xds.names import ENTRY_CODES, QUERY, RIM, Availability, Operation
from ti_adapter.epa.xds.soap import Message, maker
from ti_adapter.xds import Code

FIND_DOCUMENTS: Final = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
FIND_DOCUMENTS_BY_REFERENCE_ID: Final = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"
GET_DOCUMENTS: Final = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
RESPONSE = f"{{{QUERY}}}AdhocQueryResponse"
_ENTRY = "$XDSDocumentEntry"


@dataclass(frozen=True, slots=True)
class Search:
    """FindDocuments, or FindDocumentsByReferenceId where reference ids are given.

    `codes` are by the names of a DocumentEntry, one of each name has to fit. Times have a zone; `created_to` is the
    first moment that is too late.
    """

    patient_id: str = field(repr=False)
    statuses: tuple[Availability, ...] = (Availability.APPROVED,)
    codes: Mapping[str, tuple[Code, ...]] = field(default_factory=dict)
    created_from: datetime | None = None
    created_to: datetime | None = None
    reference_ids: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """What a query has found; `errors` are the codes of what could not be searched (PartialSuccess)."""

    documents: tuple[Registered, ...]
    errors: tuple[str, ...] = ()


def find_documents(search: Search, *, message_id: str, to: str) -> tuple[bytes, str]:
    """Body and Content-Type. Raises ValueError for a code whose name XDS does not know."""
    if unknown := search.codes.keys() - ENTRY_CODES.keys():
        raise ValueError(f"no code of a DocumentEntry: {', '.join(sorted(unknown))}")
    codes = {
        f"{_ENTRY}{label[0].upper()}{label[1:]}": _anyone(f"{one.code}^^{one.scheme}" for one in codes)
        for label, codes in search.codes.items()
    }
    rows = {
        f"{_ENTRY}PatientId": (_quoted(search.patient_id),),
        f"{_ENTRY}Status": _anyone(search.statuses),
        **codes,
        f"{_ENTRY}CreationTimeFrom": _time(search.created_from),
        f"{_ENTRY}CreationTimeTo": _time(search.created_to),
        f"{_ENTRY}ReferenceIdList": _anyone(search.reference_ids),
    }
    query = FIND_DOCUMENTS_BY_REFERENCE_ID if search.reference_ids else FIND_DOCUMENTS
    return _request(query, rows, message_id=message_id, to=to)


def get_documents(
    *, entry_uuids: tuple[str, ...] = (), unique_ids: tuple[str, ...] = (), message_id: str, to: str
) -> tuple[bytes, str]:
    """By entryUUIDs or by uniqueIds, never by both. Body and Content-Type. Raises ValueError."""
    if bool(entry_uuids) is bool(unique_ids):
        raise ValueError("either entryUUIDs or uniqueIds")
    rows = {f"{_ENTRY}EntryUUID": _anyone(entry_uuids), f"{_ENTRY}UniqueId": _anyone(unique_ids)}
    return _request(GET_DOCUMENTS, rows, message_id=message_id, to=to)


def read_found(body: bytes, content_type: str, *, message_id: str, patient_id: str) -> Found:
    """The answer to either.

    Raises `XdsFault`, and `XdsMalformed`: 1. for no such answer; 2. for a document that is not described; 3. for one
    of another patient, or one that is there twice.
    """
    answer = soap.answer(soap.read(body, content_type), Operation.STORED_QUERY, RESPONSE, message_id)
    verdict = response.check(response.verdict(answer.element), partial=True)
    listed = tree.only(answer.element, rim.name("RegistryObjectList"))
    documents = tuple(read_registered(one) for one in listed.iterfind(rim.name("ExtrinsicObject")))
    if any(_person(one.metadata.entry.patient_id) != _person(patient_id) for one in documents):
        raise XdsMalformed(Malformed.VALUE, "patientId")
    if len({one.entry_uuid for one in documents}) != len(documents):
        raise XdsMalformed(Malformed.ELEMENT, "ExtrinsicObject")
    return Found(documents, verdict.errors)


def _request(query: str, rows: Mapping[str, tuple[str, ...]], *, message_id: str, to: str) -> tuple[bytes, str]:
    element = maker(QUERY).AdhocQueryRequest(
        maker(QUERY).ResponseOption(returnType="LeafClass", returnComposedObjects="true"), _query(query, rows)
    )
    return soap.request(Operation.STORED_QUERY, Message(element, Operation.STORED_QUERY, message_id, to=to))


def _query(query: str, rows: Mapping[str, tuple[str, ...]]) -> etree._Element:
    return maker(RIM).AdhocQuery(*rim.slots(rows), id=query)


def _quoted(value: str) -> str:
    """A text in a query; a quote in it is doubled (ITI TF-2 section 3.18.4.1.2.3.5)."""
    return "'" + value.replace("'", "''") + "'"


def _anyone(values: Iterable[str]) -> tuple[str, ...]:
    """Values of which one has to fit, each in a list of its own since a value of ebRIM is short."""
    return tuple(f"({_quoted(value)})" for value in values)


def _time(moment: datetime | None) -> tuple[str, ...]:
    return () if moment is None else (f"{moment.astimezone(UTC):%Y%m%d%H%M%S}",)


def _person(patient_id: str) -> str:
    """The number in a CX."""
    return patient_id.partition("^")[0]
