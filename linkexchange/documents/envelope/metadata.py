"""XDS metadata of one link document (ITI TF-3 section 4.2.3.2), as a value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from linkexchange.documents.envelope.hl7 import cx, xon
from linkexchange.documents.envelope.profile import CodesProfile
from linkexchange.model.identifiers import Oid
from linkexchange.model.link import Link, Order
from linkexchange.model.metadata import Coding, XdsMetadata
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


def metadata(
    link: Link, content: Content, profile: CodesProfile, *, title: str, unique_id: Oid | None = None
) -> XdsMetadata:
    """What a record system is told of a link document, or of what goes with it under a `unique_id` of its own.

    Raises:
        ValueError: The profile has no format code for documents of this MIME type.
    """
    if content.mime_type not in profile.formats:
        raise ValueError("the profile has no format code for this MIME type")
    return XdsMetadata(
        unique_id=unique_id or Oid(link.link.oid),
        mime_type=content.mime_type,
        class_code=profile.class_code.value,
        type_code=profile.type_code.value,
        format_code=profile.formats[content.mime_type].value,
        practice_setting_code=profile.practice_setting_code.value,
        healthcare_facility_type_code=profile.healthcare_facility_type_code.value,
        confidentiality_code=(_confidentiality(link, profile.confidentiality_code.value),),
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


def _confidentiality(link: Link, usual: Coding) -> Coding:
    """What the document says of itself, where it says it: record and document must not contradict each other."""
    said = link.particulars.confidentiality
    if said is None or said.value == usual.code:
        return usual
    display = said.name.lower().replace("_", " ")
    return Coding(said.value, CONFIDENTIALITY, display, CONFIDENTIALITY_URI)


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
