"""The HL7 reference engine finds no error in any example, knowing our package and FHIR R4."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import reference_engine as engine
from link_samples import HINT
from profiles.script import ROOT, script

from linkexchange.documents import write
from linkexchange.model.link import Link, MediaType
from linkexchange.model.study import Manifest

pytestmark = [pytest.mark.peers, pytest.mark.slow, pytest.mark.timeout(3_000)]

LINKS = script("profile_examples")
ALL = LINKS.links()
EXAMPLES = {name: link for name, link in ALL.items() if name not in LINKS.NOT_KEPT}
INSTANCES = int(os.environ.get("LINKEXCHANGE_ENGINE_INSTANCES", "100"))
"""How many of the 10,000 of the largest example: the engine takes minutes for all of them (`make engine`)."""
LARGE = "large"
PACKAGE = script("profiles").PACKAGE
WRONG = "wrong.xml"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[engine.Finding]:
    """Of all examples in one go, since most of its time it reads FHIR; with one that has no digest."""
    documents, definitions = (tmp_path_factory.mktemp(name) for name in ("documents", "definitions"))
    for name, link in EXAMPLES.items():
        (documents / f"{name}.xml").write_bytes(write(link, MediaType.XML, node_url_hint=HINT).content)
    (documents / f"{LARGE}.xml").write_bytes(write(large(), MediaType.XML, node_url_hint=HINT).content)
    (documents / "ct.json").write_bytes(write(EXAMPLES["ct"], MediaType.JSON, node_url_hint=HINT).content)
    kept = (ROOT / "fhir-profiles/examples/ct.xml").read_text()
    (documents / WRONG).write_text(kept.replace("StructureDefinition/manifest-digest", "StructureDefinition/another"))
    for file in Path(PACKAGE).glob("[A-Z]*.json"):
        shutil.copy(file, definitions)
    return engine.findings(documents, definitions)


def large() -> Link:
    """The largest example, or the beginning of each of its series."""
    link: Link = ALL["mr-10000"]
    size = INSTANCES // len(link.manifest.series)
    series = tuple(replace(it, instances=it.instances[:size]) for it in link.manifest.series)
    return replace(link, manifest=Manifest(link.manifest.study, series))


def test_the_large_example_has_as_many_instances_as_were_asked_for() -> None:
    assert large().manifest.size == INSTANCES


@pytest.mark.parametrize("file", [*(f"{name}.xml" for name in (*EXAMPLES, LARGE)), "ct.json"])
def test_the_engine_finds_no_error_in_an_example(said: list[engine.Finding], file: str) -> None:
    severities = {it.severity for it in said if it.file == file}
    assert ("done" in severities, severities & engine.SEVERE) == (True, set())


def test_the_engine_notices_a_digest_that_is_not_there(said: list[engine.Finding]) -> None:
    wrong = [it.message for it in said if it.file == WRONG and it.severity in engine.SEVERE]
    assert any("manifest-digest" in it for it in wrong)
