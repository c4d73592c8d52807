"""Invariants that stand at nearly every element, written by hand: FHIRPath in Python takes a hundred times as long.

The key is the expression itself, as the snapshot spells it, so that a twin never judges for another rule. Tests hold
each equal to fhirpathpy on all broken documents; what of a wrong shape the library cannot be asked of, none is asked of
here. Those of `htmlChecks()` have no counterpart there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from linkexchange.validation.bundled import listed
from linkexchange.validation.narrative import is_clean
from linkexchange.validation.place import Place

Twin = Callable[[Any, Place], bool | None]
"""None leaves it to the library."""


def _has(value: Any, name: str) -> bool:
    """`name.exists()`, also for types of a choice (`value` is `valueCode`) and a primitive with extensions only."""
    return any(it in {name, f"_{name}"} or (name == "value" and it.startswith("value")) for it in value)


def _items(value: Any, name: str) -> list[Any]:
    found = value.get(name, [])
    return found if isinstance(found, list) else [found]


def _element(value: Any, _: Place) -> bool:
    """A primitive has a value, anything else has children beside its id."""
    return not isinstance(value, Mapping) or bool(value.keys() - {"id", "_id"}) or isinstance(value.get("id"), list)


def _extension(value: Any, _: Place) -> bool:
    return bool(_items(value, "extension")) != _has(value, "value")


def _reference(value: Any, place: Place) -> bool | None:
    reference = value.get("reference", "")
    if not isinstance(reference, str):
        return None
    contained = [name for it in listed(place.root, "contained") for name in _items(it, "id")]
    return not reference.startswith("#") or reference[1:] in contained


def _descendants(value: Any) -> Iterator[Any]:
    for child in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield child
        yield from _descendants(child)


def _contained_is_used(value: Any, place: Place) -> bool | None:
    contained = listed(value, "contained")
    if not contained:
        return True
    if not all(isinstance(it.get("id", ""), str) for it in contained):
        return None
    named = {it for it in _descendants(place.resource) if isinstance(it, str) and it.startswith("#")}
    return all(f"#{it.get('id')}" in named or any(below == "#" for below in _descendants(it)) for it in contained)


def _nothing_of(*path: str) -> Twin:
    """No contained resource has this element."""

    def holds(value: Any, _: Place) -> bool:
        found: list[Any] = listed(value, "contained")
        for name in path:
            found = [below for it in found if isinstance(it, Mapping) for below in _items(it, name)]
        return not found

    return holds


def _only_where(name: str, *types: str) -> Twin:
    """An element of the Bundle that only some types of Bundles may have."""
    return lambda value, _: not _has(value, name) or value.get("type") in set(types)


def _entries_have(name: str, *types: str) -> Twin:
    def holds(value: Any, place: Place) -> bool | None:
        if "type" not in place.resource:
            return None
        wanted = place.resource.get("type") in types
        return all(_has(it, name) == wanted for it in listed(value, "entry"))

    return holds


def _distinct_entries(value: Any, _: Place) -> bool:
    urls = [(it["fullUrl"], _version(it)) for it in listed(value, "entry") if "fullUrl" in it]
    return value.get("type") == "history" or len(set(urls)) == len(urls)


def _version(entry: Mapping[str, Any]) -> Any:
    resource = entry.get("resource")
    meta = resource.get("meta") if isinstance(resource, Mapping) else None
    return str(meta.get("versionId", "")) if isinstance(meta, Mapping) else ""


def _starts_with(kind: str, resource_type: str) -> Twin:
    def holds(value: Any, _: Place) -> bool | None:
        if "type" not in value:
            return None
        entries = listed(value, "entry")
        first = entries[0].get("resource", {}) if entries else {}
        if not isinstance(first, Mapping):
            return None
        return value.get("type") != kind or first.get("resourceType") == resource_type

    return holds


def _document_id(value: Any, _: Place) -> bool:
    if value.get("type") != "document":
        return True
    identifiers = [it for it in _items(value, "identifier") if isinstance(it, Mapping)]
    return all(any(_has(it, name) for it in identifiers) for name in ("system", "value"))


def _document_time(value: Any, _: Place) -> bool:
    return value.get("type") != "document" or len(_items(value, "timestamp")) == 1


def _no_version(value: Any, _: Place) -> bool | None:
    url = value.get("fullUrl", "")
    return "/_history/" not in url if isinstance(url, str) else None


def _narrated(value: Any, _: Place) -> bool:
    return any(isinstance(it, Mapping) and "div" in it for it in _items(value, "text"))


def _one_of(*names: str) -> Twin:
    return lambda value, _: any(_has(value, name) for name in names)


def _asks_for(name: str, other: str) -> Twin:
    """The first only beside the second."""
    return lambda value, _: not _has(value, name) or _has(value, other)


def _in_order(value: Any, _: Place) -> bool | None:
    """Whole moments are compared here; how days and months compare is FHIRPath's own art."""
    ends = [value.get("start"), value.get("end")]
    if None in ends:
        return True
    try:
        start, end = (datetime.fromisoformat(str(it)) for it in ends)
        return bool(start <= end)
    except (TypeError, ValueError):
        return None


