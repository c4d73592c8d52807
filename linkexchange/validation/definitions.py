"""Snapshots as trees: what each element may have, in the form in which the walk asks for it.

The files under `snapshots/` are made by scripts/definitions.py: those of FHIR R4, and those of our own profiles. A tree
is built when it is first asked for, since a document uses few of the types that there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

BASE = "http://hl7.org/fhir/StructureDefinition/"
_FOLDER = "snapshots"
_FILES = ("r4.json", "linkexchange.json")


@dataclass(frozen=True, slots=True)
class Invariant:
    """A constraint of a snapshot. `expression` is FHIRPath."""

    key: str
    severity: str
    human: str
    expression: str


@dataclass(frozen=True, slots=True)
class Type:
    """One of the types that an element may have; `targets` are profiles of what a Reference may lead to."""

    code: str
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(slots=True)
class Node:
    """One element of a snapshot, with those beneath it and the slices of it."""

    name: str
    min: int
    max: int | None
    types: tuple[Type, ...]
    invariants: tuple[Invariant, ...]
    raw: Mapping[str, Any]
    owner: Definitions
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)
    _members: dict[str, tuple[Node, Type]] | None = None
    _shared: Mapping[str, Node] | None = None

    @property
    def is_choice(self) -> bool:
        """Whether the type stands in the name, as in `value[x]`."""
        return self.name.endswith("[x]")

    def elements(self, kind: Type) -> Mapping[str, Node]:
        """What stands beneath it: as this snapshot says, else as the type's own does."""
        if self.children:
            return self.children
        if reference := self.raw.get("contentReference"):
            return self.owner.element(reference).children
        return self.owner.root(kind.code).children

    @property
    def members(self) -> Mapping[str, tuple[Node, Type]]:
        """JSON name → element beneath it, with its type; only for what has elements of its own."""
        if self._members is None:
            self._members = dict(_named(self.children.values()))
        return self._members

    def frame(self, kind: Type) -> Node:
        """The node whose children count for a value of this type."""
        if self.children:
            return self
        if reference := self.raw.get("contentReference"):
            return self.owner.element(reference)
        return self.owner.root(kind.code)


def _named(children: Iterable[Node]) -> Iterable[tuple[str, tuple[Node, Type]]]:
    for child in children:
        stem = child.name.removesuffix("[x]")
        for kind in child.types or (Type("BackboneElement"),):
            yield (stem + kind.code[0].upper() + kind.code[1:] if child.is_choice else stem), (child, kind)


class Definitions:
    """All structures and codes that are known, from one or more files of scripts/definitions.py."""

    def __init__(self, *sources: Mapping[str, Any]) -> None:
        self._structures: dict[str, tuple[Mapping[str, Any], tuple[Invariant, ...]]] = {}
        self.value_sets: dict[str, Mapping[str, list[str] | None]] = {}
        self.code_systems: dict[str, Mapping[str, str]] = {}
        self._roots: dict[str, Node] = {}
        self._by_id: dict[str, dict[str, Node]] = {}
        for source in sources:
            invariants = tuple(Invariant(**it) for it in source["invariants"])
            self._structures |= {url: (it, invariants) for url, it in source["structures"].items()}
            self.value_sets |= source["valueSets"]
            self.code_systems |= source["codeSystems"]

    def knows(self, url: str) -> bool:
        """Whether there is a snapshot of this URL, or of this type of FHIR R4."""
        return _url(url) in self._structures

    def type_of(self, url: str) -> str:
        """The type that a profile constrains; for a type of R4 that we have no snapshot of, its name."""
        found = self._structures.get(_url(url))
        return str(found[0]["type"]) if found else url.rpartition("/")[2]

    def is_profile(self, url: str) -> bool:
        """Whether it constrains a type, rather than being one."""
        found = self._structures.get(_url(url))
        return bool(found and found[0]["profile"])

    def is_resource(self, code: str) -> bool:
        """Whether a type is one of resources."""
        found = self._structures.get(_url(code))
        return bool(found and found[0]["kind"] == "resource")

    @property
    def profiles(self) -> list[str]:
        """URLs of all structures that constrain one of R4."""
        return [url for url, (it, _) in self._structures.items() if it["profile"]]

    def root(self, url: str) -> Node:
        """The tree of a profile or type; raises KeyError where there is none."""
        url = _url(url)
        if url not in self._roots:
            self._build(url)
        return self._roots[url]

    def element(self, reference: str) -> Node:
        """The node that a contentReference names, as in `#Composition.section`."""
        url, _, path = reference.partition("#")
        return self.nodes(url or path.partition(".")[0])[path]

    def nodes(self, url: str) -> dict[str, Node]:
        """All elements of a snapshot by their id; raises KeyError where there is none."""
        self.root(url)
        return self._by_id[_url(url)]

    def _build(self, url: str) -> None:
        structure, invariants = self._structures[url]
        nodes: dict[str, Node] = {}
        for raw in structure["elements"]:
            node = _node(raw, invariants, self)
            nodes[raw["id"]] = node
            _hang(raw["id"], node, nodes)
        self._by_id[url] = nodes
        self._roots[url] = next(iter(nodes.values()))


def _node(raw: Mapping[str, Any], invariants: tuple[Invariant, ...], owner: Definitions) -> Node:
    return Node(
        name=raw["id"].rpartition(".")[2].partition(":")[0],
        min=raw["min"],
        max=None if raw["max"] == "*" else int(raw["max"]),
        types=tuple(_type(it) for it in raw.get("types", ())),
        invariants=tuple(invariants[place] for place in raw.get("invariants", ())),
        raw=raw,
        owner=owner,
    )


def _type(raw: Mapping[str, Any]) -> Type:
    return Type(raw["code"], tuple(map(_bare, raw.get("profile", ()))), tuple(map(_bare, raw.get("targetProfile", ()))))


def _hang(place: str, node: Node, nodes: Mapping[str, Node]) -> None:
    """Under its parent, or as a slice of its element."""
    above, _, last = place.rpartition(".")
    if not above:
        return
    name, _, slice_name = last.partition(":")
    if slice_name:
        nodes[f"{above}.{name}"].slices[slice_name] = node
    else:
        nodes[above].children[name] = node


def _bare(canonical: str) -> str:
    return canonical.partition("|")[0]


def _url(url: str) -> str:
    return url if "/" in url else BASE + url


@lru_cache(maxsize=1)
def shipped() -> Definitions:
    """The definitions that come with the product."""
    folder = files(__package__).joinpath(_FOLDER)
    present = [it for name in _FILES if (it := folder.joinpath(name)).is_file()]
    return Definitions(*(json.loads(it.read_text("utf-8")) for it in present))
