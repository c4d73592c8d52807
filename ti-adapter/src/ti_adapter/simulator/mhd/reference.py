"""An entry of the record as a DocumentReference (TIMHDDocumentReference), as the MHD Service would show it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

from ti_adapter.epa.mhd.names import (
    CONTENT,
    KVNR_SYSTEM,
    TELEMATIK_ID_SYSTEM,
    URI_SYSTEM,
    system_of,
    to_fhir_time,
)
from ti_adapter.epa.xds.metadata import Author, Metadata
from ti_adapter.simulator.entries import Entry
from ti_adapter.xds import Code

PROFILE: Final = "https://gematik.de/fhir/epa-mhd/StructureDefinition/epa-mhd-document-reference"
BASE: Final = "http://epa4all"
"""Stands in front of all addresses, as in gematik's examples; nothing is there."""
CATEGORY: Final = "urn:oid:1.2.276.0.76.5.511"
EXTENSIONS: Final = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "application/xml": "xml",
    "application/hl7-v3": "xml",
    "application/pkcs7-mime": "p7m",
    "application/fhir+xml": "xml",
    "application/fhir+json": "json",
    "application/json": "json",
}
"""By media type; which belong together says A_24864, which was not at hand."""

Json = dict[str, object]


def file_name(entry: Entry) -> str:
    """By which a document is retrieved; one of another media type is not, and has a name all the same."""
    return f"{entry.metadata.unique_id}.{EXTENSIONS.get(entry.media_type, 'bin')}"


def document_reference(entry: Entry, told: Metadata, content: bytes, *, kvnr: str, category: str) -> Json:
    """What is not known of the entry is left out."""
    metadata = entry.metadata
    codes = metadata.codes
    labels = [*codes.get("confidentialityCode", ()), Code(category, CATEGORY, category)]
    said: Json = {
        "resourceType": "DocumentReference",
        "id": entry.entry,
        "meta": {"profile": [PROFILE], "lastUpdated": entry.created.isoformat()},
        "masterIdentifier": _identifier(URI_SYSTEM, f"urn:oid:{metadata.unique_id}"),
        "identifier": [
            {**_identifier(URI_SYSTEM, f"urn:uuid:{entry.entry}"), "use": "official"},
            _identifier(URI_SYSTEM, f"urn:oid:{metadata.unique_id}"),
        ],
        "status": "current",
        "type": _concept(codes.get("typeCode", ())),
        "category": [_concept([one]) for one in codes.get("classCode", ())],
        "subject": {"type": "Patient", "identifier": _identifier(KVNR_SYSTEM, kvnr)},
        "date": entry.created.isoformat(),
        "author": [one for author in told.told_authors() for one in _authors(author)],
        "description": told.comments,
        "securityLabel": [_concept([one]) for one in labels],
        "content": [{"attachment": _attachment(entry, content), "format": _coding(codes.get("formatCode", ()))}],
        "context": _context(entry),
    }
    return _without_nothing(said)


def _attachment(entry: Entry, content: bytes) -> Json:
    slots = entry.metadata.slots
    return {
        "contentType": entry.media_type,
        "language": slots.get("languageCode", ("",))[0],
        "url": f"{BASE}{CONTENT}{file_name(entry)}",
        "size": len(content),
        "hash": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
        "title": entry.title,
        "creation": _time(slots.get("creationTime", ())),
    }


def _context(entry: Entry) -> Json:
    codes, slots = entry.metadata.codes, entry.metadata.slots
    source = next(iter(slots.get("sourcePatientId", ())), "")
    return {
        "event": [_concept([one]) for one in codes.get("eventCodeList", ())],
        "period": {"start": _time(slots.get("serviceStartTime", ())), "end": _time(slots.get("serviceStopTime", ()))},
        "facilityType": _concept(codes.get("healthcareFacilityTypeCode", ())),
        "practiceSetting": _concept(codes.get("practiceSettingCode", ())),
        "sourcePatientInfo": {"identifier": _cx(source)} if source else {},
        "related": [{"identifier": _cx(one)} for one in slots.get("urn:ihe:iti:xds:2013:referenceIdList", ())],
    }


def _authors(author: Author) -> Iterable[Json]:
    """Institutions by Telematik-ID, and the person by its name."""
    for institution in author.institutions:
        name, _, rest = institution.partition("^")
        number = rest.rpartition("^")[2]
        named = {"identifier": _identifier(TELEMATIK_ID_SYSTEM, number)} if number else {}
        yield {"type": "Organization", **named, "display": name}
    if author.person:
        yield {"type": "Practitioner", "display": " ".join(one for one in author.person.split("^") if one)}


def _cx(value: str) -> Json:
    """A CX of HL7 v2 as an Identifier; without somebody who assigns it, its kind stands as the system."""
    number, _, _, assigner, kind = (*value.split("^"), "", "", "", "")[:5]
    oid = assigner.split("&")[1] if assigner.count("&") == 2 else ""
    if not oid:
        return _identifier(kind, number)
    typed: Json = {"type": {"coding": [{"system": URI_SYSTEM, "code": kind}]}} if kind else {}
    return {**typed, **_identifier(system_of(oid), number)}


def _identifier(system: str, value: str) -> Json:
    return {"system": system, "value": value}


def _concept(codes: Iterable[Code]) -> Json:
    return {"coding": [_coding([one]) for one in codes]}


def _coding(codes: Iterable[Code]) -> Json:
    for one in codes:
        return {"system": system_of(one.scheme), "code": one.code, "display": one.display}
    return {}


def _time(values: tuple[str, ...]) -> str:
    return to_fhir_time(values[0]) if values else ""


def _without_nothing(said: Json) -> Json:
    """FHIR knows no empty element."""
    cleaned = {name: _cleaned(value) for name, value in said.items()}
    return {name: value for name, value in cleaned.items() if value not in ("", [], {}, None)}


def _cleaned(value: object) -> object:
    if isinstance(value, dict):
        return _without_nothing(value)
    if isinstance(value, list):
        return [one for one in map(_cleaned, value) if one not in ("", [], {}, None)]
    return value
