"""Broken documents made by program: every constraint of the snapshots of our profiles broken once.

The snapshots are walked beside the good document. Where the document has an element, it is broken in each way that the
snapshot forbids: taken out (min), repeated (max), of another type, another fixed value, another code, a reference to
another type, against each invariant (`derived_invariants`). An element that is not there is put there where the
snapshot forbids it (max 0).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from broken import BASE, Json, good
from derived_invariants import AGAINST

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
    """One broken document: which element of which snapshot, how, and which rules may tell.

    `profile` is the last part of its name where that snapshot is one of ours.
    """

    profile: str
    element: str
    kind: str
    rules: tuple[str, ...]
    bundle: Json
    steps: Steps
    value: Any

    @property
    def name(self) -> str:
        return f"{self.profile} {self.element} {self.kind}".strip()

    @property
    def document(self) -> Json:
        """The good document with the value at these steps; None takes the element out."""
        if not self.steps:
            return dict(copy.deepcopy(self.value))
        bundle = copy.deepcopy(self.bundle)
        parent: Any = bundle
        for step in self.steps[:-1]:
            parent = parent[step]
        if self.value is None:
            del parent[self.steps[-1]]
        else:
            parent[self.steps[-1]] = copy.deepcopy(self.value)
        return bundle


def derived() -> Iterator[Derived]:
    """All of them, each element of a snapshot once, where the good document has it first."""
    seen: set[str] = set()
    for it in _Deriving(shipped(), good()).all():
        if it.name not in seen and not (_only_leaves_a_slice(it.element) or _is_other_extension(it)):
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


def _is_other_extension(it: Derived) -> bool:
    """An extension of another URL is another extension, which is allowed, and missed only where the first must be."""
    if it.element != "Extension.url" or it.kind != "another fixed value":
        return False
    nodes = (node for url in shipped().profiles for node in shipped().nodes(url).values())
    slices = (one for node in nodes for one in node.slices.values() if one.min)
    must_be = {url.rpartition("/")[2] for one in slices for kind in one.types for url in kind.profiles}
    return it.profile not in must_be


class _Deriving:
    def __init__(self, definitions: Definitions, bundle: Json) -> None:
        self._definitions = definitions
        self._bundle = bundle
        self._place = Place("Bundle", bundle, bundle, Entries(bundle).resolve)
        nodes = ((url, node) for url in definitions.profiles for node in definitions.nodes(url).values())
        self._profiles = {id(node): url.rpartition("/")[2] for url, node in nodes}

    def all(self) -> Iterator[Derived]:
        node = self._definitions.root(f"{BASE}/link-bundle")
        yield from self._against(self._bundle, node, ())
        yield from self._complex(self._bundle, node, ())

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
        yield from self._against(item, node, steps)
        if isinstance(item, dict) and kind.code not in primitives.PRIMITIVES:
            for frame in self._frames(item, node, kind):
                yield from self._against(item, frame, steps)
                yield from self._complex(item, frame, steps)

    def _against(self, item: Any, node: Node, steps: Steps) -> Iterator[Derived]:
        for key in (it.key for it in node.invariants):
            changed = AGAINST[key](copy.deepcopy(item)) if key in AGAINST else None
            if changed is not None:
                yield self._changed(node, f"against {key}", steps, changed, f"invariant:{key}")

    def _frames(self, item: Json, node: Node, kind: Type) -> list[Node]:
        """Of a resource the profiles that it must have and those that it claims, of an extension its definition."""
        if not self._definitions.is_resource(kind.code):
            return [self._frame(item, node, kind)]
        asked = next((it.profiles for it in node.types if it.code == kind.code), ())
        claimed = (it.partition("|")[0] for it in item.get("meta", {}).get("profile", ()))
        profiles = [it for it in dict.fromkeys((*asked, *claimed)) if self._definitions.is_profile(it)]
        return [self._definitions.root(it) for it in profiles or [item["resourceType"]]]

    def _frame(self, item: Json, node: Node, kind: Type) -> Node:
        own = next((it for it in node.types if it.code == kind.code), kind)
        urls = [item.get("url", "")] if kind.code == "Extension" else list(own.profiles)
        profiles = [it for it in urls if self._definitions.is_profile(it)]
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
        return Derived(self._profiles.get(id(node), ""), node.raw["id"], kind, rules, self._bundle, steps, value)


def _members(child: Node) -> Iterator[tuple[str, tuple[Node, Type]]]:
    stem = child.name.removesuffix("[x]")
    for kind in child.types or (Type("BackboneElement"),):
        yield (stem + kind.code[0].upper() + kind.code[1:] if child.is_choice else stem), (child, kind)


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
