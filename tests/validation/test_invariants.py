"""Twins of invariants: each says what fhirpathpy says, wherever it is asked in the broken documents."""

from __future__ import annotations

import pytest
from broken import BY_HAND, good
from derived import derived
from twins_asked import Comparison, expressions

from linkexchange.validation import invariants
from linkexchange.validation.definitions import shipped
from linkexchange.validation.narrative import is_clean
from linkexchange.validation.own_twins import OWN_TWINS
from linkexchange.validation.place import Place
from linkexchange.validation.twins import TWINS


@pytest.mark.slow
def test_each_twin_says_what_fhirpath_says() -> None:
    twins = Comparison()
    for document in (good(), *(it.document() for it in BY_HAND)):
        twins.hold(document)
    assert twins.different == []
    answers = twins.answers
    assert [it for it in (*TWINS, *OWN_TWINS) if not answers[it, False] or not answers[it, True]] == []


@pytest.mark.slow
def test_each_twin_says_so_on_what_was_derived_from_its_invariant_and_on_some_others() -> None:
    """All others are looked at by `make validators`."""
    twins = Comparison()
    for place, it in enumerate(derived()):
        if it.kind.startswith("against "):
            twins.hold(it.document, expressions(it.kind.removeprefix("against ")))
        elif place % 10 == 0:
            twins.hold(it.document)
    assert twins.different == []
    assert twins.documents > 300


_MISSHAPEN = {
    f"link-bundle Bundle.{name} a list" for name in ("identifier", "timestamp", "entry.fullUrl", "entry.resource")
} | {
    "link-composition Composition.text a list",
    "Reference.reference a list",
    "Reference.reference of no such syntax",
    "Practitioner.id a list",
    "Practitioner.id of no such syntax",
    "link-imaging-study ImagingStudy.series a text for an object",
    "link-imaging-study ImagingStudy.series.instance a text for an object",
}


def test_what_has_a_wrong_shape_is_judged_as_the_library_does() -> None:
    """A list for a single value, a number for a text: here twins once said something else."""
    twins = Comparison()
    for it in derived():
        if it.name in _MISSHAPEN:
            twins.hold(it.document)
    assert (twins.documents, twins.different) == (len(_MISSHAPEN), [])


def test_the_library_prints_no_value_of_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    traced = next(it for it in TWINS if ".trace('url')" in it)
    place = Place("Reference", {}, {"contained": [{"id": "a"}]}, lambda *_: None)
    assert invariants.by_fhirpath(traced, {"reference": "#a"}, place)
    assert capsys.readouterr().out == ""


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
