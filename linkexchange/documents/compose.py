"""A link as the resources of a FHIR document, in the order of docs/reference/link-document.md.

Plain dictionaries in FHIR's JSON form; the R4B model checks and orders them afterwards. No token, no key, no header:
the document lies in a record for years and many may read it.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from html import escape
from typing import Any

from linkexchange.documents import names
from linkexchange.documents.text import plain
from linkexchange.model.identifiers import LinkId
from linkexchange.model.link import Link, LinkStatus
from linkexchange.model.study import Instance, Series

TITLE = "Verweis auf eine Bildstudie"
GENDERS = {"M": "male", "F": "female", "O": "other"}

Element = dict[str, Any]


def bundle(link: Link, *, address: str) -> Element:
    """The whole document; raises nothing, the model checks it."""
    resources = (
        _composition(link),
        _imaging_study(link),
        _patient(link),
        _organization(link),
        _endpoint(link, address),
    )
    return {
        "resourceType": "Bundle",
        "identifier": _document_id(link.link),
        "type": "document",
        "timestamp": _utc(link.published),
        "entry": [{"fullUrl": names.full_url(link.link, it["resourceType"]), "resource": it} for it in resources],
    }


def _composition(link: Link) -> Element:
    origin = _reference(link, "Organization")
    return _filled(
        resourceType="Composition",
        text={"status": "generated", "div": _narrative(link)},
        identifier=_document_id(link.link),
        status="final" if link.status is LinkStatus.AVAILABLE else "entered-in-error",
        type=_concept(names.LOINC, names.IMAGING_STUDY, display="Diagnostic imaging study"),
        subject=_reference(link, "Patient"),
        date=_utc(link.published),
        author=[origin],
        title=TITLE,
        custodian=origin,
        relatesTo=[{"code": "replaces", "targetIdentifier": _document_id(link.replaces)}] if link.replaces else None,
        event=[{"detail": [_reference(link, "ImagingStudy")]}],
    )


def _narrative(link: Link) -> str:
    """What a record system shows of the document when it can show nothing else; never a line for each instance."""
    if link.status is LinkStatus.CANCELLED:
        sentence = "Dieser Verweis wurde zurückgezogen."
    else:
        modalities = ", ".join(_modalities(link))
        counts = f"Serien: {len(link.manifest.series)}, Bilder: {len(link.manifest.uids)}"
        sentence = f"{plain(link.description) or 'Bildstudie'} ({modalities}). {counts}. {plain(link.origin.name)}"
    return f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(sentence)}</p></div>'


def _imaging_study(link: Link) -> Element:
    return _filled(
        resourceType="ImagingStudy",
        extension=[_digest(link)],
        identifier=[{"system": names.DICOM_UID, "value": names.OID + link.manifest.study}],
        status=link.status.value,
        modality=[{"system": names.DICOM_CODE, "code": code} for code in _modalities(link)],
        subject=_reference(link, "Patient"),
        started=_started(link.started) if link.started else None,
        basedOn=_order(link),
        numberOfSeries=len(link.manifest.series),
        numberOfInstances=len(link.manifest.uids),
        description=plain(link.description),
        series=[_series(link, series) for series in link.manifest.series],
    )


def _digest(link: Link) -> Element:
    value = base64.b64encode(bytes.fromhex(link.manifest.digest)).decode()
    parts = [{"url": "algorithm", "valueCode": "sha-256"}, {"url": "value", "valueBase64Binary": value}]
    return {"url": names.MANIFEST_DIGEST, "extension": parts}


def _order(link: Link) -> list[Element] | None:
    """The accession number names the order, which itself stays at the origin."""
    accession = plain(link.accession)
    if not accession:
        return None
    system = names.accession_system(link.origin.telematik_id)
    identifier = {"type": _concept(names.IDENTIFIER_TYPE, "ACSN"), "system": system, "value": accession}
    return [{"type": "ServiceRequest", "identifier": identifier}]


def _series(link: Link, series: Series) -> Element:
    return _filled(
        uid=str(series.series),
        number=_unsigned(series.number),
        modality={"system": names.DICOM_CODE, "code": _modality(series)},
        description=plain(series.description),
        numberOfInstances=len(series.instances),
        endpoint=[_reference(link, "Endpoint")],
        instance=[_instance(instance) for instance in series.instances],
    )


def _instance(instance: Instance) -> Element:
    return _filled(
        uid=str(instance.sop_instance),
        sopClass={"system": names.URI, "code": names.OID + instance.sop_class},
        number=_unsigned(instance.number),
    )


def _patient(link: Link) -> Element:
    patient = link.patient
    local = {
        "type": _concept(names.IDENTIFIER_TYPE, "MR"),
        "system": names.patient_system(link.origin.telematik_id),
        "value": plain(patient.local_id),
    }
    name = _filled(use="official", family=plain(patient.family), given=_listed(plain(patient.given)))
    return _filled(
        resourceType="Patient",
        identifier=[{"system": names.KVNR, "value": str(patient.kvnr)}, *([local] if local["value"] else [])],
        name=[name] if len(name) > 1 else None,
        gender=GENDERS.get(patient.sex, "unknown") if patient.sex else None,
        birthDate=patient.birth_date.isoformat() if patient.birth_date else None,
    )


def _organization(link: Link) -> Element:
    identifier = {
        "type": _concept(names.IDENTIFIER_TYPE, "PRN"),
        "system": names.TELEMATIK_ID,
        "value": str(link.origin.telematik_id),
    }
    return _filled(resourceType="Organization", identifier=[identifier], name=plain(link.origin.name))


def _endpoint(link: Link, address: str) -> Element:
    return {
        "resourceType": "Endpoint",
        "status": "active" if link.status is LinkStatus.AVAILABLE else "off",
        "connectionType": {"system": names.CONNECTION_TYPE, "code": names.WADO_RS},
        "managingOrganization": _reference(link, "Organization"),
        "period": {"start": _utc(link.published), "end": _utc(link.expires)},
        "payloadType": [_concept(names.PAYLOAD_TYPE, "none", text="DICOM WADO-RS")],
        "payloadMimeType": ["application/dicom"],
        "address": address,
    }


def _document_id(link: LinkId) -> Element:
    return {"system": names.URI, "value": names.OID + link.oid}


def _reference(link: Link, resource_type: str) -> Element:
    return {"reference": names.full_url(link.link, resource_type)}


def _concept(system: str, code: str, *, display: str = "", text: str = "") -> Element:
    return _filled(coding=[_filled(system=system, code=code, display=display)], text=text)


def _modalities(link: Link) -> tuple[str, ...]:
    return tuple(sorted({_modality(series) for series in link.manifest.series}))


def _modality(series: Series) -> str:
    """FHIR asks for a modality; where the PACS names none it is `OT`, DICOM's word for other."""
    return " ".join(plain(series.modality).split()) or "OT"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _started(moment: datetime) -> str:
    """Keep the zone of the place of imaging; a time without one is the node's local time.

    FHIR has no seconds in offsets, which zones had before about 1900: such a time is written as UTC.
    """
    local = moment.astimezone(moment.tzinfo)
    offset = local.utcoffset()
    return _utc(local) if offset and offset.seconds % 60 else local.isoformat()


def _unsigned(number: int | None) -> int | None:
    """DICOM's integer strings may be negative, FHIR's numbers here may not: they only sort, so those are left out."""
    return number if number is not None and number >= 0 else None


def _listed(text: str) -> list[str]:
    return [text] if text else []


def _filled(**elements: Any) -> Element:
    """FHIR knows no empty elements: what is empty is not written."""
    return {name: value for name, value in elements.items() if value not in (None, "", [])}
