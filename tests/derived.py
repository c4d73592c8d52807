"""Broken documents made by program: every constraint of the snapshots of our profiles broken once.

The snapshots are walked beside the good document. Where the document has an element, it is broken in each way that the
snapshot forbids: taken out (min), repeated (max), of another type, another fixed value, another code, a reference to
another type. An element that is not there is put there where the snapshot forbids it (max 0).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from broken import BASE, Json, good

from linkexchange.validation import primitives
from linkexchange.validation.bundled import Entries
from linkexchange.validation.definitions import Definitions, Node, Type, shipped
from linkexchange.validation.place import Place
from linkexchange.validation.slicing import Slicing
from linkexchange.validation.validating import walked

Steps = tuple[str | int, ...]
WRONG_VALUES: dict[str, Any] = {
    **dict.fromkeys(("boolean", "integer", "unsignedInt", "positiveInt", "decimal"), "x"),
    **dict.fromkeys(("date", "dateTime", "instant", "time"), "soon"),
    **dict.fromkeys(("uri", "url", "canonical", "oid", "uuid", "id", "code"), "a  b"),
    **dict.fromkeys(("string", "markdown"), 7),
    "base64Binary": "?",
    "xhtml": "<p>",
}
"""A value of each primitive that its syntax forbids."""


class Derived(NamedTuple):
    """One broken document: which element of which snapshot, how, and which rules may tell."""

    element: str
    kind: str
    document: Json
    rules: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.element} {self.kind}"


def derived() -> Iterator[Derived]:
    """All of them, each element of a snapshot once, where the good document has it first."""
    seen: set[str] = set()
    for it in _Deriving(shipped(), good()).all():
        if it.name not in seen and not _only_leaves_a_slice(it.element):
            seen.add(it.name)
            yield it


def _only_leaves_a_slice(element: str) -> bool:
    """What tells an optional slice may change: then the item is one of no slice, which open slicing allows."""
    above, _, name = element.rpartition(".")
    base, _, slice_name = above.rpartition(":")
    if not base or "." in slice_name:
        return False
    kind = base.partition(".")[0]
    urls = [it for it in shipped().profiles if shipped().type_of(it) == kind and it.startswith(BASE)]
    nodes = [shipped().nodes(it)[base] for it in urls if base in shipped().nodes(it)]
    sliced = [it for it in nodes if slice_name in it.slices and it.slices[slice_name].min == 0]
    return any(name in {way["path"] for way in it.raw["slicing"]["discriminator"]} for it in sliced)


class _Deriving:
    def __init__(self, definitions: Definitions, bundle: Json) -> None:
        self._definitions = definitions
        self._bundle = bundle
        self._place = Place("Bundle", bundle, bundle, Entries(bundle).resolve)

    def all(self) -> Iterator[Derived]:
        yield from self._complex(self._bundle, self._definitions.root(f"{BASE}/link-bundle"), ())

    def _complex(self, value: Json, node: Node, steps: Steps) -> Iterator[Derived]:
        for child in node.children.values():
            yield from self._child(value, child, steps)

    def _child(self, parent: Json, child: Node, steps: Steps) -> Iterator[Derived]:
        names = [(name, kind) for name, (it, kind) in _members(child) if name in parent or f"_{name}" in parent]
        if child.max == 0 and not names:
            yield from self._forbidden(child, steps)
        for name, kind in names:
            yield from self._present(parent, child, (*steps, name), kind)

    def _present(self, parent: Json, child: Node, steps: Steps, kind: Type) -> Iterator[Derived]:
        value = parent.get(steps[-1])
        if child.min:
            yield self._changed(child, "taken out", steps, None, "cardinality", "slice", "type", "invariant")
        if child.max is not None and child.raw.get("many") and isinstance(value, list):
            yield self._changed(child, "too many", steps, value * (child.max + 1), "cardinality", "slice")
        if child.max == 1 and not child.raw.get("many"):
            yield self._changed(child, "a list", steps, [value, value], "type")
        yield from self._slices(child, steps, value)
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            at = (*steps, number) if isinstance(value, list) else steps
            yield from self._item(item, child, at, kind)
            for node in self._slice_nodes(item, child):
                yield from self._item(item, node, at, kind)

    def _slice_nodes(self, item: Any, child: Node) -> list[Node]:
        slicing = Slicing(self._definitions, lambda reference: self._place.resolve(reference, self._place))
        name = slicing.slice_of(item, child) if child.slices else ""
        return [child.slices[name]] if name else []

    def _slices(self, child: Node, steps: Steps, value: Any) -> Iterator[Derived]:
        for name, node in child.slices.items():
            members = [it for it in value if self._slice_nodes(it, child) == [node]]
            others = [it for it in value if it not in members]
            if node.min:
                yield self._changed(
                    node, "slice taken out", steps, others or None, f"slice:{name}", "cardinality", "type"
                )
            if node.max is not None and members:
                many = [*others, *(copy.deepcopy(members[0]) for _ in range(node.max + 1))]
                yield self._changed(node, "slice too often", steps, many, f"slice:{name}")

    def _item(self, item: Any, node: Node, steps: Steps, kind: Type) -> Iterator[Derived]:
        if item is None:
            return
        if kind.code in primitives.PRIMITIVES:
            rules = ("type", "fixed", "binding", "invariant", "slice", "cardinality")
            yield self._changed(node, "of no such syntax", steps, WRONG_VALUES[kind.code], *rules)
        else:
            yield self._changed(node, "a text for an object", steps, "x", "type", "slice", "invariant")
        yield from self._valued(item, node, steps, kind)
        if isinstance(item, dict) and kind.code not in primitives.PRIMITIVES:
            yield from self._complex(item, self._frame(item, node, kind), steps)

    def _frame(self, item: Json, node: Node, kind: Type) -> Node:
        """Of a resource its profile, and of an extension its definition."""
        own = next((it for it in node.types if it.code == kind.code), kind)
        url = item.get("url") if kind.code == "Extension" else None
        profiles = [it for it in (*own.profiles, url) if it and self._definitions.is_profile(it)]
        if self._definitions.is_resource(kind.code):
            return self._definitions.root(profiles[0] if profiles else item["resourceType"])
        return self._definitions.root(profiles[0]) if profiles and not node.children else node.frame(kind)

    def _valued(self, item: Any, node: Node, steps: Steps, kind: Type) -> Iterator[Derived]:
        if "fixed" in node.raw:
            other = "other" if isinstance(item, str) else None
            yield self._changed(node, "another fixed value", steps, other, "fixed", "slice", "cardinality", "binding")
        if "pattern" in node.raw:
            yield self._changed(node, "another pattern", steps, _other(item), "pattern", "slice", "cardinality")
        if node.raw.get("binding", {}).get("strength") == "required" and kind.code == "code":
            yield self._changed(node, "no code of the set", steps, "no-such-code", "binding", "fixed", "slice")
        if node.raw.get("binding", {}).get("strength") == "required" and kind.code == "CodeableConcept":
            yield self._changed(node, "no concept of the set", steps, {"coding": [{"code": "no-such-code"}]}, "binding")
        if kind.code == "Reference" and any(it.targets for it in node.types):
            yield from self._other_target(item, node, steps)

    def _other_target(self, item: Json, node: Node, steps: Steps) -> Iterator[Derived]:
        """A reference to the first entry of a type that is not among the targets."""
        types = {self._definitions.type_of(url) for kind in node.types for url in kind.targets}
        if "Resource" not in types and "reference" in item:
            other = next(it["fullUrl"] for it in self._bundle["entry"] if it["resource"]["resourceType"] not in types)
            changed = {name: value for name, value in item.items() if name != "type"} | {"reference": other}
            yield self._changed(node, "another target", steps, changed, "reference", "slice", "cardinality")

    def _forbidden(self, child: Node, steps: Steps) -> Iterator[Derived]:
        for name, (_, kind) in _members(child):
            made = [_some(kind)] if child.raw.get("many") else _some(kind)
            yield self._changed(child, f"there as {kind.code}", (*steps, name), made, "cardinality")

    def _changed(self, node: Node, kind: str, steps: Steps, value: Any, *rules: str) -> Derived:
        bundle = copy.deepcopy(self._bundle)
        parent: Any = bundle
        for step in steps[:-1]:
            parent = parent[step]
        if value is None:
            del parent[steps[-1]]
        else:
            parent[steps[-1]] = value
        return Derived(f"{_profile(node, steps, self._bundle)}{node.raw['id']}", kind, bundle, rules)


def _members(child: Node) -> Iterator[tuple[str, tuple[Node, Type]]]:
    stem = child.name.removesuffix("[x]")
    for kind in child.types or (Type("BackboneElement"),):
        yield (stem + kind.code[0].upper() + kind.code[1:] if child.is_choice else stem), (child, kind)


def _profile(node: Node, steps: Steps, bundle: Json) -> str:
    """Data types stand in many places, and are broken where the document has them first."""
    root = node.raw["id"].partition(".")[0]
    return "" if root in {"Bundle", "Extension"} or len(steps) > 3 else f"[{steps}] "


def _other(item: Any) -> Any:
    changed = copy.deepcopy(item)
    if isinstance(changed, dict) and changed.get("coding"):
        changed["coding"][0] = {"system": "http://example.org", "code": "other"}
        return changed
    return {"text": "other"} if isinstance(item, dict) else "other"


def _some(kind: Type) -> Any:
    """A value of a type that is wrong in nothing, for where none may be."""
    if kind.code in primitives.PRIMITIVES:
        numbers = {"boolean": True, **dict.fromkeys(("integer", "unsignedInt", "positiveInt"), 1)}
        return numbers.get(kind.code, "http://example.org/a")
    return {"id": "a", "extension": [{"url": "http://example.org/a", "valueCode": "a"}]}


def found_rules(document: Json) -> set[str]:
    """Rules of all errors, with and without their subject."""
    rules = {it.rule for it in walked(document, shipped()) if it.severity == "error"}
    return rules | {it.partition(":")[0] for it in rules}
