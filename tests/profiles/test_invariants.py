"""Every invariant of the profiles holds in every example, and speaks up when what it is about is broken."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from link_samples import HINT, links, outlines
from profiles.fhirpath import asked, broken
from profiles.script import script

from linkexchange import profiles
from linkexchange.documents import write
from linkexchange.model.link import Link, MediaType

Json = dict[str, Any]
Break = Callable[[Json], object]

EXAMPLES = script("profile_examples").links()
SMALL = [name for name in EXAMPLES if name != "mr-10000"]
KINDS = ["Composition", "ImagingStudy", "Patient", "Organization", "Endpoint", "Device", "ServiceRequest"]


def bundle(link: Link) -> Json:
    written: Json = json.loads(write(link, MediaType.JSON, node_url_hint=HINT).content)
    return written


CT = bundle(EXAMPLES["ct"])


def part(document: Json, kind: str) -> Json:
    resource: Json = document["entry"][KINDS.index(kind)]["resource"]
    return resource


def again(kind: str) -> Break:
    return lambda it: it["entry"].append({"fullUrl": "urn:uuid:again", "resource": copy.deepcopy(part(it, kind))})


def of(kind: str, name: str, **elements: Any) -> Break:
    """Change a child, or the first of several."""

    def change(document: Json) -> None:
        child = part(document, kind)[name]
        (child[0] if isinstance(child, list) else child).update(elements)

    return change


def in_extension(kind: str, name: str, **elements: str) -> Break:
    return lambda it: next(one for one in part(it, kind)["extension"] if one["url"].endswith(name)).update(elements)


BROKEN: dict[str, list[Break]] = {
    "link-bdl-1": [again("Composition"), lambda it: it["entry"].reverse()],
    "link-bdl-2": [again("ImagingStudy")],
    "link-bdl-3": [again("Patient")],
    "link-bdl-4": [again("Organization")],
    "link-bdl-5": [again("Endpoint"), of("Endpoint", "connectionType", code="ihe-iid")],
    "link-bdl-6": [again("Device"), lambda it: it["entry"].pop(KINDS.index("Device"))],
    "link-bdl-7": [lambda it: it["identifier"].update(value="urn:oid:2.25.1")],
    "link-bdl-8": [lambda it: part(it, "ImagingStudy").update(status="cancelled")],
    "link-cmp-1": [lambda it: part(it, "Composition")["category"][0]["coding"][0].update(code="Laboratory")],
    "link-cmp-2": [lambda it: part(it, "Composition").update(relatesTo=[{"code": "replaces"}, {"code": "replaces"}])],
    "link-img-1": [lambda it: part(it, "ImagingStudy").update(numberOfSeries=4)],
    "link-img-2": [lambda it: part(it, "ImagingStudy").update(numberOfInstances=1)],
    "link-img-3": [of("ImagingStudy", "series", uid=part(CT, "ImagingStudy")["series"][1]["uid"])],
    "link-img-4": [
        lambda it: part(it, "ImagingStudy")["series"][0]["instance"].pop(),
        in_extension("ImagingStudy", "listing-level", valueCode="series"),
    ],
    "link-pat-1": [lambda it: part(it, "Patient")["identifier"].append(part(it, "Patient")["identifier"][1])],
    "link-kvnr": [of("Patient", "identifier", value="A12345678"), of("Patient", "identifier", value="a123456780")],
    "link-telematik-id": [of("Organization", "identifier", value=it) for it in ("0-1", "5", "5-ä", "5-" + "1" * 127)],
    "link-nine-digits": [lambda it: part(it, "Organization")["identifier"][1].update(value="12345678")],
    "link-address": [
        lambda it, address=address: part(it, "Endpoint").update(address=address)
        for address in ("http://a.example", "https://a:b@c.example", "https://a.example/?access_token=1")
    ],
    "link-oid": [
        in_extension("Endpoint", "home-community-id", valueUri=f"urn:oid:{it}") for it in ("3.1", "1", "1.02", "1..2")
    ],
    "link-ae-title": [in_extension("Endpoint", "retrieve-ae-title", valueString=it) for it in ("A\\B", "A" * 17, "Ä")],
    "link-uid": [
        of("ImagingStudy", "series", uid="1.02"),
        lambda it: part(it, "ImagingStudy")["series"][0]["instance"][0].update(uid="1." + "2" * 63),
        in_extension("Endpoint", "MadoRetrieveLocationUIDExtension", valueString="ACME"),
    ],
    "link-uid-urn": [
        of("ImagingStudy", "identifier", value="2.25.1"),
        lambda it: part(it, "ImagingStudy")["series"][0]["instance"][0]["sopClass"].update(code="1.2.840"),
    ],
    "link-document-id": [
        lambda it: it["identifier"].update(value="urn:oid:2.25.01"),
        lambda it: part(it, "Composition")["identifier"].update(value="urn:uuid:1"),
        lambda it: part(it, "Composition").update(
            relatesTo=[
                {"code": "replaces", "targetIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2"}}
            ]
        ),
    ],
}
CASES = [(key, change) for key, changes in BROKEN.items() for change in changes]


@pytest.mark.parametrize("name", SMALL)
def test_every_invariant_holds_in_every_example(name: str) -> None:
    assert broken(bundle(EXAMPLES[name])) == []


@pytest.mark.slow
def test_every_invariant_holds_with_10000_instances() -> None:
    assert broken(bundle(EXAMPLES["mr-10000"])) == []


@pytest.mark.slow
@given(value=links | outlines)
def test_every_invariant_holds_in_any_document_that_is_written(value: Link) -> None:
    assert broken(bundle(value)) == []


@pytest.mark.parametrize(("key", "change"), CASES, ids=[key for key, _ in CASES])
def test_an_invariant_speaks_up_when_what_it_is_about_is_broken(key: str, change: Break) -> None:
    document = copy.deepcopy(CT)
    change(document)
    assert key in broken(document)


def test_every_invariant_is_broken_once() -> None:
    structures = [url for url, it in profiles.definitions().items() if it["resourceType"] == "StructureDefinition"]
    assert {key for url in structures for key, _ in asked(url)} == BROKEN.keys()
