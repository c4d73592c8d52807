"""Which slice of an element an item belongs to, by the discriminators of the snapshot (FHIR R4 section 5.1.0.14)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from linkexchange.validation.definitions import Definitions, Node
from linkexchange.validation.place import Element

_STEP = re.compile(r"resolve\(\)|ofType\((\w+)\)|extension\('([^']+)'\)|\$this|([A-Za-z]\w*)(?:\[x\])?")
Resolve = Callable[[str], Element | None]


class Slicing:
    """Sorts items into slices. `resolve` finds what a reference leads to."""

    def __init__(self, definitions: Definitions, resolve: Resolve) -> None:
        self._definitions = definitions
        self._resolve = resolve

    def slice_of(self, item: Any, node: Node) -> str:
        """Name of the first slice that fits, empty where none does."""
        discriminators = node.raw.get("slicing", {}).get("discriminator", ())
        return next((name for name, it in node.slices.items() if self._fits(item, it, discriminators)), "")

    def _fits(self, item: Any, node: Node, discriminators: Any) -> bool:
        return bool(discriminators) and all(self._meets(item, node, it["type"], it["path"]) for it in discriminators)

    def _meets(self, item: Any, node: Node, kind: str, path: str) -> bool:
        wanted = list(self._wanted(node, path))
        values = list(self._values(item, path))
        if kind == "exists":
            return any((it.max != 0) == bool(values) for it in wanted)
        if kind in {"type", "profile"}:
            urls = [url for it in wanted for url in _leads_to(it, path)]
            return any(self._is_one(it, url, kind) for it in values for url in urls)
        return any(fits(it, value, self._definitions) for it in wanted for value in values)

    def _is_one(self, value: Any, url: str, kind: str) -> bool:
        """A resource is told by its type, and by a profile that it claims where profiles decide.

        A data type does not name itself and is told by what its profile fixes.
        """
        if _type_name(value) or kind == "type" or not self._definitions.is_profile(url):
            is_of_type = _type_name(value) == self._definitions.type_of(url)
            return is_of_type and (kind == "type" or not self._claims_another(value, url))
        return fits(self._definitions.root(url), value, self._definitions)

    def _claims_another(self, value: Any, url: str) -> bool:
        """Whether a resource names profiles that are known here, and this one is not among them."""
        meta = value.get("meta") if isinstance(value, Mapping) else None
        named = meta.get("profile") if isinstance(meta, Mapping) else None
        claimed = [str(it).partition("|")[0] for it in named] if isinstance(named, list) else []
        known = [it for it in claimed if self._definitions.is_profile(it)]
        return bool(known) and url.partition("|")[0] not in known

    def _wanted(self, node: Node, path: str) -> Iterator[Node]:
        """The nodes of the slice at this path: in its own tree, or in that of the type or profile it names."""
        nodes = [node]
        for step in _STEP.finditer(path):
            if step[0] not in {"$this", "resolve()"}:
                nodes = [below for it in nodes for below in self._below(it, step)]
        yield from nodes

    def _below(self, node: Node, step: re.Match[str]) -> Iterator[Node]:
        for kind in node.types:
            for url in kind.profiles or (kind.code,):
                if node.children or self._definitions.knows(url):
                    children = node.children or self._definitions.root(url).children
                    yield from _named(children, step)

    def _values(self, item: Any, path: str) -> Iterator[Any]:
        values = [item]
        for step in _STEP.finditer(path):
            values = [below for it in values for below in self._step(it, step)]
        yield from values

    def _step(self, value: Any, step: re.Match[str]) -> Iterator[Any]:
        if step[0] == "$this" or step[1]:
            yield value
        elif step[0] == "resolve()":
            reference = value.get("reference") if isinstance(value, Mapping) else None
            found = self._resolve(reference) if isinstance(reference, str) else None
            if found is not None:
                yield found
        elif isinstance(value, Mapping):
            yield from _members(value, step)


def _leads_to(node: Node, path: str) -> Iterator[str]:
    """Types that a value of the node may have; behind `resolve()` those of what it refers to."""
    for kind in node.types:
        yield from kind.targets if path.endswith("resolve()") else kind.profiles or (kind.code,)


def _named(children: Mapping[str, Node], step: re.Match[str]) -> Iterator[Node]:
    if step[2]:
        extensions = children["extension"].slices.values() if "extension" in children else ()
        yield from (it for it in extensions if step[2] in {url for kind in it.types for url in kind.profiles})
    else:
        for name in (step[3], f"{step[3]}[x]"):
            if name in children:
                yield from children[name].slices.values() or (children[name],)


def _members(value: Mapping[str, Any], step: re.Match[str]) -> Iterator[Any]:
    if step[2]:
        yield from (it for it in value.get("extension", ()) if isinstance(it, Mapping) and it.get("url") == step[2])
        return
    for name, member in value.items():
        if name == step[3] or (name.startswith(step[3]) and name[len(step[3]) :][:1].isupper() and step[3] == "value"):
            yield from member if isinstance(member, list) else (member,)


def _type_name(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("resourceType", ""))
    return {bool: "boolean", int: "integer", str: "string"}.get(type(value), "")


def fits(node: Node, value: Any, definitions: Definitions) -> bool:
    """Whether a value has what the snapshot fixes at this node: value, pattern, a required code, or parts of these."""
    if "fixed" in node.raw:
        return bool(value == node.raw["fixed"])
    if "pattern" in node.raw:
        return matches(node.raw["pattern"], value)
    binding = node.raw.get("binding")
    if binding and binding["strength"] == "required":
        from linkexchange.validation.terminology import bound

        return not list(bound(definitions, binding, value, ""))
    return _fits_beneath(node, value, definitions)


def _fits_beneath(node: Node, value: Any, definitions: Definitions) -> bool:
    """A node without a value of its own is told by the values fixed beneath it."""
    told = {name: it for name, it in node.children.items() if {"fixed", "pattern"} & it.raw.keys()}
    return (
        isinstance(value, Mapping)
        and bool(told)
        and all(name in value and fits(it, value[name], definitions) for name, it in told.items())
    )


def matches(pattern: Any, value: Any) -> bool:
    """Whether a value has all that a pattern has, and maybe more (R4 section 2.26.0.4, pattern[x])."""
    if isinstance(pattern, Mapping):
        return isinstance(value, Mapping) and all(
            name in value and matches(it, value[name]) for name, it in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(matches(it, one) for one in value) for it in pattern)
    return type(pattern) is type(value) and bool(pattern == value)
