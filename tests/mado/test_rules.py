"""Every example that has to be a manifest of MADO keeps its rules, and each rule speaks up when it is broken."""

from __future__ import annotations

from typing import Any

import pytest
from mado.examples import PROFILES, SCRIPT, Example, examples
from mado.planted import planted
from mado.rules import RULES
from profiles.fhirpath import holds

EXAMPLES = {it.name: it for it in examples() if it.name not in SCRIPT.NOT_KEPT}
MANIFESTS = {name: it for name, it in EXAMPLES.items() if not it.why_not}
OTHERS = {name: it for name, it in EXAMPLES.items() if it.why_not}
BROKEN = planted(EXAMPLES["ct"])


def broken(document: Any) -> set[tuple[str, str]]:
    """The rules that a Bundle or a DocumentReference breaks."""
    is_reference = document["resourceType"] == "DocumentReference"
    rules = {key: it for key, it in RULES.items() if (key[0] == "MadoFhirDocumentReference") == is_reference}
    return {key for key, it in rules.items() if not holds(document, it)}


@pytest.mark.parametrize("example", MANIFESTS.values(), ids=lambda it: it.name)
def test_a_manifest_keeps_every_rule_of_mado(example: Example) -> None:
    assert broken(example.bundle) | broken(example.reference) == set()


def test_there_are_manifests_with_and_without_orders() -> None:
    assert sorted(MANIFESTS) == ["cr-two-images", "ct", "mammography-tomosynthesis", "resolver-and-viewer", "umlauts"]


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_is_no_manifest_of_mado_breaks_a_rule_of_it(name: str) -> None:
    assert broken(OTHERS[name].bundle)


@pytest.mark.parametrize("key", BROKEN, ids=" ".join)
def test_a_rule_speaks_up_when_it_is_broken(key: tuple[str, str]) -> None:
    assert key in broken(BROKEN[key])


def test_every_rule_is_broken_once_and_every_profile_with_rules_has_some() -> None:
    assert RULES.keys() == BROKEN.keys()
    silent = {"MadoPatient", "MadoCreatorOrganization"}
    assert {profile for profile, _ in RULES} == set(PROFILES.values()) - silent
