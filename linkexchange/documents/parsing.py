"""Bytes → structure, under limits, before any model looks at them.

The limits stand far above a document of 50,000 instances and far below what makes a process slow or large. They are
checked on the bytes where that is possible: counting marks costs nothing, building the tree they stand for does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from linkexchange.errors import DocumentFault
from linkexchange.model.link import Document, MediaType

BYTES_MAX = 32 * 1024 * 1024
JWS_MAX_BYTES = 64 * 1024
"""A signature, within a document or beside it."""
DEPTH_MAX = 32
MARKS_MAX = 700_000
"""Tags and attributes of an XML document; commas and opening brackets of a JSON document."""
INSTANCES_MAX = 50_000
VALUES_MAX = 60_000
"""Objects, lists and texts beside the list of instances; an instance has `_VALUES_OF_INSTANCE` of them."""
ENTRIES_MAX = 100

_VALUES_OF_INSTANCE = 6

Json = dict[str, Any]


def guessed(content: bytes) -> MediaType:
    """XML begins with an angle bracket, whatever the name of the file."""
    return MediaType.XML if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" else MediaType.JSON


def parse(document: Document) -> Json:
    """The document in FHIR's JSON form. Raises `DocumentFault` for what breaks a limit or is not well-formed."""
    raw = _xml(document.content) if document.media_type is MediaType.XML else _json(document.content)
    _demand(isinstance(raw, dict), "an object is wanted")
    within_limits(raw)
    return raw


def _measure(content: bytes, marks: bytes) -> None:
    _demand(len(content) <= BYTES_MAX, "size")
    _demand(sum(content.count(mark) for mark in marks) <= MARKS_MAX, "number of elements")


def _demand(met: bool, rule: str) -> None:
    if not met:
        raise DocumentFault(f"document: {rule}")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise DocumentFault("document: not UTF-8") from None


def xml_tree(content: bytes) -> etree._Element:
    """The elements of an XML document within the limits of size and number. Raises `DocumentFault`."""
    from linkexchange.documents import fhir_xml

    _measure(content, b"<=")
    _text(content)
    root = fhir_xml.tree(content)
    _check_numbers(values=fhir_xml.count(root), instances=fhir_xml.count(root, "instance"))
    return root


def _xml(content: bytes) -> Json:
    from linkexchange.documents import fhir_xml

    root = xml_tree(content)
    try:
        return fhir_xml.load(root)
    except RecursionError:
        raise DocumentFault("document: depth") from None


def _json(content: bytes) -> Any:
    _measure(content, b",[{")
    text = _text(content)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise DocumentFault("document: depth") from None
    except ValueError:
        raise DocumentFault("JSON: not well-formed") from None


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    """Two readers could each believe another of two values under one name."""
    members = dict(pairs)
    _demand(len(members) == len(pairs), "duplicate key")
    return members


def _no_constant(_: str) -> None:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError


def within_limits(raw: Json) -> None:
    """Raise `DocumentFault` for what is too deep or too much.

    The structure is walked level by level, so that depth is counted and never lived through.
    """
    entries = raw.get("entry")
    _demand(not isinstance(entries, list) or len(entries) <= ENTRIES_MAX, "number of entries")
    values = instances = 0
    level: list[Any] = [raw]
    for _ in range(DEPTH_MAX):
        values += len(level)
        instances += sum(_listed(node) for node in level if isinstance(node, dict))
        level = [child for node in level for child in _children(node)]
    _demand(not level, "depth")
    _check_numbers(values=values, instances=instances)


def _check_numbers(*, values: int, instances: int) -> None:
    _demand(instances <= INSTANCES_MAX, "number of instances")
    _demand(values - _VALUES_OF_INSTANCE * instances <= VALUES_MAX, "number of elements")


def _listed(node: Json) -> int:
    instances = node.get("instance")
    return len(instances) if isinstance(instances, list) else 0


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()
