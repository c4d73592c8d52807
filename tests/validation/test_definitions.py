"""The snapshots that are shipped: what the script makes of our package, and what it keeps of FHIR R4."""

from __future__ import annotations

import importlib.util
import json
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from linkexchange import profiles, validation
from linkexchange.validation.definitions import Definitions, shipped

ROOT = Path(__file__).parents[2]


def the_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("definitions_script", ROOT / "scripts/definitions.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def snapshots(name: str) -> Any:
    return json.loads((files(validation) / "snapshots" / name).read_text())


def test_our_snapshots_are_those_of_the_package() -> None:
    known = {(it["resourceType"], url): it for url, it in profiles.definitions().items()}
    made = the_script().extracted(known, lambda _: True)
    assert snapshots("linkexchange.json") == json.loads(json.dumps(made)), "run scripts/definitions.py --package"


def test_every_type_and_every_required_value_set_is_there() -> None:
    """A type that is missing would break the walk; a value set, a binding that nobody checks."""
    everything = [it for name in ("r4.json", "linkexchange.json") for it in snapshots(name)["structures"].values()]
    elements = [element for it in everything for element in it["elements"]]
    codes = {kind["code"] for element in elements for kind in element.get("types", ())}
    assert {it for it in codes if not shipped().knows(it)} == set()
    required = {it["binding"]["valueSet"] for it in elements if it.get("binding", {}).get("strength") == "required"}
    assert required - shipped().value_sets.keys() == set()


def test_the_licence_of_r4_stands_in_the_file() -> None:
    assert "CC0" in snapshots("r4.json")["licence"]


@pytest.mark.parametrize("url", [f"{profiles.BASE}/StructureDefinition/link-bundle", "Patient", "Timing"])
def test_every_element_of_a_tree_is_reached_by_its_name(url: str) -> None:
    root = shipped().root(url)
    assert root.children
    assert all(root.members[name][0] is child for name, child in root.children.items() if not child.is_choice)


def test_a_content_reference_leads_to_the_elements_it_names() -> None:
    section = shipped().root("Composition").children["section"]
    inner = section.children["section"]
    assert inner.frame(inner.types[0] if inner.types else section.types[0]).children is section.children


def test_a_type_that_is_not_shipped_is_not_known() -> None:
    assert not Definitions(snapshots("r4.json")).knows("Observation")
    assert shipped().type_of("http://hl7.org/fhir/StructureDefinition/Observation") == "Observation"
