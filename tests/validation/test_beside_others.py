"""Beside fhir.resources and Medplum, and the page that tells what four validators find."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from beside import medplum, models
from beside.cases import BY_RULE, good_ones, picked, some_by_program
from beside.four import Validator
from derived import derived, found_rules

PAGE = (Path(__file__).parents[2] / "docs/reference/validators.md").read_text()
PICKED = list(picked())


def _cells(heading: str) -> list[list[str]]:
    """The rows of the table behind a heading, without its head."""
    rows = [it for it in PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines() if it[:1] == "|"]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.mark.slow
def test_nothing_that_the_models_refuse_is_missed() -> None:
    some = [*PICKED, *some_by_program(10)]
    theirs = models.errors({it.name: it.document for it in some})
    refused = [it for it in some if theirs[it.name]]
    assert len(refused) > 50
    assert [it.name for it in refused if not found_rules(it.document)] == []


def test_the_models_take_every_good_document() -> None:
    assert [name for name, errors in models.errors(good_ones()).items() if errors] == []


@pytest.mark.slow
@pytest.mark.peers
def test_nothing_that_medplum_finds_is_missed(tmp_path: Path) -> None:
    good, some = good_ones(), [*PICKED[::4], *some_by_program(40)]
    said = medplum.errors({"good": good["good"]} | {it.name: it.document for it in some}, tmp_path)
    validator = Validator("Medplum", medplum.version(), said, said)
    found = [it for it in some if validator.finds(it)]
    assert len(found) > 20
    assert [it.name for it in found if not found_rules(it.document)] == []


def test_the_page_has_a_row_for_each_document_that_was_picked_by_hand() -> None:
    rows = [(name, rule) for name, rule, *_ in _cells("Each document that was picked by hand")]
    assert rows == [(it.name, f"`{it.rule}`") for it in PICKED], "run make validators"


def test_the_page_counts_all_that_is_broken_by_program() -> None:
    rows = {name: int(count) for name, count, *_ in _cells("Broken by program")}
    assert rows["**all**"] == len(list(derived())), "run make validators"
    assert rows["**all**"] == sum(rows[name] for name in BY_RULE if name in rows)


def test_by_the_page_ours_finds_everything() -> None:
    marks = Counter(cell for _, _, cell, *_ in _cells("Each document that was picked by hand"))
    counts = [(count, ours) for _, count, ours, *_ in _cells("Broken by program")]
    assert set(marks) == {"finds it"}
    assert [it for it in counts if it[0] != it[1]] == []


def test_the_page_says_what_was_run() -> None:
    assert f"Medplum {medplum.version()}" in PAGE
    assert f"fhir.resources {models.version()}" in PAGE
