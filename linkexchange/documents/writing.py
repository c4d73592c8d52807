"""A link document is written: composed, checked by the R4B model, and put into the order that FHIR wants."""

from __future__ import annotations

import json
from typing import Any

from linkexchange.documents import compose
from linkexchange.documents.addresses import is_plain_address
from linkexchange.documents.modelling import modelled
from linkexchange.documents.parsing import INSTANCES_MAX
from linkexchange.model.link import Document, Link, MediaType
from linkexchange.model.study import ListingLevel


def write(link: Link, media_type: MediaType, *, node_url_hint: str) -> Document:
    """Write a link as a FHIR document; the same link and hint always give the same bytes.

    Args:
        link: What the document says.
        media_type: XML as the record wants it, or JSON.
        node_url_hint: Base URL of the origin's WADO-RS. It only helps people and foreign software: a node of ours
            looks the origin up in the directory and never opens an address out of a document.

    Raises:
        ValueError: The link or the hint cannot be written; the text names the element and no value.
    """
    if link.level is ListingLevel.INSTANCE and link.manifest.size > INSTANCES_MAX:
        raise ValueError("more instances than a reader takes")
    if not is_plain_address(node_url_hint):
        raise ValueError("the hint is not a plain https URL")
    ordered = _ordered(compose.bundle(link, address=node_url_hint))
    return Document(_json(ordered) if media_type is MediaType.JSON else _xml(ordered), media_type)


def _ordered(bundle: dict[str, Any]) -> dict[str, Any]:
    """Checked and in the order of FHIR R4.

    The listing is set aside meanwhile: it is nearly all of the document, the types of the link have checked it, and
    the model would take most of a second for 10,000 instances.
    """
    listing = [series.pop("instance", None) for series in _series(bundle)]
    ordered: dict[str, Any] = json.loads(modelled(bundle, ValueError).model_dump_json())
    for series, instances in zip(_series(ordered), listing, strict=True):
        if instances:
            series["instance"] = instances
    return ordered


def _series(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    study = next(it["resource"] for it in bundle["entry"] if it["resource"]["resourceType"] == "ImagingStudy")
    series: list[dict[str, Any]] = study["series"]
    return series


def _json(bundle: dict[str, Any]) -> bytes:
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()


def _xml(bundle: dict[str, Any]) -> bytes:
    from linkexchange.documents import fhir_xml

    return fhir_xml.dump(bundle)
