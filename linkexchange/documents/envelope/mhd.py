"""The same metadata as a FHIR R4 DocumentReference (IHE MHD, with what IHE RAD MADO adds), in JSON form.

References name nothing but identifiers, so that it stands alone: no Patient and no Organization need go along.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from linkexchange.documents import names
from linkexchange.documents.addresses import is_plain_address
from linkexchange.documents.envelope.profile import CodesProfile
from linkexchange.model.identifiers import LinkId
from linkexchange.model.link import Link, Order
from linkexchange.model.metadata import Coding, XdsMetadata

_BACKPORT = "http://hl7.org/fhir/5.0/StructureDefinition/extension-DocumentReference"

Element = dict[str, Any]


def document_reference(link: Link, metadata: XdsMetadata, profile: CodesProfile, *, url: str) -> Element:
    """A DocumentReference of a link document that can be fetched at `url`.

    Raises:
        ValueError: `url` is no plain https URL: a secret could travel in it.
    """
    if not is_plain_address(url):
        raise ValueError("the address of the document is not a plain https URL")
    identifier = {"use": "usual", **_document_id(link.link)}
    element = {
        "resourceType": "DocumentReference",
        "extension": [*_modalities(link), *_body_sites(link)],
        "masterIdentifier": identifier,
        "identifier": [identifier],
        "status": "current",
        "type": _concept(metadata.type_code, *(it.value for it in profile.types)),
        "category": [_concept(metadata.class_code)],
        "subject": _named("Patient", names.KVNR, link.patient.kvnr),
        "date": _instant(metadata.creation_time),
        "author": [_named("Organization", names.TELEMATIK_ID, link.origin.telematik_id, link.origin.name)],
        "relatesTo": _replaced(metadata.replaces),
        "securityLabel": [_concept(it) for it in metadata.confidentiality_code],
        "content": [_content(metadata, profile, url)],
        "context": _context(link, metadata),
    }
    return _filled(element)


def _content(metadata: XdsMetadata, profile: CodesProfile, url: str) -> Element:
    """The name of the inner extension is that of the package of R5 extensions that MADO 0.1.0 is made with."""
    claimed = profile.content_profiles.get(metadata.mime_type)
    inner = {"url": "value[x]", "valueCanonical": claimed}
    element = {
        "extension": [{"url": f"{_BACKPORT}.content.profile", "extension": [inner]}] if claimed else [],
        "attachment": _attachment(metadata, url),
        "format": _coding(metadata.format_code),
    }
    return _filled(element)


def _attachment(metadata: XdsMetadata, url: str) -> Element:
    return {
        "contentType": metadata.mime_type,
        "language": metadata.language_code,
        "url": url,
        "size": metadata.size,
        "hash": base64.b64encode(bytes.fromhex(metadata.hash)).decode(),
        "title": metadata.title,
        "creation": _instant(metadata.creation_time),
    }


def _context(link: Link, metadata: XdsMetadata) -> Element:
    started = metadata.service_start_time
    element = {
        "event": [_concept(it) for it in metadata.event_code_list],
        "period": {"start": _instant(started)} if started else None,
        "facilityType": _concept(metadata.healthcare_facility_type_code),
        "practiceSetting": _concept(metadata.practice_setting_code),
        "related": [_study(link), *(_accession(link, order) for order in link.orders if order.accession)],
    }
    return _filled(element)


def _modalities(link: Link) -> list[Element]:
    codes = sorted({series.modality for series in link.manifest.series if series.modality})
    concepts = ({"coding": [{"system": names.DICOM_CODE, "code": code}]} for code in codes)
    return [{"url": f"{_BACKPORT}.modality", "valueCodeableConcept": concept} for concept in concepts]


def _body_sites(link: Link) -> list[Element]:
    concepts = (
        {"coding": [_filled({"system": it.system, "code": it.code, "display": it.display})]} for it in link.regions
    )
    return [
        {"url": f"{_BACKPORT}.bodySite", "extension": [{"url": "concept", "valueCodeableConcept": concept}]}
        for concept in concepts
    ]


def _study(link: Link) -> Element:
    kind = {"coding": [{"system": names.DICOM_CODE, "code": "110180", "display": "Study Instance UID"}]}
    value = names.OID + link.manifest.study
    return {"type": "ImagingStudy", "identifier": {"type": kind, "system": names.DICOM_UID, "value": value}}


def _accession(link: Link, order: Order) -> Element:
    codings = [
        {"system": names.IDENTIFIER_TYPE, "code": "ACSN", "display": "Accession ID"},
        {"system": names.DICOM_CODE, "code": "121022", "display": "Accession Number"},
    ]
    system = names.accession_system(link.origin.telematik_id)
    identifier = {"type": {"coding": codings}, "system": system, "value": order.accession}
    return {"type": "ServiceRequest", "identifier": identifier}


def _replaced(older: LinkId | None) -> list[Element]:
    if older is None:
        return []
    return [{"code": "replaces", "target": {"type": "DocumentReference", "identifier": _document_id(older)}}]


def _document_id(link: LinkId) -> Element:
    return {"system": names.URI, "value": names.OID + link.oid}


def _named(kind: str, system: str, value: str, display: str = "") -> Element:
    return _filled({"type": kind, "identifier": {"system": system, "value": str(value)}, "display": display})


def _concept(*codings: Coding) -> Element:
    return {"coding": [_coding(it) for it in codings]}


def _coding(coding: Coding) -> Element:
    return _filled({"system": coding.fhir_system, "code": coding.code, "display": coding.display})


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _filled(element: Element) -> Element:
    """FHIR knows no empty elements."""
    return {name: value for name, value in element.items() if value not in (None, "", [])}
