"""Twins of the invariants of our own profiles (fhir-profiles/input/fsh/invariants.fsh)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from linkexchange.documents import names
from linkexchange.validation.bundled import listed
from linkexchange.validation.place import Element, Place

Twin = Callable[[Any, Place], bool | None]
_SYNTAX = re.compile(
    r"\$this\.toString\(\)\.matches\('(?P<syntax>.*)'\)(?: and \$this\.toString\(\)\.length\(\) <= (?P<most>[0-9]+))?"
)
_CATEGORY = "http://hl7.eu/fhir/eu-health-data-api/CodeSystem/eehrxf-document-priority-category-cs"


@lru_cache(maxsize=64)
def by_syntax(expression: str) -> Twin | None:
    """The twin of a rule that asks for a regular expression and a length, whatever they are."""
    found = _SYNTAX.fullmatch(expression)
    if found is None:
        return None
    syntax, most = re.compile(found["syntax"].replace("\\\\", "\\")), found["most"]

    def holds(value: Any, _: Place) -> bool | None:
        if not isinstance(value, str):
            return None
        return (most is None or len(value) <= int(most)) and syntax.search(value) is not None

    return holds


def _of(bundle: Element, kind: str) -> list[Element]:
    resources = (it.get("resource") for it in listed(bundle, "entry"))
    return [it for it in resources if isinstance(it, Mapping) and it.get("resourceType") == kind]


def _one(kind: str) -> Twin:
    return lambda value, _: len(_of(value, kind)) == 1


def _composition_first(value: Any, _: Place) -> bool:
    first = listed(value, "entry")[:1]
    return len(_of(value, "Composition")) == 1 and _of({"entry": first}, "Composition") != []


def _one_wado(value: Any, _: Place) -> bool:
    codes = [it["connectionType"].get("code") for it in _of(value, "Endpoint") if "connectionType" in it]
    return codes.count(names.WADO_RS) == 1


def _same_identifier(value: Any, _: Place) -> bool | None:
    """Left to the library where there is not one of each."""
    if len(compositions := _of(value, "Composition")) != 1:
        return None
    identifiers = [value.get("identifier"), compositions[0].get("identifier")]
    values = [it.get("value") if isinstance(it, Mapping) else None for it in identifiers]
    return None if None in values else values[0] == values[1]


def _same_state(value: Any, _: Place) -> bool | None:
    states = [it.get("status") for kind in ("Composition", "ImagingStudy") for it in _of(value, kind)]
    if len(states) != 2 or None in states:
        return None
    return (states[0] == "entered-in-error") == (states[1] == "cancelled")


def _has_category(value: Any, _: Place) -> bool:
    codings = [coding for it in listed(value, "category") for coding in listed(it, "coding")]
    return any(it.get("system") == _CATEGORY and it.get("code") == "Medical-Imaging" for it in codings)


def _counts_series(value: Any, _: Place) -> bool | None:
    if "numberOfSeries" not in value or not _is_list(value, "series"):
        return None
    return bool(value["numberOfSeries"] == len(value.get("series", ())))


def _is_list(value: Any, name: str) -> bool:
    """Also where it is missing. How many anything else is, the library knows in its own way."""
    return isinstance(value.get(name, []), list)


def _counts_instances(value: Any, _: Place) -> bool | None:
    counts = [it.get("numberOfInstances") for it in listed(value, "series")]
    if "numberOfInstances" not in value or not all(type(it) is int for it in counts):
        return None
    return bool(value["numberOfInstances"] == sum(it for it in counts if it))


def _distinct_series(value: Any, _: Place) -> bool:
    uids = [it["uid"] for it in listed(value, "series") if "uid" in it]
    return len(set(uids)) == len(uids)


def _lists_as_many(value: Any, _: Place) -> bool | None:
    """Where the level is not stated once, or a series has no count, the library decides."""
    levels = [it.get("valueCode") for it in listed(value, "extension") if it.get("url") == names.LISTING_LEVEL]
    series = listed(value, "series")
    if len(levels) != 1 or not all(type(it.get("numberOfInstances")) is int for it in series):
        return None
    if len(series) != len(value.get("series", ())) or not all(_is_list(it, "instance") for it in series):
        return None
    if levels == ["series"]:
        return not any("instance" in it for it in series)
    return all(it["numberOfInstances"] == len(it.get("instance", ())) for it in series)


def _one_local_number(value: Any, _: Place) -> bool:
    kinds = [it.get("type") for it in listed(value, "identifier")]
    return sum(any(it.get("code") == "MR" for it in listed(kind, "coding")) for kind in kinds) <= 1


_LEVEL = f"extension.where(url = '{names.LISTING_LEVEL}').value = 'series'"

OWN_TWINS: dict[str, Twin] = {
    "entry.resource.ofType(Composition).count() = 1 and "
    "entry.first().resource.ofType(Composition).exists()": _composition_first,
    **{
        f"entry.resource.ofType({kind}).count() = 1": _one(kind)
        for kind in ("ImagingStudy", "Patient", "Organization", "Device")
    },
    f"entry.resource.ofType(Endpoint).where(connectionType.code = '{names.WADO_RS}').count() = 1": _one_wado,
    "entry.resource.ofType(Composition).identifier.value = identifier.value": _same_identifier,
    "(entry.resource.ofType(Composition).status = 'entered-in-error') = "
    "(entry.resource.ofType(ImagingStudy).status = 'cancelled')": _same_state,
    f"category.coding.where(system = '{_CATEGORY}' and code = 'Medical-Imaging').exists()": _has_category,
    "relatesTo.where(code = 'replaces').count() <= 1": lambda value, _: (
        sum(it.get("code") == "replaces" for it in listed(value, "relatesTo")) <= 1
    ),
    "numberOfSeries = series.count()": _counts_series,
    "numberOfInstances.toString().toInteger()"
    " = series.numberOfInstances.aggregate($this.toString().toInteger() + $total, 0)": _counts_instances,
    "series.uid.isDistinct()": _distinct_series,
    f"iif({_LEVEL}, series.instance.empty(), series.all(numberOfInstances = instance.count()))": _lists_as_many,
    "identifier.where(type.coding.where(code = 'MR').exists()).count() <= 1": _one_local_number,
}
"""FHIRPath → the same in Python; those that `by_syntax` makes are not listed."""
