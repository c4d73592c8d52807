"""Twins of invariants beside fhirpathpy: whatever documents ask of a twin is asked of the library as well."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from linkexchange.validation import invariants
from linkexchange.validation.definitions import shipped
from linkexchange.validation.place import Place
from linkexchange.validation.validating import walked

Json = dict[str, Any]
_OF_MANY = re.compile(r"(%resource\.descendants\(\))\.as")
"""dom-3: the library raises at `as` of many elements, as FHIRPath wants; R4 means `ofType`."""


class Question(NamedTuple):
    """An invariant, asked of an element."""

    expression: str
    value: Any
    place: Place


@contextmanager
def heard() -> Iterator[list[Question]]:
    """Everything that is asked of a twin meanwhile."""
    found: list[Question] = []
    original = invariants.by_twin

    def tell(expression: str, value: Any, place: Place) -> bool | None:
        found.append(Question(expression, value, place))
        return original(expression, value, place)

    invariants.by_twin = tell
    try:
        yield found
    finally:
        invariants.by_twin = original


def expressions(key: str) -> frozenset[str]:
    """Of all invariants of this key."""
    shipped_ones = {it for _, found in shipped()._structures.values() for it in found}
    return frozenset(it.expression for it in shipped_ones if it.key == key)


class Comparison:
    """Answers of twins beside those of the library.

    One question is put once, wherever it stands: the library's answer depends on the element, and on the resources
    around it only where the expression names them.
    """

    def __init__(self) -> None:
        self.different: list[tuple[str, str, bool]] = []
        self.answers: Counter[tuple[str, bool]] = Counter()
        self.documents = self.asked = 0
        self._known: set[int] = set()

    def hold(self, document: Json, only: Collection[str] | None = None) -> None:
        """All that a document asks, or what it asks of some expressions."""
        with heard() as questions:
            walked(document, shipped())
        self.documents += 1
        texts: dict[int, str] = {}
        for it in questions:
            if only is None or it.expression in only:
                self._once(it, texts)

    def _once(self, question: Question, texts: dict[int, str]) -> None:
        key = hash(_seen_by(question, texts))
        self.asked += 1
        if key not in self._known:
            self._known.add(key)
            self._compare(question)

    def _compare(self, question: Question) -> None:
        twin = invariants.twin_of(question.expression)
        by_twin = _or_none(twin, question.value, question.place) if twin else None
        if by_twin is None:
            return
        self.answers[question.expression, by_twin] += 1
        asked = _OF_MANY.sub(r"\1.ofType", question.expression)
        by_library = _or_none(invariants.by_fhirpath, asked, question.value, question.place)
        if by_twin != by_library and not _is_beyond(question):
            self.different.append((question.expression, question.place.path, by_twin))


def _seen_by(question: Question, texts: dict[int, str]) -> tuple[str, ...]:
    """All that the answer can depend on, as text. `texts` keeps that of each resource of one document."""
    expression, value, place = question
    around = []
    if "%resource" in expression:
        around.append(place.resource)
    if "%rootResource" in expression:
        around.append(place.root)
    for it in around:
        if id(it) not in texts:
            texts[id(it)] = json.dumps(it)
    return (expression, place.type_name, json.dumps(value), *(texts[id(it)] for it in around))


def _or_none(ask: Callable[..., bool | None], *arguments: Any) -> bool | None:
    """What is asked of a text where an object is wanted has a finding of its own, and raises."""
    try:
        return ask(*arguments)
    except Exception:
        return None


def _is_beyond(question: Question) -> bool:
    """Of a reference by identifier alone the library says nothing at all to ref-1, and the HL7 engine that it holds."""
    return question.expression.startswith("reference.startsWith") and "reference" not in question.value
