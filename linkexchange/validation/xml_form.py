"""FHIR's XML form → its JSON form, by the snapshots: every element finds its place, or a finding.

Unlike `documents.fhir_xml`, which refuses at the first fault, it goes on behind each, keeps what primitives have beside
their value, and sees the order of the elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lxml import etree  # type: ignore[import-untyped]

from linkexchange.validation import primitives
from linkexchange.validation.definitions import Definitions, Node, Type
from linkexchange.validation.finding import Finding
from linkexchange.validation.narrative import XHTML

_FHIR = "{http://hl7.org/fhir}"


class _Shape(NamedTuple):
    """Where an element stands among the others, whether it repeats, and what it holds."""

    order: int
    many: bool
    kind: Type
    node: Node
    primitive: bool


class XmlForm:
    """One conversion; findings gather in `findings`."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._shapes: dict[int, Mapping[str, _Shape]] = {}
        self.findings: list[Finding] = []

    def load(self, root: etree._Element) -> dict[str, Any]:
        """The resource in JSON form."""
        return self._resource(root, _name(root) or "Resource")

    def _say(self, path: str, rule: str, message: str, remedy: str) -> None:
        self.findings.append(Finding(path, rule, message, remedy))

    def _resource(self, node: etree._Element, path: str) -> dict[str, Any]:
        name = _name(node)
        if not self._definitions.is_resource(name):
            return {"resourceType": name}
        return {"resourceType": name, **self._elements(node, self._definitions.root(name), path)}

    def _elements(self, node: etree._Element, frame: Node, path: str) -> dict[str, Any]:
        shapes = self._shapes.get(id(frame)) or self._shapes_of(frame)
        found = self._attributes(node, frame, path)
        last = 0
        counts: dict[str, int] = {}
        for child in node:
            tag: str = child.tag
            name = tag[len(_FHIR) :] if tag.startswith(_FHIR) else _foreign(tag)
            shape = shapes.get(name)
            if shape is None:
                self._say(
                    path,
                    "unknown-element",
                    "an element that FHIR does not have here",
                    "Take it out, or correct its name.",
                )
                continue
            if shape.order < last:
                self._say(
                    f"{path}.{name}",
                    "order",
                    "stands behind what must follow it",
                    "Put the elements into FHIR's order.",
                )
            last = max(last, shape.order)
            self._put(child, name, shape, (found, counts, path))
        return found

    def _put(
        self, child: etree._Element, name: str, shape: _Shape, around: tuple[dict[str, Any], dict[str, int], str]
    ) -> None:
        found, counts, path = around
        place = counts.get(name, 0)
        counts[name] = place + 1
        at = f"{path}.{name}[{place}]" if shape.many else f"{path}.{name}"
        if place and not shape.many:
            self._say(at, "cardinality", "stands there more than once", "Keep one of them.")
            return
        value, beside = self._literal(child, shape, at) if shape.primitive else (self._value(child, shape, at), None)
        if not shape.many:
            if value is not None:
                found[name] = value
            if beside is not None:
                found[f"_{name}"] = beside
            return
        if value is not None or place == 0 or name in found:
            found.setdefault(name, [None] * place).append(value)
        if beside is not None or f"_{name}" in found:
            found.setdefault(f"_{name}", [None] * place).append(beside)

    def _value(self, node: etree._Element, shape: _Shape, path: str) -> Any:
        if self._definitions.is_resource(shape.kind.code):
            children = list(node)
            if len(children) != 1:
                self._say(path, "cardinality", "one resource is wanted", "Put one resource here.")
                return None
            return self._resource(children[0], path)
        return self._elements(node, shape.node.frame(shape.kind), path)

    def _literal(self, node: etree._Element, shape: _Shape, path: str) -> tuple[Any, Any]:
        if shape.kind.code == "xhtml":
            return etree.tostring(node, encoding="unicode", with_tail=False), None
        attributes = dict(node.attrib)
        value = attributes.pop("value", None)
        beside = self._elements_beside(node, attributes, path) if attributes or len(node) or node.text else None
        if value is None and beside is None:
            self._say(path, "type", "a value is wanted", "Write a value, or leave the element out.")
        return (None if value is None else _typed(shape.kind.code, value)), beside

    def _elements_beside(self, node: etree._Element, attributes: Mapping[str, str], path: str) -> Any:
        """Id and extensions of a primitive."""
        if attributes.keys() - {"id"}:
            self._say(path, "unknown-element", "an attribute that FHIR does not have here", "Take it out.")
        return self._elements(node, self._definitions.root("Element"), path) or None

    def _attributes(self, node: etree._Element, frame: Node, path: str) -> dict[str, Any]:
        attributes = {
            name: value for name, value in node.attrib.items() if name != "value" or "value" in frame.children
        }
        allowed = {"id", "url"} if frame.raw["id"].partition(":")[0] == "Extension" else {"id"}
        if attributes.keys() - allowed - {"{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"}:
            self._say(path, "unknown-element", "an attribute that FHIR does not have here", "Take it out.")
        if (node.text and not node.text.isspace()) or any(it.tail and not it.tail.isspace() for it in node):
            self._say(path, "text", "text between elements", "Take it out, or put it into a value.")
        return {name: value for name, value in attributes.items() if name in allowed}

    def _shapes_of(self, frame: Node) -> Mapping[str, _Shape]:
        order = {id(child): place for place, child in enumerate(frame.children.values())}
        shapes = {
            name: _Shape(
                order[id(child)],
                bool(child.raw.get("many")),
                kind,
                child,
                kind.code in primitives.PRIMITIVES,
            )
            for name, (child, kind) in frame.members.items()
        }
        return self._shapes.setdefault(id(frame), shapes)


def _name(node: etree._Element) -> str:
    tag: str = node.tag
    return tag[len(_FHIR) :] if tag.startswith(_FHIR) else ""


def _foreign(tag: str) -> str:
    """Only the div of a narrative is of another namespace."""
    return "div" if tag == f"{XHTML}div" else ""


def _typed(code: str, value: str) -> Any:
    """Text as the type of JSON; what is not of its syntax stays text, which the walk then finds."""
    if code == "boolean":
        return {"true": True, "false": False}.get(value, value)
    if code in {"integer", "unsignedInt", "positiveInt"}:
        return int(value) if primitives.INTEGER.fullmatch(value) else value
    if code == "decimal":
        return float(value) if primitives.DECIMAL.fullmatch(value) else value
    return value
