"""The entries of a document by their names, and what a reference leads to (FHIR R4 section 2.36.4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from linkexchange.validation.place import Element, Place

_RESTFUL = re.compile(
    r"(?P<base>https?://\S*/)?(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(/_history/[A-Za-z0-9\-.]{1,64})?"
)


def listed(parent: Any, name: str) -> list[Element]:
    """The members of a list that are objects; what else stands there is found by the walk."""
    items = parent.get(name) if isinstance(parent, Mapping) else None
    return [it for it in items if isinstance(it, Mapping)] if isinstance(items, list) else []


class Entries:
    """All resources of a Bundle by fullUrl."""

    def __init__(self, bundle: Element) -> None:
        self._by_url: dict[str, Element] = {
            it["fullUrl"]: it["resource"]
            for it in listed(bundle, "entry")
            if isinstance(it.get("fullUrl"), str) and isinstance(it.get("resource"), Mapping)
        }

    def resolve(self, reference: str, place: Place) -> Element | None:
        """The resource, None where it is not in this document."""
        if reference.startswith("#"):
            return _contained(reference[1:], place)
        if reference in self._by_url:
            return self._by_url[reference]
        around = _RESTFUL.fullmatch(place.entry_url)
        return self._by_url.get((around["base"] or "") + reference) if around else None


def _contained(name: str, place: Place) -> Element | None:
    if not name:
        return place.root
    return next((it for it in _all_contained(place) if it.get("id") == name), None)


def _all_contained(place: Place) -> Iterator[Element]:
    yield from listed(place.root, "contained")
    yield from listed(place.resource, "contained")


def type_in(reference: str) -> str:
    """The resource type that stands in a RESTful reference, empty where none does."""
    found = _RESTFUL.fullmatch(reference)
    return found["type"] if found else ""
