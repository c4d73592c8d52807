"""Twins of invariants: each says what fhirpathpy says, wherever it is asked in the broken documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from broken import BY_HAND, good

from linkexchange.validation import invariants
from linkexchange.validation.definitions import shipped
from linkexchange.validation.narrative import is_clean
from linkexchange.validation.own_twins import OWN_TWINS
from linkexchange.validation.place import Place
from linkexchange.validation.twins import TWINS
from linkexchange.validation.validating import walked


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, Place]]:
    """Everything that was asked of a twin."""
    found: list[tuple[str, Any, Place]] = []
    original = invariants.by_twin

    def heard(expression: str, value: Any, place: Place) -> bool | None:
        found.append((expression, value, place))
        return original(expression, value, place)

    monkeypatch.setattr(invariants, "by_twin", heard)
    return found


@pytest.mark.slow
def test_each_twin_says_what_fhirpath_says(asked: list[tuple[str, Any, Place]]) -> None:
    """Values that are no objects where objects are wanted have findings of their own, and are nobody's question."""
    for document in (good(), *(it.document() for it in BY_HAND)):
        walked(document, shipped())
    different, counts = [], Counter[tuple[str, bool]]()
    for expression, value, place in asked:
        twin = invariants.twin_of(expression)
        by_twin = _or_none(twin, value, place) if twin else None
        if by_twin is None:
            continue
        counts[expression, by_twin] += 1
        by_library = _or_none(invariants.by_fhirpath, expression, value, place)
        if by_twin != by_library and expression not in _BEYOND and not _is_without_reference(expression, value):
            different.append((expression, place.path, by_twin))
    assert different == []
    assert [it for it in (*TWINS, *OWN_TWINS) if not counts[it, False] or not counts[it, True]] == []


def _or_none(ask: Callable[..., bool | None], *arguments: Any) -> bool | None:
    """What is asked of a text where an object is wanted has a finding of its own, and raises."""
    try:
        return ask(*arguments)
    except Exception:
        return None


def _is_without_reference(expression: str, value: Any) -> bool:
    """Of a reference by identifier alone the library says nothing at all to ref-1, and the HL7 engine that it holds."""
    return expression.startswith("reference.startsWith") and "reference" not in value


_BEYOND = {it for it in TWINS if ".as(canonical)" in it}
"""dom-3: the library raises at `as` of many elements."""


def test_every_invariant_that_is_shipped_can_be_read_by_the_library() -> None:
    definitions = shipped()
    everything = {it.expression for _, found in definitions._structures.values() for it in found}
    assert [it for it in sorted(everything) if not invariants._parsed(it)] == []


@pytest.mark.parametrize(
    ("inside", "clean"),
    [
        ("<p>Thorax</p>", True),
        ('<p style="x">a<br/>b</p><table><tr><td colspan="2">1</td></tr></table>', True),
        ('<img src="#a" alt="b"/>', True),
        ("", False),
        (" <p/> ", False),
        ("<script>1</script>", False),
        ('<p onclick="x">a</p>', False),
        ("<form>a</form>", False),
        ("<p>a", False),
        ('<p xmlns="urn:x">a</p>', False),
    ],
)
def test_a_narrative_has_only_what_fhir_allows(inside: str, clean: bool) -> None:
    assert is_clean(f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>') is clean
