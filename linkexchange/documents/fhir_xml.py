"""FHIR's XML form (R4, section 2.6.1) ⇄ its JSON form, for any resource.

Own code, since the one of fhir.resources takes 0.35 s to write 1,000 instances and, reading, lets the last of two
contradicting elements win. Ours takes a tenth of it. Extensions of primitive elements are not written and not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree  # type: ignore[import-untyped]

from linkexchange.errors import DocumentFault

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
_IN_FHIR, _DIV = f"{{{FHIR}}}", f"{{{XHTML}}}div"


def dump(resource: Mapping[str, Any]) -> bytes:
    """Write a resource; its elements must already stand in R4's order, as the model dumps them."""
    root = etree.Element(_tag(resource["resourceType"]), nsmap={None: FHIR})
    _fill(root, resource)
    content: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return content


def _fill(parent: etree._Element, elements: Mapping[str, Any]) -> None:
    for name, value in elements.items():
        if name != "resourceType":
            for item in value if isinstance(value, list) else [value]:
                _append(parent, name, item)


def _append(parent: etree._Element, name: str, value: Any) -> None:
    if name == "div":
        parent.append(etree.fromstring(value))
    elif name == "url" and parent.tag == _tag("extension"):
        parent.set("url", value)
    elif not isinstance(value, dict):
        etree.SubElement(parent, _tag(name), value=_literal(value))
    else:
        child = etree.SubElement(parent, _tag(name))
        _fill(etree.SubElement(child, _tag(value["resourceType"])) if "resourceType" in value else child, value)


def _tag(name: str) -> str:
    return f"{{{FHIR}}}{name}"


def _literal(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def tree(content: bytes) -> etree._Element:
    """Parse UTF-8 without DTD, entities or anything fetched; raises `DocumentFault`.

    The encoding is UTF-8 whatever the declaration says: another one could hide what is looked for in the bytes.
    """
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise DocumentFault("XML: DTD")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise DocumentFault("XML: not well-formed") from None


def canonical(root: etree._Element) -> str:
    """Exclusive Canonical XML 1.0, without comments: one spelling for one content."""
    content: bytes = etree.tostring(root, method="c14n", exclusive=True, with_comments=False)
    return content.decode()


def count(root: etree._Element, name: str = "") -> int:
    """How many elements there are, or of one name, before any of them costs Python time."""
    return int(root.xpath(f"count(//*[local-name() = '{name}'])" if name else "count(//*)"))


def load(root: etree._Element) -> dict[str, Any]:
    """The resource in JSON form; values stay text, the model turns them into numbers and times.

    Raises:
        DocumentFault: It is not what the model calls by these names.
    """
    return _resource(root)


class _Shape(NamedTuple):
    """What the model knows of an element: may it repeat, which type has it, does that type have elements itself."""

    repeats: bool
    type_name: str
    primitive: bool


@lru_cache(maxsize=512)
def _shapes(type_name: str) -> Mapping[str, _Shape]:
    from fhir.resources.R4B import get_fhir_model_class
    from fhir_core.utils import (
        determine_version_prefix_from_class,
        get_fhir_type_name,
        is_list_type,
        is_primitive_type,
    )

    model = get_fhir_model_class(type_name)
    prefix = determine_version_prefix_from_class(model)
    fields = {name: model.model_fields[field] for name, field in model.get_alias_mapping().items()}
    return {
        name: _Shape(is_list_type(field), get_fhir_type_name(field, prefix), is_primitive_type(field))
        for name, field in fields.items()
    }


def _resource(node: etree._Element) -> dict[str, Any]:
    name = _name(node, "resource")
    return {"resourceType": name, **_elements(node, name)}


def _elements(node: etree._Element, type_name: str) -> dict[str, Any]:
    try:
        shapes = _shapes(type_name)
    except ValueError:
        raise DocumentFault("XML: unknown resource type") from None
    elements: dict[str, Any] = _attributes(node, type_name)
    for child in node:
        name = _name(child, type_name)
        if (shape := shapes.get(name)) is None:
            raise DocumentFault(f"{type_name}: unknown element")
        value = _value(child, shape)
        if shape.repeats:
            elements.setdefault(name, []).append(value)
        elif elements.setdefault(name, value) is not value:
            raise DocumentFault(f"{type_name}.{name}: stands there twice")
    return elements


def _attributes(node: etree._Element, type_name: str) -> dict[str, Any]:
    """Only an extension has an attribute of its own, its URL, and the elements of FHIR hold no text between tags."""
    attributes = dict(node.attrib)
    if attributes and (attributes.keys() - {"url", "id"} or (attributes.get("url") and type_name != "Extension")):
        raise DocumentFault(f"{type_name}: unknown attribute")
    if any(between and not between.isspace() for between in (node.text, *(child.tail for child in node))):
        raise DocumentFault(f"{type_name}: text between elements")
    return attributes


def _value(node: etree._Element, shape: _Shape) -> Any:
    if shape.primitive and shape.type_name != "xhtml":
        return _literal_of(node)
    if shape.type_name == "xhtml":
        return etree.tostring(node, encoding="unicode", with_tail=False)
    if shape.type_name == "Resource":
        if len(node) != 1:
            raise DocumentFault("XML: one resource is wanted")
        return _resource(node[0])
    return _elements(node, shape.type_name)


def _literal_of(node: etree._Element) -> Any:
    if node.keys() != ["value"] or len(node) or node.text:
        raise DocumentFault("XML: a value and nothing else is wanted")
    return node.get("value")


def _name(node: etree._Element, where: str) -> str:
    tag: str = node.tag
    if tag.startswith(_IN_FHIR):
        return tag[len(_IN_FHIR) :]
    if tag == _DIV:
        return "div"
    raise DocumentFault(f"{where}: foreign namespace")
