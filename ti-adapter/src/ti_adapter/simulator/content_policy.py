"""Which kinds of content a record takes: the media types of the ePA, and what gematik's implementation guides fix.

The list of all media types is from memory; that of the MHD service, which is certain, is part of it. application/dicom
stands in neither, so it is refused; whoever wants to try allows it. A guide is known by its format code, whatever the
version behind it; that of medical images, which has none, by class code and modality. Codes that no guide names are
free, and what is inside a document is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.xds import DocumentEntry

MEDIA_TYPES: Final = frozenset(
    {
        "application/fhir+json",
        "application/fhir+xml",
        "application/hl7-v3",
        "application/json",
        "application/pdf",
        "application/pkcs7-mime",
        "application/xml",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "text/plain",
        "text/rtf",
    }
)
_MODALITIES: Final = "1.2.840.10008.2.16.4"
_FHIR, _SIGNED_FHIR = ("application/fhir+xml",), ("application/fhir+xml", "application/pkcs7-mime")
_XML, _CDA = ("application/xml",), ("application/hl7-v3",)


@dataclass(frozen=True, slots=True)
class Guide:
    """What an implementation guide asks of class code and media type."""

    class_code: str
    media_types: tuple[str, ...]


GUIDES: Final = {
    "KinderuntersuchungsheftNotizen": Guide("AUS", _FHIR),
    "Kinderuntersuchungsheft": Guide("AUS", _SIGNED_FHIR),
    "Zahnbonusheft": Guide("AUS", _SIGNED_FHIR),
    "Mutterpass": Guide("AUS", _SIGNED_FHIR),
    "Impfausweis": Guide("AUS", _SIGNED_FHIR),
    "pka": Guide("AUS", _FHIR),
    "Notfalldatensatz": Guide("AUS", _XML),
    "DatensatzPersoenlicheErklaerungen": Guide("ADM", _XML),
    "Arbeitsunfaehigkeitsbescheinigung": Guide("ADM", _SIGNED_FHIR),
    "Arztbrief": Guide("BRI", _XML),
    "DMP-": Guide("BRI", _CDA),
    "Medikationsplan": Guide("PLA", _XML),
    "diga": Guide("DUR", ("application/fhir+xml", "application/pdf")),
}
"""By how the name behind `urn:gematik:ig:` begins; the first that fits counts."""
IMAGES: Final = Guide("BIL", ("image/jpeg", "image/png", "image/tiff", "application/pdf"))


class ContentRefused(RecordRefused):
    """The record takes no document of this media type, or not with these codes."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.MALFORMED_REQUEST)


@dataclass(frozen=True, slots=True)
class ContentPolicy:
    """What is taken; an administrator of the simulated TI may allow more media types."""

    media_types: frozenset[str] = MEDIA_TYPES

    def check(self, metadata: DocumentEntry) -> None:
        """Raises `ContentRefused`.

        1. The media type is one that the record takes at all. 2. Class code and media type are those of the guide to
        which the format code belongs. 3. An image of a modality is one that the guide of medical images takes.
        """
        if metadata.mime_type not in self.media_types:
            raise ContentRefused
        classes = _codes(metadata, "classCode")
        guide = next(filter(None, map(_guide, _codes(metadata, "formatCode"))), None)
        if guide and (classes != [guide.class_code] or metadata.mime_type not in guide.media_types):
            raise ContentRefused
        is_image = classes == [IMAGES.class_code] and _is_of_a_modality(metadata)
        if is_image and metadata.mime_type not in IMAGES.media_types:
            raise ContentRefused


@dataclass(frozen=True, slots=True)
class AnyContent:
    """Takes every kind of content: for a record system that is about other rules."""

    def check(self, _: DocumentEntry) -> None:
        """Nothing is refused."""


def _guide(format_code: str) -> Guide | None:
    name = format_code.removeprefix("urn:gematik:ig:")
    if name == format_code:
        return None
    return next((guide for start, guide in GUIDES.items() if name.startswith(start)), None)


def _codes(metadata: DocumentEntry, name: str) -> list[str]:
    return [one.code for one in metadata.codes.get(name, ())]


def _is_of_a_modality(metadata: DocumentEntry) -> bool:
    return any(one.scheme == _MODALITIES for one in metadata.codes.get("eventCodeList", ()))
