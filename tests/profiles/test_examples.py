"""The examples are what the writer makes today, are read as what they were made from, and are FHIR R4."""

from __future__ import annotations

import json

import pytest
from link_samples import HINT
from profiles.script import ROOT, script

from linkexchange import documents
from linkexchange.model.link import Document, MediaType

SCRIPT = script("profile_examples")
LINKS = SCRIPT.links()
KEPT = sorted(LINKS.keys() - SCRIPT.NOT_KEPT)
FOLDER = ROOT / "fhir-profiles/examples"


@pytest.mark.parametrize("name", KEPT)
def test_an_example_is_what_the_writer_makes_today(name: str) -> None:
    assert (FOLDER / f"{name}.xml").read_bytes() == SCRIPT.document(LINKS[name]), "run scripts/profile_examples.py"


def test_there_is_no_example_that_is_not_made() -> None:
    assert sorted(it.stem for it in FOLDER.iterdir()) == KEPT


@pytest.mark.parametrize("name", KEPT)
def test_an_example_is_read_as_the_link_that_it_was_made_from(name: str) -> None:
    assert documents.read(Document((FOLDER / f"{name}.xml").read_bytes(), MediaType.XML)) == LINKS[name]


@pytest.mark.parametrize("name", KEPT)
def test_the_model_takes_all_of_an_example_and_changes_nothing(name: str) -> None:
    from fhir.resources.R4B.bundle import Bundle

    written = documents.write(LINKS[name], MediaType.JSON, node_url_hint=HINT).content
    assert json.loads(Bundle.model_validate_json(written).model_dump_json()) == json.loads(written)


@pytest.mark.slow
def test_an_example_of_10000_instances_is_small_enough_and_read_as_it_was() -> None:
    written = SCRIPT.document(LINKS["mr-10000"])
    assert len(written) < 2_500_000
    assert documents.read(Document(written, MediaType.XML)) == LINKS["mr-10000"]
