"""Our examples as MADO would have them: each resource names, in place of our profile, that of MADO for its type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from profiles.script import script

from linkexchange.documents import write
from linkexchange.documents.envelope import Content, document_reference, metadata, shipped
from linkexchange.model.link import Link, LinkStatus, MediaType
from linkexchange.model.study import ListingLevel

Json = dict[str, Any]
BASE = "https://profiles.ihe.net/RAD/MADO/StructureDefinition/"
PROFILES = {
    "Bundle": "MadoFhirBundle",
    "Composition": "MadoComposition",
    "ImagingStudy": "MadoImagingStudy",
    "Patient": "MadoPatient",
    "Organization": "MadoCreatorOrganization",
    "Endpoint": "MadoWadoEndpoint",
    "Device": "MadoCreator",
    "ServiceRequest": "MadoRequestedProcedure",
    "DocumentReference": "MadoFhirDocumentReference",
}
"""The profile of each type of resource that a node writes."""
URL = "https://record.example/fhir/Binary/link-document"
SCRIPT = script("profile_examples")


@dataclass(frozen=True, slots=True)
class Example:
    """A link document with the DocumentReference that goes with it. `why_not` is empty where it has to be of MADO."""

    name: str
    level: ListingLevel
    why_not: str
    bundle: Json
    reference: Json


def examples() -> list[Example]:
    """All of them, that of 10,000 instances as well."""
    return [_example(name, link) for name, link in SCRIPT.links().items()]


def _example(name: str, link: Link) -> Example:
    written = write(link, MediaType.JSON, node_url_hint=SCRIPT.HINT).content
    codes = shipped("mado")
    told = metadata(link, Content(written, MediaType.JSON), codes, title="Verweis auf eine Bildstudie")
    reference = json.loads(json.dumps(document_reference(link, told, codes, url=URL)))
    return Example(name, link.level, why_not(link), as_mado(json.loads(written)), as_mado(reference))


def why_not(link: Link) -> str:
    """What keeps a link from being a manifest of MADO (docs/reference/link-document.md); empty where nothing does."""
    reasons = {
        "it lists no instances": link.level is not ListingLevel.INSTANCE,
        "it is withdrawn": link.status is LinkStatus.CANCELLED,
        "its origin has no Retrieve Location UID": link.origin.location is None,
        "it has several orders": len(link.orders) > 1,
        "its order has no accession number": not all(it.accession for it in link.orders),
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


def as_mado(resource: Json) -> Json:
    """The same resource with the names of MADO's profiles, and all resources in it as well."""
    if _is_of_ours_alone(resource):
        return resource
    named = resource | {"meta": {"profile": [BASE + PROFILES[resource["resourceType"]]]}}
    if "entry" in named:
        named["entry"] = [it | {"resource": as_mado(it["resource"])} for it in named["entry"]]
    return named


def _is_of_ours_alone(resource: Json) -> bool:
    """An Endpoint at which nobody fetches images: a resolver, or a viewer, which MADO knows otherwise."""
    return resource["resourceType"] == "Endpoint" and resource["connectionType"]["code"] != "dicom-wado-rs"
