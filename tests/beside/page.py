"""docs/reference/validators.md, written from what four validators said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from beside.cases import BY_RULE, Case
from beside.four import Validator
from twins_asked import Comparison

PAGE = Path(__file__).parents[2] / "docs/reference/validators.md"
_MEANING = Path(__file__).parent / "meaning.md"

_HEAD = """# Validators beside one another

*Reference. For testers of conformance, and for makers of software that writes link documents.*

<!-- Made by `make validators`: run it again, do not edit. The words behind the tables are tests/beside/meaning.md. -->

The same documents, shown on {day} to {validators}. All but fhir.resources know the
[profiles](profiles.md) of the link document. A broken document is the good one with one change. It counts as found
where there is an error which the good one does not have; warnings and hints do not count.
"""


def write(day: date, validators: Sequence[Validator], cases: Sequence[Case], twins: Comparison) -> None:
    """The page."""
    PAGE.write_text(markdown(day, validators, cases, twins))


def markdown(day: date, validators: Sequence[Validator], cases: Sequence[Case], twins: Comparison) -> str:
    """The same as text."""
    names = [f"{it.name} {it.version}" for it in validators]
    parts = [
        _HEAD.format(day=day, validators=f"{', '.join(names[:-1])} and {names[-1]}"),
        "## Good documents\n",
        *_good(validators),
        "\n## Broken by program\n",
        f"{_DERIVED}\n",
        *_counts(validators, [it for it in cases if not it.is_picked]),
        "\n## Picked by hand\n",
        *_counts(validators, [it for it in cases if it.is_picked]),
        f"\n{_MEANING.read_text()}",
        "## Checks written by hand\n",
        _twins(day, twins),
        "\n## Each document that was picked by hand\n",
        *_rows(validators, [it for it in cases if it.is_picked]),
        "",
    ]
    return "\n".join(parts)


_DERIVED = """Each constraint of the snapshots of our profiles, and of the types in them, broken once where the good
document has the element (`tests/derived.py`): taken out, repeated, of another type, another fixed value, a code of no
value set, a reference to another type, against each invariant."""


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _table(heading: Sequence[object], rows: Iterator[Sequence[object]]) -> Iterator[str]:
    yield _line(heading)
    yield "|" + "---|" * len(heading)
    yield from map(_line, rows)


def _good(validators: Sequence[Validator]) -> Iterator[str]:
    rows = ((it.name, len(it.accepts()), len(it.good) - len(it.accepts())) for it in validators)
    return _table(("validator", "accepts", "refuses"), rows)


def _counts(validators: Sequence[Validator], cases: Sequence[Case]) -> Iterator[str]:
    return _table(("what is broken", "documents", *(it.name for it in validators)), _classes(validators, cases))


def _classes(validators: Sequence[Validator], cases: Sequence[Case]) -> Iterator[Sequence[object]]:
    """A row for each class of constraint that there is, and their sum."""
    for name in BY_RULE:
        if some := [it for it in cases if it.broken == name]:
            yield (name, len(some), *(sum(map(validator.finds, some)) for validator in validators))
    yield ("**all**", len(cases), *(sum(map(validator.finds, cases)) for validator in validators))


def _rows(validators: Sequence[Validator], cases: Sequence[Case]) -> Iterator[str]:
    marks = (("finds it" if it.finds(case) else "–" for it in validators) for case in cases)
    rows = ((case.name, f"`{case.rule}`", *found) for case, found in zip(cases, marks, strict=True))
    heads = (f"{it.name} (refuses the good one)" if it.good["good"] else it.name for it in validators)
    return _table(("broken", "the finding that ours must give", *heads), rows)


def _twins(day: date, twins: Comparison) -> str:
    said = f"{len(twins.different)} answers differ" if twins.different else "every answer is the same"
    return f"""Invariants with a check written by hand in place of FHIRPath
([why](validation.md#what-is-looked-at)), on {day}, each asked wherever its element stands in {twins.documents:,}
documents, good and broken: {twins.asked:,} questions, of which {twins.answers.total():,} differ from one another and
were put to fhirpathpy as well: {said}, but for the one that is meant."""
