"""The walk through a document beside its snapshots: every rule that a StructureDefinition can say of an element."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from linkexchange.validation import primitives, terminology
from linkexchange.validation.bundled import Entries, type_in
from linkexchange.validation.definitions import BASE, Definitions, Node, Type
from linkexchange.validation.finding import Finding, Severity
from linkexchange.validation.invariants import broken
from linkexchange.validation.listing import LISTING, Listing
from linkexchange.validation.place import Element, Place
from linkexchange.validation.slicing import Slicing, matches

_SLICE = re.compile(r":[^.]+")


FINDINGS_MAX = 1_000
"""Whoever mends these comes again; a hostile document could have a hundred thousand."""
ELEMENTS_MAX = 30_000
"""Elements that are walked one by one. A study of 2,000 series has as many; plain instances are not counted."""


class Enough(Exception):
    """There is no use in walking on; the text says why."""


class _Item(NamedTuple):
    """One occurrence of an element: its type, its value, and what a primitive has beside its value."""

    kind: Type
    value: Any
    beside: Any
    place: Place


class Walk:
    """One validation of one document. Findings gather in `findings`, in the order of the elements."""

    def __init__(self, definitions: Definitions, document: Element, *, quick: bool = True) -> None:
        self._definitions = definitions
        self._entries = Entries(document)
        self._elements = 0
        self._asked: dict[int, set[str]] = {}
        self._conforms: dict[tuple[int, str], bool] = {}
        self._led: list[tuple[Element, str, tuple[str, ...], Place]] = []
        self._quick = quick
        self.findings: list[Finding] = []
        self._root = document

    def document(self) -> None:
        """The whole document."""
        name = self._root.get("resourceType")
        path = name if isinstance(name, str) else "Resource"
        self.resource(self._root, Place(path, self._root, self._root, self._entries.resolve))
        while self._led:
            self._conforming(*self._led.pop(0))

    def resource(self, raw: Any, place: Place, profiles: Iterable[str] = ()) -> None:
        """A resource against its type, the profiles that it claims, and those that are asked of it."""
        if not isinstance(raw, Mapping) or not isinstance(name := raw.get("resourceType"), str):
            self._say(place, "type", "a resource with its type is wanted", "Give the resource its resourceType.")
        elif not self._definitions.is_resource(name) or self._definitions.root(name).raw.get("abstract"):
            self._unknown_type(name, place)
        else:
            self._identified(raw, place)
            wanted = {*self._claimed(raw, place), *profiles} - {BASE + name, f"{BASE}Resource", f"{BASE}DomainResource"}
            self._asked.setdefault(id(raw), set()).update(wanted)
            for url in sorted(wanted) or [BASE + name]:
                self._against(raw, url, place)

    def _identified(self, raw: Element, place: Place) -> None:
        """`Resource.id` has the type id (section 2.27.0.1), though its snapshot says string."""
        if isinstance(name := raw.get("id"), str) and (wrong := primitives.fault("id", name)):
            self._say(place.at(f"{place.path}.id"), "type", wrong, "Write it as an id of FHIR R4.")

    def _unknown_type(self, name: str, place: Place) -> None:
        known = self._definitions.value_sets.get("http://hl7.org/fhir/ValueSet/resource-types", {})
        if any(name in (codes or ()) for codes in known.values()):
            say, severity = "a resource that is no part of a link document: not looked into", Severity.INFORMATION
        else:
            say, severity = "no resource of FHIR R4", Severity.ERROR
        self._say(place, "resource", say, "Take it out, or give it a type of FHIR R4.", severity)

    def _claimed(self, raw: Element, place: Place) -> Iterator[str]:
        meta = raw.get("meta")
        claims = meta.get("profile") if isinstance(meta, Mapping) else None
        for number, claim in enumerate(claims if isinstance(claims, list) else ()):
            url = claim.partition("|")[0] if isinstance(claim, str) else ""
            if self._definitions.is_profile(url):
                yield url
            elif url and not self._definitions.knows(url):
                at = place.at(f"{place.path}.meta.profile[{number}]")
                remedy = "Validate it with the package of that profile as well."
                self._say(
                    at, "profile", "a profile that is not known here: not looked into", remedy, Severity.INFORMATION
                )

    def _against(self, raw: Element, url: str, place: Place) -> None:
        if self._definitions.type_of(url) != raw["resourceType"]:
            wanted = self._definitions.type_of(url)
            self._say(place, "profile", f"{url} is for {wanted}", f"Put a {wanted} here, or name another profile.")
        else:
            self._complex(raw, self._definitions.root(url), Type(raw["resourceType"]), place)

    def _say(self, place: Place, rule: str, message: str, remedy: str, severity: Severity = Severity.ERROR) -> None:
        self.findings.append(Finding(place.path, rule, message, remedy, severity))

    # --- what has elements of its own ---------------------------------------------------------------------------------

    def _complex(self, value: Any, node: Node, kind: Type, place: Place) -> None:
        if not isinstance(value, Mapping):
            self._say(place, "type", "an object is wanted", f"Write a {kind.code} here.")
            return
        frame = node.frame(kind)
        self._unknown_members(value, frame, place)
        for child in frame.children.values():
            self._child(value, child, place)
        self._invariants(value, node, kind, place)
        if frame is not node:
            self._invariants(value, frame, kind, place)

    def _invariants(self, value: Any, node: Node, kind: Type, place: Place) -> None:
        """Of an element, or of its type. The library is told the type, or the path of what has none of its own."""
        path = _SLICE.sub("", node.raw["id"]) if kind.code in {"BackboneElement", "Element"} else kind.code
        typed = replace(place, type_name=path) if node.invariants else place
        for invariant in node.invariants:
            self.findings += broken(invariant, value, typed)

    def _unknown_members(self, value: Element, frame: Node, place: Place) -> None:
        for name in value:
            plain = name.removeprefix("_")
            found = frame.members.get(plain)
            if found is None and not (name == "resourceType" and value is place.resource):
                self._say(
                    place,
                    "unknown-element",
                    "an element that FHIR does not have here",
                    "Take it out, or correct its name.",
                )
            elif found and plain != name and found[1].code not in primitives.PRIMITIVES:
                self._say(place, "unknown-element", f"_{plain} is for primitives only", "Take it out.")

    def _child(self, parent: Element, child: Node, place: Place) -> None:
        if child.name == "resource" and isinstance(url := parent.get("fullUrl"), str):
            place = replace(place, entry_url=url)
        items = list(self._items(parent, child, place))
        if len(items) < child.min or (child.max is not None and len(items) > child.max):
            self._count(len(items), child, place.at(f"{place.path}.{child.name.removesuffix('[x]')}"), "cardinality")
        sliced = self._sliced(items, child, place) if child.slices else ((item, ()) for item in items)
        quick = self._quick and child.raw["id"].endswith(LISTING) and not child.slices and len(items) > 1
        plain = Listing(self._exemplar).is_plain if quick else None
        for item, slices in sliced:
            if plain is None or not plain(item.value, child, item.place):
                for node in (child, *slices):
                    self._element(item, node)

    def _exemplar(self, value: Any, node: Node, place: Place) -> bool:
        """Whether the walk finds nothing at all in this one."""
        before = len(self.findings)
        self._element(_Item(node.types[0] if node.types else Type("BackboneElement"), value, None, place), node)
        clean = len(self.findings) == before
        del self.findings[before:]
        return clean

    def _count(self, count: int, node: Node, place: Place, rule: str) -> None:
        if count < node.min:
            self._say(place, rule, f"{node.min} wanted, {count} there", "Add what is missing.")
        if node.max is not None and count > node.max:
            self._say(place, rule, f"at most {node.max} allowed, {count} there", "Take out what is too many.")

    def _items(self, parent: Element, child: Node, place: Place) -> Iterator[_Item]:
        names = [(name, kind) for name, kind in _names(child) if name in parent or f"_{name}" in parent]
        if len(names) > 1:
            at = place.at(f"{place.path}.{child.name}")
            self._say(at, "cardinality", "one type only", "Keep one of them.")
        for name, kind in names:
            at = place.at(f"{place.path}.{child.name.removesuffix('[x]')}")
            values, beside = parent.get(name), parent.get(f"_{name}")
            if child.raw.get("many"):
                yield from self._many(values, beside, kind, at)
            elif isinstance(values, list):
                self._say(at, "type", "a single value is wanted, not a list", "Write the value without brackets.")
            else:
                yield _Item(kind, values, beside, at)

    def _many(self, values: Any, beside: Any, kind: Type, place: Place) -> Iterator[_Item]:
        if not isinstance(values, list | None) or not isinstance(beside, list | None) or values == []:
            self._say(place, "type", "a list with something in it is wanted", "Write it in brackets, or leave it out.")
            return
        values, beside = values or [], beside or []
        for number in range(max(len(values), len(beside))):
            value, more = _get(values, number), _get(beside, number)
            yield _Item(kind, value, more, place.at(f"{place.path}[{number}]"))

    # --- slices -------------------------------------------------------------------------------------------------------

    def _sliced(self, items: list[_Item], child: Node, place: Place) -> list[tuple[_Item, tuple[Node, ...]]]:
        slicing = Slicing(self._definitions, lambda reference: self._entries.resolve(reference, place))
        names = [slicing.slice_of(item.value, child) for item in items]
        rules = child.raw.get("slicing", {}).get("rules", "open")
        for name, node in child.slices.items():
            self._count(names.count(name), node, place.at(f"{place.path}.{child.name}"), f"slice:{name}")
        for name, item in zip(names, items, strict=True):
            if not name and rules == "closed":
                self._say(
                    item.place,
                    "slice",
                    "none of the slices that are allowed here",
                    f"Allowed: {', '.join(child.slices)}.",
                )
        return [(item, (child.slices[name],) if name else ()) for name, item in zip(names, items, strict=True)]

    # --- one occurrence -----------------------------------------------------------------------------------------------

    def _element(self, item: _Item, node: Node) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MAX:
            raise Enough(f"more than {ELEMENTS_MAX} elements beside plain instances")
        if len(self.findings) > FINDINGS_MAX:
            raise Enough(f"more than {FINDINGS_MAX} findings")
        kind = next((it for it in node.types if it.code == item.kind.code), None)
        if kind is None and node.types:
            allowed = ", ".join(it.code for it in node.types)
            self._say(item.place, "type", f"{item.kind.code} is not allowed here", f"Use {allowed}.")
            return
        kind = kind or item.kind
        if kind.code in primitives.PRIMITIVES:
            self._primitive(item, node, kind)
        elif self._definitions.is_resource(kind.code):
            self._resource(item, kind)
        else:
            self._complex(item.value, node, kind, item.place)
            self._by_profile(item, kind)
        self._valued(item, node, kind)

    def _resource(self, item: _Item, kind: Type) -> None:
        resource = item.value if isinstance(item.value, Mapping) else {}
        if ".contained" in item.place.path:
            place = item.place.inside(resource)
        else:
            place = replace(item.place, resource=resource, root=resource)
        profiles = [url for url in kind.profiles if self._definitions.knows(url)] or (
            [kind.code] if kind.code != "Resource" else []
        )
        self.resource(item.value, place, [url if "/" in url else BASE + url for url in profiles])

    def _by_profile(self, item: _Item, kind: Type) -> None:
        """Against one of the profiles that the type names; an extension against the definition of its URL."""
        urls = [url for url in kind.profiles if self._definitions.knows(url)]
        if kind.code == "Extension" and isinstance(item.value, Mapping):
            urls = [url] if isinstance(url := item.value.get("url"), str) and self._definitions.is_profile(url) else []
        if len(urls) == 1:
            self._complex(item.value, self._definitions.root(urls[0]), kind, item.place)

    def _primitive(self, item: _Item, node: Node, kind: Type) -> None:
        if item.beside is not None:
            self._complex(item.beside, self._definitions.root("Element"), Type("Element"), item.place)
        if item.value is None:
            if not isinstance(item.beside, Mapping) or "extension" not in item.beside:
                self._say(item.place, "type", "a value is wanted", "Write a value, or leave the element out.")
            return
        if wrong := primitives.fault(kind.code, item.value):
            self._say(item.place, "type", wrong, f"Write it as a {kind.code} of FHIR R4.")
        most = node.raw.get("maxLength")
        if most and isinstance(item.value, str) and len(item.value) > most:
            self._say(item.place, "length", f"longer than {most} characters", "Shorten it.")
        self._invariants(item.value, node, kind, item.place)

    def _valued(self, item: _Item, node: Node, kind: Type) -> None:
        """Fixed value, pattern, codes, and where a reference leads."""
        if "fixed" in node.raw and item.value != node.raw["fixed"]:
            self._say(item.place, "fixed", "not the value that is fixed here", f"Write {_shown(node.raw['fixed'])}.")
        if "pattern" in node.raw and not matches(node.raw["pattern"], item.value):
            self._say(
                item.place,
                "pattern",
                "does not have what is wanted here",
                f"It must have {_shown(node.raw['pattern'])}.",
            )
        if item.value is None:
            return
        if binding := node.raw.get("binding"):
            self.findings += terminology.bound(self._definitions, binding, item.value, item.place.path)
        if kind.code == "Coding" and isinstance(item.value, Mapping):
            self.findings += terminology.known(self._definitions, item.value, item.place.path)
        if kind.code == "Reference" and isinstance(item.value, Mapping):
            self._reference(item.value, kind, item.place)

    # --- references ---------------------------------------------------------------------------------------------------

    def _reference(self, value: Element, kind: Type, place: Place) -> None:
        reference = value.get("reference")
        target = self._entries.resolve(reference, place) if isinstance(reference, str) else None
        if isinstance(reference, str) and target is None:
            self._unresolved(reference, place)
        name = (
            str(target.get("resourceType")) if target is not None else type_in(str(reference)) or value.get("type", "")
        )
        if target is not None and isinstance(value.get("type"), str) and value["type"] != name:
            self._say(place, "reference", "its type is not that of what it leads to", f"Write {name}, or leave it out.")
        wanted = tuple(it for it in kind.targets if it != f"{BASE}Resource")
        if name and wanted and not any(self._definitions.type_of(url) == name for url in wanted):
            self._not_allowed(wanted, place)
        elif target is not None and wanted:
            self._led.append((target, name, wanted, place))

    def _conforming(self, target: Element, name: str, wanted: tuple[str, ...], place: Place) -> None:
        """Asked when all resources have been walked where they stand."""
        if not any(self._leads_to(name, target, url, place) for url in wanted):
            self._not_allowed(wanted, place)

    def _not_allowed(self, wanted: tuple[str, ...], place: Place) -> None:
        shown = ", ".join(url.removeprefix(BASE) for url in wanted)
        self._say(place, "reference", "leads to what is not allowed here", f"Refer to {shown}.")

    def _unresolved(self, reference: str, place: Place) -> None:
        """Within a document every name must be of an entry; only an absolute URL may lead out of it."""
        outside = reference.startswith(("http://", "https://"))
        severity = Severity.WARNING if outside else Severity.ERROR
        remedy = "Refer to the fullUrl of an entry, or add that resource."
        self._say(place, "unresolved", "leads to nothing in this document", remedy, severity)

    def _leads_to(self, name: str, target: Element, url: str, place: Place) -> bool:
        if self._definitions.type_of(url) != name:
            return False
        return not self._definitions.is_profile(url) or self._has_profile(target, url, place)

    def _has_profile(self, target: Element, url: str, place: Place) -> bool:
        """Whether it conforms, asked once; while it is being asked the answer is yes, since circles are allowed.

        What it was held against where it stands need not be told twice.
        """
        key = (id(target), url)
        if url in self._asked.get(id(target), ()):
            return True
        if key not in self._conforms:
            self._conforms[key] = True
            before = len(self.findings)
            self._against(target, url, replace(place, resource=target, root=target))
            self._conforms[key] = not any(it.severity is Severity.ERROR for it in self.findings[before:])
            del self.findings[before:]
        return self._conforms[key]


def _names(child: Node) -> Iterator[tuple[str, Type]]:
    stem = child.name.removesuffix("[x]")
    for kind in child.types or (Type("BackboneElement"),):
        yield (stem + kind.code[0].upper() + kind.code[1:] if child.is_choice else stem), kind
        if not child.is_choice:
            return


def _get(items: list[Any], number: int) -> Any:
    return items[number] if number < len(items) else None


def _shown(value: Any) -> str:
    """What a snapshot wants, which is no patient's."""
    return json.dumps(value, ensure_ascii=False)
