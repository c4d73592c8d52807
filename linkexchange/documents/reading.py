"""A link document is read: limits, structure, model, and then every rule that makes it a link."""

from __future__ import annotations

from linkexchange.documents.extract import extract
from linkexchange.documents.modelling import modelled
from linkexchange.documents.parsing import parse
from linkexchange.documents.plain import put_back, take_out
from linkexchange.errors import DocumentFault
from linkexchange.model.link import Document, Link


def read(document: Document) -> Link:
    """Read a link document, believing nothing in it that does not agree with the rest.

    1. Limits of size, depth and number; one value for each name; no DTD (`parsing`).
    2. A signature, where there is one: that it is one of these contents (`signature`), not whose it is.
    3. What FHIR R4 asks of the resources (`modelling`), and of a plain list of instances (`plain`).
    4. What makes them a link: one of each, references that meet, counts and digest that equal the listing (`extract`).

    Raises:
        DocumentFault: With the path of the element and the rule it breaks, never with a value.
    """
    raw = parse(document)
    if "signature" in raw:
        _prove(document)
    instances = take_out(raw)
    bundle = modelled(raw, DocumentFault)
    put_back(bundle, instances)
    return extract(bundle)


def _prove(document: Document) -> None:
    from linkexchange.documents.signature import verify

    verify(document)
