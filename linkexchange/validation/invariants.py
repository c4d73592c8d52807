"""Invariants of the snapshots, by their twin where there is one, else by fhirpathpy."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from linkexchange.validation.definitions import Invariant
from linkexchange.validation.finding import Finding, Severity
from linkexchange.validation.narrative import is_clean
from linkexchange.validation.own_twins import OWN_TWINS, by_syntax
from linkexchange.validation.place import Place
from linkexchange.validation.twins import TWINS, Twin

_TRACE = re.compile(r"\.trace\('[a-z]+'(, [a-z]+)?\)")
_SEVERITY = {"error": Severity.ERROR, "warning": Severity.WARNING}


def broken(invariant: Invariant, value: Any, place: Place) -> Iterator[Finding]:
    """One finding where the invariant does not hold at this element."""
    try:
        holds = by_twin(invariant.expression, value, place)
        if holds is None:
            holds = by_fhirpath(invariant.expression, value, place)
    except Exception:
        # The library raises whatever it meets in an element of a wrong shape, which has a finding of its own.
        yield _finding(invariant, place, "could not be asked here", Severity.WARNING)
        return
    if not holds:
        yield _finding(invariant, place, invariant.human, _SEVERITY[invariant.severity])


def by_twin(expression: str, value: Any, place: Place) -> bool | None:
    """What its twin says of it, None where it has none or leaves it to the library."""
    twin = twin_of(expression)
    return twin(value, place) if twin else None


def twin_of(expression: str) -> Twin | None:
    """The twin of exactly this expression."""
    return TWINS.get(expression) or OWN_TWINS.get(expression) or by_syntax(expression)


def _finding(invariant: Invariant, place: Place, message: str, severity: Severity) -> Finding:
    remedy = f"Make this true: {invariant.expression}"
    return Finding(place.path, f"invariant:{invariant.key}", message, remedy, severity)


def by_fhirpath(expression: str, value: Any, place: Place) -> bool:
    """Whether fhirpathpy finds it true; an empty answer is none, as in the HL7 engine."""
    library = _library()
    node = library.nodes.ResourceNode.create_node(value, place.type_name or None)
    variables = {"resource": place.resource, "rootResource": place.root, "context": value}
    functions = {"userInvocationTable": _functions(place)}
    found = library.apply(node, _parsed(expression), variables, library.model, functions)
    return bool(found) and (found[0] is not False or len(found) > 1)


class _Library(NamedTuple):
    """What is used of fhirpathpy, which is imported when an invariant first has no twin: it takes half a second."""

    apply: Callable[..., list[Any]]
    parse: Callable[[str], Any]
    nodes: Any
    model: Any


@lru_cache(maxsize=1)
def _library() -> _Library:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fhirpathpy
        from fhirpathpy.engine import nodes
        from fhirpathpy.models import models
        from fhirpathpy.parser import parse

    return _Library(fhirpathpy.apply_parsed_path, parse, nodes, models["r4"])


@lru_cache(maxsize=256)
def _parsed(expression: str) -> Any:
    """The library does not know `$this` outside of a function; within `select` it is the same element.

    What `trace` prints would be values of the document; the answer is the same without it.
    """
    expression = _TRACE.sub("", expression)
    return _library().parse(f"select({expression})" if "$this" in expression else expression)


def _functions(place: Place) -> dict[str, Any]:
    """Functions that FHIR adds to FHIRPath (R4 section 2.9.4) and the library does not have."""
    return {
        "hasValue": {"fn": lambda items: [len(items) == 1 and not isinstance(items[0], Mapping)], "arity": {0: []}},
        "htmlChecks": {"fn": lambda items: [all(map(is_clean, items))], "arity": {0: []}},
        "resolve": {
            "fn": lambda items: [it for item in items if (it := _led_to(item, place)) is not None],
            "arity": {0: []},
        },
    }


def _led_to(item: Any, place: Place) -> Any:
    reference = item.get("reference") if isinstance(item, Mapping) else item
    return place.resolve(reference, place) if isinstance(reference, str) else None
