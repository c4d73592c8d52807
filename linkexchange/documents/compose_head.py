"""The Composition: what a record system shows of a document when it can show nothing else, in German and in English."""

from __future__ import annotations

from html import escape

from linkexchange.documents import names
from linkexchange.documents.building import (
    Element,
    coding,
    concept,
    document_id,
    filled_series,
    modalities,
    modality,
    reference,
    resource,
    utc,
)
from linkexchange.documents.text import plain
from linkexchange.model.link import Link, LinkStatus
from linkexchange.model.study import Series

TITLE = "Verweis auf eine Bildstudie"
SECTIONS_MAX = 200
"""A study of more series has no sections: nobody reads that many, and they cost as much as a hundred instances each."""


def composition(link: Link) -> Element:
    """The head of the document."""
    return resource(
        "Composition",
        "link-composition",
        language="de",
        text=_narrative(*_sentences(link)),
        identifier=document_id(link.link),
        status="final" if link.status is LinkStatus.AVAILABLE else "entered-in-error",
        type=concept(coding(names.LOINC, names.IMAGING_STUDY, "Diagnostic imaging study")),
        category=[concept(coding(names.CATEGORY, names.MEDICAL_IMAGING))],
        subject=reference(link, "Patient", identifier={"system": names.KVNR, "value": str(link.patient.kvnr)}),
        date=utc(link.published),
        author=[reference(link, kind, type=kind) for kind in ("Device", "Organization")],
        title=TITLE,
        confidentiality=link.particulars.confidentiality and link.particulars.confidentiality.value,
        custodian=reference(link, "Organization"),
        relatesTo=[{"code": "replaces", "targetIdentifier": document_id(link.replaces)}] if link.replaces else None,
        event=[{"detail": [reference(link, "ImagingStudy")]}],
        section=_sections(link),
    )


def _sentences(link: Link) -> tuple[str, str]:
    """German and English; never a line for each instance."""
    if link.status is LinkStatus.CANCELLED:
        return "Dieser Verweis wurde zurückgezogen.", "This link has been withdrawn."
    series, images = len(filled_series(link)), link.manifest.size
    shown, origin = ", ".join(modalities(link)), plain(link.origin.name)
    description = plain(link.description)
    return (
        f"{description or 'Bildstudie'} ({shown}). Serien: {series}, Bilder: {images}. {origin}",
        f"{description or 'Imaging study'} ({shown}). Series: {series}, images: {images}. {origin}",
    )


def _sections(link: Link) -> list[Element]:
    series = filled_series(link)
    if link.status is LinkStatus.CANCELLED or len(series) > SECTIONS_MAX:
        return []
    return [_section(link, place, it) for place, it in enumerate(series, 1)]


def _section(link: Link, place: int, series: Series) -> Element:
    shown = " ".join(filter(None, (modality(series), plain(series.description))))
    return {
        "title": f"Serie {place}: {modality(series)}",
        "text": _narrative(f"{shown}. Bilder: {series.size}.", f"{shown}. Images: {series.size}."),
        "entry": [reference(link, "Endpoint")],
    }


def _narrative(german: str, english: str) -> Element:
    in_english = f'<p lang="en" xml:lang="en">{escape(english)}</p>'
    div = f'<div xmlns="{names.XHTML}" lang="de" xml:lang="de"><p>{escape(german)}</p>{in_english}</div>'
    return {"status": "generated", "div": div}