def _no_home(value: Any, _: Place) -> bool:
    return bool(value.get("use") != "home")


TWINS: dict[str, Twin] = {
    "hasValue() or (children().count() > id.count())": _element,
    "extension.exists() != value.exists()": _extension,
    "reference.startsWith('#').not() or "
    "(reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))": _reference,
    "htmlChecks()": lambda value, _: is_clean(value),
    "contained.contained.empty()": _nothing_of("contained"),
    "contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().as(canonical) | "
    "%resource.descendants().as(uri) | %resource.descendants().as(url))) or "
    "descendants().where(reference = '#').exists() or "
    "descendants().where(as(canonical) = '#').exists() or descendants().where(as(canonical) = '#').exists()).not())"
    ".trace('unmatched', id).empty()": _contained_is_used,
    "contained.meta.security.empty()": _nothing_of("meta", "security"),
    "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()": lambda value, place: (
        _nothing_of("meta", "versionId")(value, place) and _nothing_of("meta", "lastUpdated")(value, place)
    ),
    "text.`div`.exists()": _narrated,
    "total.empty() or (type = 'searchset') or (type = 'history')": _only_where("total", "searchset", "history"),
    "entry.search.empty() or (type = 'searchset')": lambda value, _: (
        value.get("type") == "searchset" or not any("search" in it for it in listed(value, "entry"))
    ),
    "entry.all(request.exists() = (%resource.type = 'batch' or %resource.type = 'transaction' or "
    "%resource.type = 'history'))": _entries_have("request", "batch", "transaction", "history"),
    "entry.all(response.exists() = (%resource.type = 'batch-response' or %resource.type = 'transaction-response' or "
    "%resource.type = 'history'))": _entries_have("response", "batch-response", "transaction-response", "history"),
    "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId)"
    ".isDistinct()": _distinct_entries,
    "type = 'document' implies (identifier.system.exists() and identifier.value.exists())": _document_id,
    "type = 'document' implies (timestamp.hasValue())": _document_time,
    "type = 'document' implies entry.first().resource.is(Composition)": _starts_with("document", "Composition"),
    "type = 'message' implies entry.first().resource.is(MessageHeader)": _starts_with("message", "MessageHeader"),
    "resource.exists() or request.exists() or response.exists()": _one_of("resource", "request", "response"),
    "fullUrl.exists() implies fullUrl.contains('/_history/').not()": _no_version,
    "text.exists() or entry.exists() or section.exists()": _one_of("text", "entry", "section"),
    "(identifier.count() + name.count()) > 0": _one_of("identifier", "name"),
    "start.hasValue().not() or end.hasValue().not() or (start <= end)": _in_order,
    "where(use = 'home').empty()": _no_home,
    "code.empty() or system.exists()": _asks_for("code", "system"),
    "value.empty() or system.exists()": _asks_for("value", "system"),
    "emptyReason.empty() or entry.empty()": lambda value, _: not (_has(value, "emptyReason") and _has(value, "entry")),
    "name.exists() or telecom.exists() or address.exists() or organization.exists()": (
        _one_of("name", "telecom", "address", "organization")
    ),
    "data.empty() or contentType.exists()": _asks_for("data", "contentType"),
    "orderDetail.empty() or code.exists()": _asks_for("orderDetail", "code"),
}
"""FHIRPath → the same in Python."""
