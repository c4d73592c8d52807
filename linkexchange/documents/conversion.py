"""From any form of a link to any other: FHIR as XML or JSON, and a DICOM Key Object Selection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from linkexchange.documents import kos, names
from linkexchange.documents.addresses import is_plain_address
from linkexchange.documents.kos.parsing import is_dicom
from linkexchange.documents.parsing import Json, guessed, parse
from linkexchange.documents.reading import read_parsed
from linkexchange.documents.writing import write
from linkexchange.errors import FormRefused
from linkexchange.model.link import Document, Link, MediaType


class Form(StrEnum):
    """How a link can be written."""

    FHIR_XML = "fhir-xml"
    FHIR_JSON = "fhir-json"
    KOS = "kos"


_MEDIA_TYPES = {Form.FHIR_XML: MediaType.XML, Form.FHIR_JSON: MediaType.JSON}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file says: the link, the address that stands beside it as a hint, and what is odd about the file."""

    link: Link
    address: str | None
    defects: tuple[kos.Defect, ...] = ()


def open_any(content: bytes, supplement: kos.Supplement) -> Opened:
    """Read a link document or a manifest, whichever it is; `supplement` is for manifests from elsewhere.

    Raises:
        DocumentFault: It is neither, or not as it must be.
    """
    if is_dicom(content):
        manifest = kos.read(content)
        return Opened(kos.link_of(manifest, supplement), manifest.whereabouts.address, manifest.defects)
    document = Document(content, guessed(content))
    raw = parse(document)
    return Opened(read_parsed(raw, document.media_type), _address_in(raw))


def _address_in(raw: Json) -> str | None:
    """The address of the WADO-RS endpoint of a document that has been read, None where it is no plain https URL."""
    for it in (entry["resource"] for entry in raw["entry"]):
        if it["resourceType"] == "Endpoint" and it["connectionType"]["code"] == names.WADO_RS:
            return it["address"] if is_plain_address(it["address"]) else None
    return None


def written(opened: Opened, form: Form, flavour: kos.Flavour) -> bytes:
    """The link in this form. Raises `FormRefused` with what it lacks."""
    try:
        if form is Form.KOS:
            return kos.write(opened.link, flavour, node_url_hint=opened.address)
        if opened.address is None:
            raise ValueError("Endpoint.address: FHIR wants one, and the manifest says none")
        return write(opened.link, _MEDIA_TYPES[form], node_url_hint=opened.address).content
    except ValueError as wrong:
        raise FormRefused(str(wrong)) from None
