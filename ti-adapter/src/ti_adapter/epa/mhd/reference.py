"""A DocumentReference of FHIR R4 as the metadata that XDS has (TIMHDDocumentReference, IHE MHD section 3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ti_adapter.epa.errors import EpaMalformed
from ti_adapter.epa.mhd.elements import (
    Element,
    code_of,
    codes_of,
    element,
    maybe,
    maybe_time,
    objects,
    size_of,
    text,
    time_of,
)
from ti_adapter.epa.mhd.names import (
    CATEGORY_SYSTEMS,
    CONTENT,
    KVNR_SYSTEM,
    TELEMATIK_ID_SYSTEM,
    is_uuid,
    scheme_of,
)
from ti_adapter.epa.values import Kvnr
from ti_adapter.epa.xds.names import Availability
from ti_adapter.xds import Code, DocumentEntry, patient_id

_STATUSES = {"current": Availability.APPROVED, "superseded": Availability.DEPRECATED}
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,199}\.[A-Za-z0-9]{1,10}")
_REFERENCES = "urn:ihe:iti:xds:2013:referenceIdList"


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document as the MHD Service knows it.

    `entry` is what XDS would say: times in UTC, `author_institution` the first organisation among the authors, slots
    only those that FHIR has an element for. `file_name` is how it is retrieved. `size` and `hash` are None and empty
    where they are not told. `categories` are the data categories among its labels.
    """

    entry_uuid: str
    entry: DocumentEntry
    availability: Availability
    file_name: str
    comments: str = field(default="", repr=False)
    categories: tuple[Code, ...] = ()
    size: int | None = None
    hash: str = ""


def read_reference(said: Element, kvnr: Kvnr) -> FoundDocument:
    """Raises `EpaMalformed`, which names the element and no value.

    1. A DocumentReference with a known status. 2. Its numbers. 3. It is this patient's. 4. What the profile requires.
    5. One content with the name of a file, whatever stands in front of it: nothing is ever asked elsewhere.
    """
    status = _STATUSES.get(maybe(said, "status"))
    if maybe(said, "resourceType") != "DocumentReference" or status is None:
        raise EpaMalformed("status")
    patient = element(element(said.get("subject")).get("identifier"))
    if (maybe(patient, "system"), maybe(patient, "value")) != (KVNR_SYSTEM, kvnr.value):
        raise EpaMalformed("subject")
    contents = objects(said.get("content"))
    if len(contents) != 1:
        raise EpaMalformed("content")
    attachment, context = element(contents[0].get("attachment")), element(said.get("context"))
    codes = {**_codes(said, context), "formatCode": [code_of(element(contents[0].get("format")))]}
    entry = DocumentEntry(
        unique_id=_unique_id(said),
        mime_type=text(attachment, "contentType"),
        title=text(attachment, "title"),
        patient_id=patient_id(kvnr.value),
        author_institution=_organisation(said),
        codes={name: tuple(found) for name, found in codes.items() if found},
        slots={name: values for name, values in _slots(attachment, context) if values},
    )
    return FoundDocument(
        entry_uuid=_entry_uuid(said),
        entry=entry,
        availability=status,
        file_name=_file_name(text(attachment, "url")),
        comments=maybe(said, "description"),
        categories=tuple(one for one in _labels(said) if one.scheme in CATEGORY_SYSTEMS),
        size=size_of(attachment.get("size")),
        hash=maybe(attachment, "hash"),
    )


def _codes(said: Element, context: Element) -> dict[str, list[Code]]:
    """All but the format. What the profile requires beside a class and a type is left to the service."""
    found = {
        "typeCode": codes_of(element(said.get("type"))),
        "classCode": [code for one in objects(said.get("category")) for code in codes_of(one)],
        "healthcareFacilityTypeCode": codes_of(element(context.get("facilityType"))),
        "practiceSettingCode": codes_of(element(context.get("practiceSetting"))),
        "eventCodeList": [code for one in objects(context.get("event")) for code in codes_of(one)],
        "confidentialityCode": [one for one in _labels(said) if one.scheme not in CATEGORY_SYSTEMS],
    }
    if not found["typeCode"] or not found["classCode"]:
        raise EpaMalformed("type")
    return found


def _labels(said: Element) -> list[Code]:
    return [code for concept in objects(said.get("securityLabel")) for code in codes_of(concept)]


def _slots(attachment: Element, context: Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    period = element(context.get("period"))
    yield "creationTime", (time_of(text(attachment, "creation"), "creation"),)
    yield "languageCode", (text(attachment, "language"),)
    yield "serviceStartTime", maybe_time(period, "start")
    yield "serviceStopTime", maybe_time(period, "end")
    source = element(context.get("sourcePatientInfo")).get("identifier")
    yield "sourcePatientId", () if source is None else (_cx(element(source)),)
    related = [element(one.get("identifier")) for one in objects(context.get("related"))]
    yield _REFERENCES, tuple(_cx(one) for one in related if one)


def _cx(identifier: Element) -> str:
    """An Identifier as a CX of HL7 v2; its kind stands as its type, or as its system where nobody has assigned it."""
    system, value = text(identifier, "system"), text(identifier, "value")
    kinds = [text(one, "code") for one in objects(element(identifier.get("type")).get("coding"))]
    if not system.startswith("urn:oid:"):
        return f"{value}^^^^{system}"
    return f"{value}^^^&{scheme_of(system)}&ISO" + (f"^{kinds[0]}" if kinds else "")


def _organisation(said: Element) -> str:
    for author in objects(said.get("author")):
        identifier = element(author.get("identifier"))
        if identifier.get("system") == TELEMATIK_ID_SYSTEM:
            name, number = maybe(author, "display"), text(identifier, "value")
            return f"{name}^^^^^&1.2.276.0.76.4.188&ISO^^^^{number}"
    return ""


def _unique_id(said: Element) -> str:
    value = text(element(said.get("masterIdentifier")), "value")
    return value.removeprefix("urn:oid:")


def _entry_uuid(said: Element) -> str:
    values = [maybe(one, "value") for one in objects(said.get("identifier"))]
    named = [one.removeprefix("urn:uuid:") for one in values if one.startswith("urn:uuid:")]
    number = (named or [maybe(said, "id")])[0]
    if not is_uuid(number):
        raise EpaMalformed("identifier")
    return f"urn:uuid:{number}"


def _file_name(url: str) -> str:
    before, _, name = url.rpartition("/")
    if not _FILE.fullmatch(name) or ".." in name or (before and not f"{before}/".endswith(CONTENT)):
        raise EpaMalformed("url")
    return name
