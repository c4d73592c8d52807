"""Every constraint of our snapshots, broken once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from broken import good
from derived import derived, found_rules

from linkexchange.validation import Finding, walk
from linkexchange.validation.definitions import Invariant, shipped
from linkexchange.validation.invariants import broken
from linkexchange.validation.place import Place
from linkexchange.validation.validating import walked

DERIVED = list(derived())


@pytest.mark.slow
def test_every_broken_constraint_is_found() -> None:
    missed = [(it.name, sorted(found)) for it in DERIVED if not set(it.rules) & (found := found_rules(it.document))]
    assert missed == []


def test_the_document_has_enough_for_every_kind_of_constraint() -> None:
    kinds = Counter(it.kind.partition(" as ")[0] for it in DERIVED)
    assert sum(kinds.values()) > 400
    assert min(kinds.values()) >= 1, kinds


def test_every_invariant_of_the_good_document_is_broken_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for warnings, which break none."""
    asked: set[str] = set()

    def heard(invariant: Invariant, value: Any, place: Place) -> Iterator[Finding]:
        asked.update({invariant.key} if invariant.severity == "error" else ())
        return broken(invariant, value, place)

    monkeypatch.setattr(walk, "broken", heard)
    walked(good(), shipped())
    assert asked == {it.kind.removeprefix("against ") for it in DERIVED if it.kind.startswith("against ")}
