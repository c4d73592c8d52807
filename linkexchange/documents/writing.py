"""A link document is written: composed, checked by the R4B model, and put into the order that FHIR wants."""

from __future__ import annotations

import json
import re

from linkexchange.documents import compose
from linkexchange.documents.modelling import modelled
from linkexchange.documents.parsing import INSTANCES_MAX
from linkexchange.model.link import Document, Link, MediaType

_ADDRESS = re.compile(r"https://[^\s/?#@]+(/[^\s?#@]*)?")
"""Without user, query and fragment, in which a secret could travel into the record."""


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
    if len(link.manifest.uids) > INSTANCES_MAX:
        raise ValueError("more instances than a reader takes")
    if not _ADDRESS.fullmatch(node_url_hint):
        raise ValueError("the hint is not a plain https URL")
    model = modelled(compose.bundle(link, address=node_url_hint), ValueError)
    text: str = model.model_dump_json()
    return Document(text.encode() if media_type is MediaType.JSON else _xml(text), media_type)


def _xml(text: str) -> bytes:
    from linkexchange.documents import fhir_xml

    return fhir_xml.dump(json.loads(text))
