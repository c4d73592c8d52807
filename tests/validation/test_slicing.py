"""Slices that are told by a profile, of a data type or of a resource, as others' packages have them."""

from __future__ import annotations

from typing import Any

import pytest

from linkexchange.validation.definitions import Definitions
from linkexchange.validation.slicing import Slicing

PROFILE = "https://other.example/StructureDefinition/study-uid"
STUDY = "https://other.example/StructureDefinition/study"
ENDPOINT = "https://other.example/StructureDefinition/endpoint"
BY_PROFILE = {"discriminator": [{"type": "profile", "path": "$this"}], "rules": "open"}


def structure(kind: str, *elements: dict[str, Any]) -> dict[str, Any]:
    listed = [{"id": kind, "min": 0, "max": "*"}, *elements]
    return {"type": kind, "kind": "complex-type", "abstract": False, "profile": True, "elements": listed}


SOURCE: dict[str, Any] = {
    "structures": {
        PROFILE: structure(
            "Identifier",
            {"id": "Identifier.system", "min": 1, "max": "1", "types": [{"code": "uri"}], "pattern": "urn:dicom:uid"},
        ),
        STUDY: structure(
            "ImagingStudy",
            {"id": "ImagingStudy.identifier", "min": 1, "max": "*", "slicing": BY_PROFILE},
            {
                "id": "ImagingStudy.identifier:study-uid",
                "min": 1,
                "max": "1",
                "types": [{"code": "Identifier", "profile": [PROFILE]}],
            },
            {"id": "ImagingStudy.contained", "min": 0, "max": "*", "slicing": BY_PROFILE},
            {
                "id": "ImagingStudy.contained:images",
                "min": 0,
                "max": "1",
                "types": [{"code": "Endpoint", "profile": [ENDPOINT]}],
            },
        ),
        ENDPOINT: structure("Endpoint"),
    },
    "invariants": [],
    "valueSets": {},
    "codeSystems": {},
}


@pytest.mark.parametrize(
    ("item", "name"),
    [({"system": "urn:dicom:uid", "value": "1"}, "study-uid"), ({"system": "urn:other"}, ""), ({}, ""), ("text", "")],
)
def test_a_data_type_is_in_the_slice_whose_profile_fixes_what_it_has(item: Any, name: str) -> None:
    definitions = Definitions(SOURCE)
    node = definitions.root(STUDY).children["identifier"]
    assert Slicing(definitions, lambda _: None).slice_of(item, node) == name


@pytest.mark.parametrize(
    ("claimed", "name"),
    [
        ([], "images"),
        ([f"{ENDPOINT}|1.0.0"], "images"),
        ([STUDY, ENDPOINT], "images"),
        ([STUDY], ""),
        (["https://unknown.example/profile"], "images"),
    ],
)
def test_a_resource_is_in_the_slice_of_its_type_unless_it_claims_another_profile(claimed: list[str], name: str) -> None:
    definitions = Definitions(SOURCE)
    node = definitions.root(STUDY).children["contained"]
    endpoint = {"resourceType": "Endpoint", "meta": {"profile": claimed}}
    assert Slicing(definitions, lambda _: None).slice_of(endpoint, node) == name
