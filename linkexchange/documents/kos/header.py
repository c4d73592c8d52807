"""Everything of a Key Object Selection but evidence and content: patient, study, equipment, document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from importlib.metadata import version
from uuid import UUID, uuid5

from linkexchange.documents import names
from linkexchange.documents.envelope.metadata import TELEMATIK_ID_ISSUER
from linkexchange.documents.kos.encoding import encoded
from linkexchange.documents.kos.held import LO_MAX, line
from linkexchange.documents.kos.items import da, issuer, offset, tm
from linkexchange.documents.kos.private import CREATOR, GROUP, VR, Private
from linkexchange.model.link import Link, Order, Origin
from linkexchange.model.patient import KVNR_ISSUER

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.88.59"
_XON_SEPARATORS = str.maketrans(dict.fromkeys("^&~|", " "))


Elements = dict[str, str | list[bytes]]


def header(link: Link) -> Elements:
    """All modules but the content; times are in the zone of the place of imaging."""
    zone = link.started.tzinfo if link.started else UTC
    published = link.published.astimezone(zone)
    return dict(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=SOP_CLASS,
        SOPInstanceUID=link.link.oid,
        TimezoneOffsetFromUTC=offset(published),
        Modality="KO",
        SeriesInstanceUID=f"2.25.{uuid5(UUID(link.link), 'KO').int}",
        SeriesNumber="1",
        InstanceNumber="1",
        ContentDate=da(published),
        ContentTime=tm(published),
        ReferencedPerformedProcedureStepSequence=[],
        Manufacturer="linkexchange",
        SoftwareVersions=version("linkexchange"),
        InstitutionName=institution(link.origin),
        **_patient(link),
        **_study(link),
    )


def institution(origin: Origin) -> str:
    """Name and Telematik-ID as XON, the name as short as it must be; the name alone where not even that fits."""
    name = line(origin.name.translate(_XON_SEPARATORS), LO_MAX)
    rest = f"^^^^^&{TELEMATIK_ID_ISSUER}&ISO^^^^{origin.telematik_id}"
    fits = line(rest, LO_MAX) == rest and len(rest) < LO_MAX and not set(origin.telematik_id) & set("^&~|")
    return name[: LO_MAX - len(rest)].rstrip() + rest if fits else name


def _patient(link: Link) -> Elements:
    patient = link.patient
    kvnr: Elements = {
        "PatientID": str(patient.kvnr),
        "IssuerOfPatientIDQualifiersSequence": [issuer(KVNR_ISSUER, "ISO")],
    }
    system = names.patient_system(link.origin.telematik_id)
    local: Elements = {"PatientID": patient.local_id, "IssuerOfPatientIDQualifiersSequence": [issuer(system, "URI")]}
    others = [kvnr, local] if patient.local_id else [kvnr]
    return {
        **kvnr,
        "OtherPatientIDsSequence": [encoded(**it, TypeOfPatientID="TEXT") for it in others],
        "PatientName": f"{patient.family}^{patient.given}".rstrip("^"),
        "PatientBirthDate": da(patient.birth_date) if patient.birth_date else "",
        "PatientSex": patient.sex,
    }


def _study(link: Link) -> Elements:
    accessions = {order.accession for order in link.orders if order.accession}
    only = accessions.pop() if len(accessions) == 1 else ""
    issued = {"IssuerOfAccessionNumberSequence": [_issuer_of_accession(link)]} if only else {}
    requests = {"ReferencedRequestSequence": [_request(link, it) for it in link.orders]} if link.orders else {}
    return {
        "StudyInstanceUID": str(link.manifest.study),
        "StudyDate": da(link.started) if link.started else "",
        "StudyTime": tm(link.started) if link.started else "",
        "StudyID": "",
        "StudyDescription": link.description,
        "ReferringPhysicianName": "",
        "AccessionNumber": only,
        **issued,
        **requests,
    }


def _request(link: Link, order: Order) -> bytes:
    issued = {"IssuerOfAccessionNumberSequence": [_issuer_of_accession(link)]} if order.accession else {}
    return encoded(
        StudyInstanceUID=str(link.manifest.study),
        ReferencedStudySequence=[],
        AccessionNumber=order.accession,
        PlacerOrderNumberImagingServiceRequest=order.placer_order_number,
        FillerOrderNumberImagingServiceRequest=order.filler_order_number,
        RequestedProcedureID="",
        RequestedProcedureDescription="",
        RequestedProcedureCodeSequence=[],
        **issued,
    )


def _issuer_of_accession(link: Link) -> bytes:
    return issuer(names.accession_system(link.origin.telematik_id), "URI")


def private(link: Link) -> list[tuple[int, str, str]]:
    """Our own block: tag, VR and text of each element that has a value."""
    block = GROUP << 16
    rows = [(block + 0x1000 + element, VR[element], value) for element, value in _private(link) if value]
    return [(block + 0x10, "LO", CREATOR), *rows]


def _private(link: Link) -> Iterator[tuple[Private, str]]:
    origin = link.origin
    yield Private.TELEMATIK_ID, str(origin.telematik_id)
    yield Private.NAME, origin.name
    yield Private.EXPIRES, f"{da(link.expires)}{tm(link.expires)}+0000"
    yield Private.HOME_COMMUNITY, str(origin.home_community or "")
    yield Private.REPLACES, link.replaces.oid if link.replaces else ""
    yield Private.BSNR, str(origin.bsnr or "")
    yield Private.IKNR, str(origin.iknr or "")
    yield Private.DIGEST, str(link.manifest.digest)
    yield Private.RESOLVER, str(link.particulars.resolver or "")
    yield Private.VIEWER, str(link.particulars.viewer or "")
    yield Private.CONFIDENTIALITY, str(link.particulars.confidentiality or "")
