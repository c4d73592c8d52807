"""Beside the HL7 engine: what it finds broken we find broken, and the good documents that it accepts we accept."""

from __future__ import annotations

from pathlib import Path

import pytest
from beside.cases import good_ones, picked, some_by_program
from derived import found_rules
from reference_engine import errors


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.timeout(3_000)
def test_nothing_that_the_hl7_engine_finds_is_missed(tmp_path: Path) -> None:
    """Every sixth of those that are made by program; `make validators` takes all."""
    good, broken = good_ones(), {it.name: it.document for it in (*picked(), *some_by_program(6))}
    theirs = errors(good | broken, tmp_path)
    assert [name for name in good if theirs[name] or found_rules(good[name])] == []
    assert [name for name in broken if theirs[name] and not found_rules(broken[name])] == []
