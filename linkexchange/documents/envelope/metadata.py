"""XDS metadata of one link document (ITI TF-3 section 4.2.3.2), as a value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from linkexchange.documents.envelope.hl7 import cx, xon
from linkexchange.documents.envelope.profile import CodesProfile, Coding
from linkexchange.model.identifiers import LinkId, Oid
from linkexchange.model.link import Link, Order
from linkexchange.model.patient import KVNR_ISSUER

TELEMATIK_ID_ISSUER = "1.2.276.0.76.4.188"
"""OID of the Telematik-ID as an identifier system."""
CONFIDENTIALITY = "2.16.840.1.113883.5.25"
CONFIDENTIALITY_URI = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
STUDY_KIND = "urn:ihe:iti:xds:2016:studyInstanceUID"
ACCESSION_KIND = "urn:ihe:iti:xds:2013:accession"
ORDER_KIND = "urn:ihe:iti:xds:2013:order"


@dataclass(frozen=True, slots=True)
class Content:
    """A link document as bytes, of any MIME type that a profile can name: FHIR or a Key Object Selection."""

    content: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class XdsMetadata:
    """What an XDS DocumentEntry says of a link document. Attributes are named as XDS names them.

    `size` is in bytes, `hash` the SHA-1 in hexadecimal that XDS asks for (not a proof of anything here).
    """

    unique_id: Oid
    mime_type: str
    class_code: Coding
    type_code: Coding
    format_code: Coding
    practice_setting_code: Coding
    healthcare_facility_type_code: Coding
    confidentiality_code: tuple[Coding, ...]
    event_code_list: tuple[Coding, ...]
    language_code: str
    title: str
    creation_time: datetime
    service_start_time: datetime | None
    patient_id: str
    author_institution: str
    reference_id_list: tuple[str, ...]
    size: int
    hash: str
    home_community_id: str
    replaces: LinkId | None

    def slots(self) -> dict[str, tuple[str, ...]]:
        """The attributes that are ebRIM slots, as texts; what has no value is left out."""
        rows = {
            "creationTime": (_time(self.creation_time),),
            "languageCode": (self.language_code,),
            "serviceStartTime": (_time(self.service_start_time),) if self.service_start_time else (),
            "sourcePatientId": (self.patient_id,),
            "size": (str(self.size),),
            "hash": (self.hash,),
            "urn:ihe:iti:xds:2013:referenceIdList": self.reference_id_list,
        }
        return {name: values for name, values in rows.items() if values}


def metadata(link: Link, content: Content, profile: CodesProfile, *, title: str) -> XdsMetadata:
    """What a record system is told of a link document.

    Raises:
        ValueError: The profile has no format code for documents of this MIME type.
    """
    if content.mime_type not in profile.formats:
        raise ValueError("the profile has no format code for this MIME type")
    return XdsMetadata(
        unique_id=Oid(link.link.oid),
        mime_type=content.mime_type,
        class_code=profile.class_code,
        type_code=profile.type_code,
        format_code=profile.formats[content.mime_type],
        practice_setting_code=profile.practice_setting_code,
        healthcare_facility_type_code=profile.healthcare_facility_type_code,
        confidentiality_code=(_confidentiality(link, profile.confidentiality_code),),
        event_code_list=(*_modalities(link, profile), *_regions(link, profile)),
        language_code=profile.language_code,
        title=title,
        creation_time=link.published,
        service_start_time=link.started,
        patient_id=cx(link.patient.kvnr, KVNR_ISSUER),
        author_institution=xon(link.origin.name, link.origin.telematik_id, TELEMATIK_ID_ISSUER),
        reference_id_list=tuple(dict.fromkeys(_references(link, profile.accession_authority))),
        size=len(content.content),
        hash=hashlib.sha1(content.content, usedforsecurity=False).hexdigest(),
        home_community_id=f"urn:oid:{link.origin.home_community}" if link.origin.home_community else "",
        replaces=link.replaces,
    )


def _time(moment: datetime) -> str:
    """DTM in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}".rjust(14, "0")


def _confidentiality(link: Link, usual: Coding) -> Coding:
    """What the document says of itself, where it says it: record and document must not contradict each other."""
    said = link.particulars.confidentiality
    if said is None or said.value == usual.code:
        return usual
    display = said.name.lower().replace("_", " ")
    return Coding(code=said.value, system=CONFIDENTIALITY, display=display, uri=CONFIDENTIALITY_URI)


def _modalities(link: Link, profile: CodesProfile) -> Iterator[Coding]:
    known = profile.modalities
    for code in sorted({series.modality for series in link.manifest.series} & known.codes.keys()):
        yield Coding(code=code, system=known.system, display=known.codes[code], uri=known.uri)


def _regions(link: Link, profile: CodesProfile) -> Iterator[Coding]:
    known = profile.regions
    said = {it.code: known.codes[it.code] for it in link.regions if it.code in known.codes}
    for words in dict.fromkeys(said.values()):
        yield Coding(code=words.code, system=known.system, display=words.display, uri=known.uri)


def _references(link: Link, authority: str) -> Iterator[str]:
    yield cx(link.manifest.study, "", STUDY_KIND)
    for order in link.orders:
        yield from _order(order, authority)


def _order(order: Order, authority: str) -> Iterator[str]:
    if order.accession:
        yield cx(order.accession, authority, ACCESSION_KIND)
    if order.placer_order_number:
        yield cx(order.placer_order_number, authority, ORDER_KIND)
