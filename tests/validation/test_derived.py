"""Every constraint of our snapshots, broken once."""

from __future__ import annotations

from collections import Counter

import pytest
from derived import derived, found_rules

DERIVED = list(derived())


@pytest.mark.slow
def test_every_broken_constraint_is_found() -> None:
    missed = [(it.name, sorted(found)) for it in DERIVED if not set(it.rules) & (found := found_rules(it.document))]
    assert missed == []


def test_the_document_has_enough_for_every_kind_of_constraint() -> None:
    kinds = Counter(it.kind.partition(" as ")[0] for it in DERIVED)
    assert sum(kinds.values()) > 400
    assert min(kinds.values()) >= 1, kinds
