"""What all resources of a document are built with: elements in FHIR's JSON form, never an empty one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from linkexchange import profiles
from linkexchange.documents import names
from linkexchange.documents.text import plain
from linkexchange.model.identifiers import LinkId
from linkexchange.model.link import Link
from linkexchange.model.study import Series

Element = dict[str, Any]

UNSIGNED_MAX = 2**31 - 1


def filled(**elements: Any) -> Element:
    """FHIR knows no empty elements: what is empty is not written."""
    return {name: value for name, value in elements.items() if value not in (None, "", [])}


def resource(kind: str, profile: str, **elements: Any) -> Element:
    """A resource that says which profile of ours it keeps, and in which version."""
    canonical = f"{names.STRUCTURES}/{profile}|{profiles.version()}"
    return filled(resourceType=kind, meta={"profile": [canonical]}, **elements)


def reference(link: Link, name: str, **elements: Any) -> Element:
    """To a resource of this document."""
    return {"reference": names.full_url(link.link, name), **elements}


def document_id(link: LinkId) -> Element:
    """How documents name a link."""
    return {"system": names.URI, "value": names.OID + link.oid}


def coding(system: str, code: str, display: str = "") -> Element:
    """One code."""
    return filled(system=system, code=code, display=display)


def concept(*codings: Element, text: str = "") -> Element:
    """Codes that mean the same, with a text."""
    return filled(coding=list(codings), text=text)


def modality(series: Series) -> str:
    """FHIR asks for a modality; where the PACS names none it is `OT`, DICOM's word for other."""
    return " ".join(plain(series.modality).split()) or "OT"


def filled_series(link: Link) -> list[Series]:
    """Those that have instances: what a PACS lists beside them holds nothing that could be fetched."""
    return [it for it in link.manifest.series if it.size]


def modalities(link: Link) -> tuple[str, ...]:
    """Of all series, each once."""
    return tuple(sorted({modality(series) for series in filled_series(link)}))


def utc(moment: datetime) -> str:
    """A point in time."""
    return moment.astimezone(UTC).isoformat()


def local(moment: datetime) -> str:
    """Keep the zone of the place of imaging; a time without one is the node's local time.

    FHIR has no seconds in offsets, which zones had before about 1900: such a time is written as UTC.
    """
    zoned = moment.astimezone(moment.tzinfo)
    offset = zoned.utcoffset()
    return utc(zoned) if offset and offset.seconds % 60 else zoned.isoformat()


def unsigned(number: int | None) -> int | None:
    """DICOM's integer strings may be negative, FHIR's numbers here may not: they only sort, so those are left out."""
    return number if number is not None and 0 <= number <= UNSIGNED_MAX else None


def listed(text: str) -> list[str]:
    """A text as a list of itself, or of nothing."""
    return [text] if text else []
