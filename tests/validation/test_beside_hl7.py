"""Beside the HL7 engine: what it finds broken we find broken, and the good document that it accepts we accept."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken import BY_HAND, good
from derived import derived, found_rules
from reference_engine import errors


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.timeout(3_000)
def test_nothing_that_the_hl7_engine_finds_is_missed(tmp_path: Path) -> None:
    broken = {f"by hand: {it.name}": it.document() for it in BY_HAND} | {it.name: it.document for it in derived()}
    folder = tmp_path / "documents"
    folder.mkdir()
    theirs = errors({"good": good()} | broken, folder)
    assert (theirs["good"], found_rules(good())) == ([], set())
    assert [name for name in broken if theirs[name] and not found_rules(broken[name])] == []
