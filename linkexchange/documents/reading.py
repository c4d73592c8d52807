"""A link document is read: limits, structure, model, and then every rule that makes it a link."""

from __future__ import annotations

from linkexchange.documents.extract import extract
from linkexchange.documents.modelling import modelled
from linkexchange.documents.parsing import Json, parse
from linkexchange.documents.plain import put_back, take_out
from linkexchange.errors import DocumentFault
from linkexchange.model.link import Document, Link, MediaType


def read(document: Document) -> Link:
    """Read a link document, believing nothing in it that does not agree with the rest.

    1. Limits of size, depth and number; one value for each name; no DTD (`parsing`).
    2. A signature, where there is one: that it is one of these contents, by a certificate that names their author
       (`signature`); not whether that certificate is to be believed.
    3. What FHIR R4 asks of the resources (`modelling`), and of a plain list of instances (`plain`).
    4. What makes them a link: one of each, references that meet, counts and digest that equal the listing (`extract`).

    Raises:
        DocumentFault: With the path of the element and the rule it breaks, never with a value.
    """
    return read_parsed(parse(document), document.media_type)


def read_parsed(raw: Json, media_type: MediaType) -> Link:
    """The same from what `parse` has made of it; plain lists of instances are taken out of `raw`."""
    if "signature" in raw:
        _prove(raw, media_type)
    instances = take_out(raw)
    bundle = modelled(raw, DocumentFault)
    put_back(bundle, instances)
    return extract(bundle)


def _prove(raw: Json, media_type: MediaType) -> None:
    from linkexchange.documents.signature import prove

    prove(raw, media_type)
