"""Documents that break MADO: one for each rule that a profile of it adds to FHIR R4. Each must be found out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from mado.examples import Example

Json = dict[str, Any]
Break = Callable[[Json], object]


def part(bundle: Json, kind: str) -> Json:
    """The first resource of a type."""
    found: Json = next(it["resource"] for it in bundle["entry"] if it["resource"]["resourceType"] == kind)
    return found


def of(kind: str, change: Break) -> Break:
    """A change of the first resource of a type."""
    return lambda bundle: change(part(bundle, kind))


def without(*path: str | int) -> Break:
    """Take an element out; a number is a place in a list."""

    def change(resource: Any) -> None:
        for step in path[:-1]:
            resource = resource[step]
        del resource[path[-1]]

    return change


def put(value: Any, *path: str | int) -> Break:
    """Write another value."""

    def change(resource: Any) -> None:
        for step in path[:-1]:
            resource = resource[step]
        resource[path[-1]] = value

    return change


def entries_without(kind: str) -> Break:
    """No resource of a type."""
    return lambda it: it.update(entry=[one for one in it["entry"] if one["resource"]["resourceType"] != kind])


def no_author(kind: str) -> Break:
    """A Composition without one of its two authors."""
    return lambda it: it.update(author=[one for one in it["author"] if one["type"] != kind])


def no_extension(name: str) -> Break:
    """A resource without an extension."""
    return lambda it: it.update(extension=[one for one in it["extension"] if not one["url"].endswith(name)])


IN_BUNDLES: dict[str, dict[str, Break]] = {
    "MadoFhirBundle": {
        "identifier 1..1": without("identifier"),
        "timestamp 1..1": without("timestamp"),
        "type = document": put("collection", "type"),
        "total 0..0": put(7, "total"),
        "entry:wado-endpoint 1..*": entries_without("Endpoint"),
        "entry:creator 1..1": entries_without("Device"),
        "entry:imaging-study 1..1": entries_without("ImagingStudy"),
    },
    "MadoComposition": {
        "text 1..1": of("Composition", without("text")),
        "text.status not empty": of("Composition", put("empty", "text", "status")),
        "identifier 1..1": of("Composition", without("identifier")),
        "subject 1..1": of("Composition", without("subject")),
        "author:source-organization 1..1": of("Composition", no_author("Organization")),
        "author:source-device 1..1": of("Composition", no_author("Device")),
        "event:imaging-study 1..1": of("Composition", without("event")),
        "section.text 1..1": of("Composition", without("section", 0, "text")),
        "section.text.status not empty": of("Composition", put("empty", "section", 0, "text", "status")),
    },
    "MadoImagingStudy": {
        "identifier:study-instance-uid 1..1": of("ImagingStudy", without("identifier")),
        "identifier.system = urn:dicom:uid": of("ImagingStudy", put("urn:ietf:rfc:3986", "identifier", 0, "system")),
        "identifier.type DCM 110180": of("ImagingStudy", put("121022", "identifier", 0, "type", "coding", 0, "code")),
        "basedOn.identifier 1..1": of("ImagingStudy", without("basedOn", 0, "identifier")),
        "basedOn:order 0..1": of("ImagingStudy", lambda it: it["basedOn"].append(it["basedOn"][0])),
        "numberOfSeries 1..1": of("ImagingStudy", without("numberOfSeries")),
        "mado-reqproc-1": of("ImagingStudy", without("procedureCode")),
        "series.numberOfInstances 1..1": of("ImagingStudy", without("series", 0, "numberOfInstances")),
        "series.endpoint:wado 1..*": of("ImagingStudy", without("series", 0, "endpoint")),
        "series.instance 1..*": of("ImagingStudy", without("series", 0, "instance")),
    },
    "MadoWadoEndpoint": {
        "retrieve-location-uid 1..1": of("Endpoint", no_extension("MadoRetrieveLocationUIDExtension")),
        "status = active": of("Endpoint", put("off", "status")),
        "connectionType dicom-wado-rs": of("Endpoint", put("ihe-iid", "connectionType", "code")),
        "payloadType:text-wado 1..1": of("Endpoint", put("any", "payloadType", 0, "coding", 0, "code")),
        "payloadType.text": of("Endpoint", put("WADO", "payloadType", 0, "text")),
    },
    "MadoCreator": {
        "type 1..1": of("Device", without("type")),
        "type mado-creator": of("Device", put("another", "type", "coding", 0, "code")),
    },
    "MadoRequestedProcedure": {
        "accession-number 1..1": of("ServiceRequest", without("identifier", 0)),
        "accession-number.system 1..1": of("ServiceRequest", without("identifier", 0, "system")),
        "accession-number.type DCM 121022": of("ServiceRequest", without("identifier", 0, "type", "coding", 1)),
    },
}
IN_REFERENCES: dict[str, Break] = {
    "masterIdentifier 1..1 (MHD)": without("masterIdentifier"),
    "masterIdentifier.use = usual (MHD)": put("official", "masterIdentifier", "use"),
    "mado-docref-1": put("urn:oid:2.25.1", "masterIdentifier", "value"),
    "identifier 1..*": without("identifier"),
    "modality 1..1": no_extension("modality"),
    "type 1..1": without("type"),
    "category 1..1": without("category"),
    "subject 1..1": without("subject"),
    "attachment.contentType": put("application/fhir+xml", "content", 0, "attachment", "contentType"),
    "attachment.language 1..1": without("content", 0, "attachment", "language"),
    "attachment.creation 1..1": without("content", 0, "attachment", "creation"),
    "attachment.url 1..1 (MHD)": without("content", 0, "attachment", "url"),
    "format code": put("urn:ihe:rad:another", "content", 0, "format", "code"),
    "content.profile 1..*": without("content", 0, "extension"),
    "context.facilityType 1..1": without("context", "facilityType"),
    "context.practiceSetting 1..1": without("context", "practiceSetting"),
    "context.period.start 1..1": without("context", "period"),
    "related:study-instance-uid 1..1": without("context", "related", 0),
}


def planted(example: Example) -> dict[tuple[str, str], Json]:
    """Profile and rule → a document that breaks it, made of a good one."""
    broken = {
        (profile, rule): changed(example.bundle, change)
        for profile, rules in IN_BUNDLES.items()
        for rule, change in rules.items()
    }
    references = {
        ("MadoFhirDocumentReference", rule): changed(example.reference, it) for rule, it in IN_REFERENCES.items()
    }
    return broken | references


def changed(document: Json, change: Break) -> Json:
    """A copy with one change."""
    document = copy.deepcopy(document)
    change(document)
    return document
