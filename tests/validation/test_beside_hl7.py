"""Beside the HL7 engine: what it finds broken we find broken, and the good document that it accepts we accept."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken import BY_HAND, good
from derived import derived, found_rules
from hl7 import errors


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.timeout(3_000)
def test_nothing_that_the_hl7_engine_finds_is_missed(tmp_path: Path) -> None:
    """The engine cannot add unsignedInt to integer, as link-img-2 of the profiles asks: that is left out everywhere."""
    broken = {f"by hand: {it.name}": it.document() for it in BY_HAND} | {it.name: it.document for it in derived()}
    folder = tmp_path / "documents"
    folder.mkdir()
    theirs = errors({"good": good()} | broken, folder)
    accepted = {it.partition(": ")[2] for it in theirs["good"]}
    assert all("link-img-2" in it or "link-imaging-study" in it for it in accepted)
    assert found_rules(good()) == set()
    found = {name for name in broken if {it.partition(": ")[2] for it in theirs[name]} - accepted}
    assert [name for name in broken if name in found and not found_rules(broken[name])] == []
