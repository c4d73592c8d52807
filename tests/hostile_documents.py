"""Documents that a program might choke on, each with what its reader says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from link_samples import HINT, link

from linkexchange.documents import write
from linkexchange.model.link import MediaType

JSON = write(link(2, 1), MediaType.JSON, node_url_hint=HINT).content
XML = write(link(2, 1), MediaType.XML, node_url_hint=HINT).content
MANY = 100_000
MILLION = 1_000_000


def grown(kind: str, **elements: Any) -> bytes:
    bundle = json.loads(JSON)
    next(it["resource"] for it in bundle["entry"] if it["resource"]["resourceType"] == kind).update(elements)
    return json.dumps(bundle).encode()


def in_xml(inside: bytes) -> bytes:
    return b'<Bundle xmlns="http://hl7.org/fhir">' + inside + b"</Bundle>"


def with_entries(entry: Any, number: int = MANY) -> bytes:
    bundle = json.loads(JSON)
    return json.dumps(bundle | {"entry": bundle["entry"] + [entry] * number}, separators=(",", ":")).encode()


def in_circles(kind: str) -> bytes:
    """Three resources, each a part of the next."""
    bundle = json.loads(JSON)
    names = [f"urn:uuid:00000000-0000-4000-8000-00000000000{number}" for number in range(3)]
    circle = [
        {"fullUrl": name, "resource": {"resourceType": kind, "name": name, "partOf": {"reference": other}}}
        for name, other in zip(names, names[1:] + names[:1], strict=True)
    ]
    return json.dumps(bundle | {"entry": bundle["entry"] + circle}).encode()


def in_itself(kind: str, name: str) -> bytes:
    """This element refers to a resource that is contained in its own, and is a part of itself."""
    inner = {"resourceType": "Organization", "id": "a", "name": "a", "partOf": {"reference": "#a"}}
    reference = {"reference": "#a"}
    return grown(kind, contained=[inner], **{name: [reference] if name == "author" else reference})


def its_own_author() -> bytes:
    bundle = json.loads(JSON)
    first = bundle["entry"][0]
    first["resource"]["author"] = [{"reference": first["fullUrl"]}]
    return json.dumps(bundle).encode()


HOSTILE_JSON: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "JSON: not well-formed"),
    "a list": (lambda: b"[]", "document: an object"),
    "XML": (lambda: XML, "JSON: not well-formed"),
    "cut off": (lambda: JSON[:-40], "JSON: not well-formed"),
    "33 MiB": (lambda: b" " * (33 << 20), "document: size"),
    "deep objects": (lambda: b'{"a":' * MANY + b"1" + b"}" * MANY, "document: depth"),
    "deep lists": (lambda: b"[" * MANY + b"]" * MANY, "document: depth"),
    "a little too deep": (lambda: b'{"a":' * 33 + b"1" + b"}" * 33, "document: depth"),
    "millions of lists": (lambda: b"[" * 20_000_000, "document: number of elements"),
    "entries": (
        lambda: with_entries({"fullUrl": "urn:x", "resource": {"resourceType": "Patient"}}),
        "document: number of ent",
    ),
    "empty entries": (lambda: with_entries({}), "document: number of entries"),
    "a million entries": (lambda: with_entries({}, MILLION), "document: number of elements"),
    "a reference cycle": (lambda: in_circles("Organization"), "Organization): exactly one"),
    "a composition that is its own author": (its_own_author, "Composition.author: must refer"),
    "a contained author that refers to itself": (
        lambda: in_itself("Composition", "author"),
        "Composition.author: must",
    ),
    "names": (lambda: grown("Patient", name=[{}] * MANY), "document: number of elements"),
    "numbers for names": (lambda: grown("Patient", name=[{"given": [1] * 5 * MANY}]), "document: number of elements"),
    "instances": (lambda: grown("ImagingStudy", series=[{"instance": [{}] * MANY}]), "document: number of instances"),
    "an endless text": (
        lambda: grown("ImagingStudy", description="x" * 20_000_000),
        "ImagingStudy.description: too long",
    ),
    "duplicate key": (lambda: JSON.replace(b'"type":"document"', b'"type":"document","type":"batch"'), "duplicate key"),
    "NaN": (lambda: JSON.replace(b'"numberOfSeries":2', b'"numberOfSeries":NaN'), "JSON: not well-formed"),
    "Infinity": (lambda: JSON.replace(b'"numberOfSeries":2', b'"numberOfSeries":-Infinity'), "JSON: not well-formed"),
    "5,000 digits": (
        lambda: JSON.replace(b'"numberOfSeries":2', b'"numberOfSeries":' + b"1" * 5000),
        "JSON: not well-formed",
    ),
    "UTF-16": (lambda: JSON.decode().encode("utf-16"), "document: not UTF-8"),
    "Latin-1": (lambda: JSON.decode().encode("latin-1"), "document: not UTF-8"),
    "a byte order mark": (lambda: b"\xef\xbb\xbf" + JSON, "JSON: not well-formed"),
    "half a surrogate": (lambda: grown("Patient", name=[{"family": "\ud800"}]), "Bundle.entry[2]"),
}

HOSTILE_XML: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "XML: not well-formed"),
    "JSON": (lambda: JSON, "XML: not well-formed"),
    "cut off": (lambda: XML[:-40], "XML: not well-formed"),
    "33 MiB": (lambda: b" " * (33 << 20), "document: size"),
    "entity bomb": (
        lambda: b'<!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + in_xml(b'<id value="&b;"/>'),
        "XML: DTD",
    ),
    "external entity": (
        lambda: b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + in_xml(b'<id value="&a;"/>'),
        "XML: DTD",
    ),
    "external DTD": (lambda: b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + in_xml(b""), "XML: DTD"),
    "DTD in UTF-7": (
        lambda: b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a SYSTEM "a"+AD4-' + in_xml(b""),
        "XML: not well-formed",
    ),
    "unknown entity": (lambda: XML.replace(b"Klinikum", b"&klinikum;"), "XML: not well-formed"),
    "XInclude": (
        lambda: in_xml(b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'),
        "Bundle: foreign namespace",
    ),
    "deep elements": (lambda: b"<a>" * MANY, "XML: not well-formed"),
    "deep resources": (
        lambda: in_xml(b"<entry><resource><Bundle>" * 60 + b"</Bundle></resource></entry>" * 60),
        "document: depth",
    ),
    "millions of elements": (lambda: in_xml(b"<a/>" * 5_000_000), "document: number of elements"),
    "entries": (lambda: in_xml(b"<entry/>" * 5 * MANY), "document: number of elements"),
    "instances": (lambda: in_xml(b"<instance/>" * MANY), "document: number of instances"),
    "attributes": (
        lambda: in_xml(b"<a " + b" ".join(b'a%d="1"' % n for n in range(2 * MANY)) + b"/>"),
        "Bundle: unknown",
    ),
    "namespaces": (
        lambda: in_xml(b"".join(b'<x:a xmlns:x="u%d"/>' % n for n in range(MANY))),
        "document: number of elements",
    ),
    "an endless attribute": (lambda: XML.replace(b"Klinikum", b"K" * 9_000_000), "Organization.name: too long"),
    "UTF-16": (lambda: XML.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "document: not UTF-8"),
    "UTF-16 without a mark": (lambda: in_xml(b"").decode().encode("utf-16-le"), "XML: not well-formed"),
    "Latin-1": (lambda: XML.decode().encode("latin-1"), "document: not UTF-8"),
}
