"""XML as it arrives: bytes to a tree under limits, and the few questions that readers ask of a tree.

No DTD, so no entity and no file; no network; no XInclude; comments and processing instructions are dropped while
parsing, so that none can split a value. Everything that is not as asked for raises `MessageMalformed`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.errors import Malformed, MessageMalformed
from ti_adapter.xml_tree import Children, is_deeper, local, parser

BYTES_MAX = 4 * 1024 * 1024
MARKS_MAX = 100_000
"""Tags and attributes, counted before a tree is built."""
DEPTH_MAX = 32

_Value = TypeVar("_Value")
_children = Children(lambda name: MessageMalformed(Malformed.ELEMENT, name))
only, maybe = _children.only, _children.maybe


def parse(content: bytes) -> etree._Element:
    """The root element. Raises `MessageMalformed`."""
    if len(content) > BYTES_MAX or content.count(b"<") + content.count(b"=") > MARKS_MAX:
        raise MessageMalformed(Malformed.SIZE)
    try:
        root = etree.fromstring(content, parser())
    except (etree.XMLSyntaxError, ValueError):
        # Its text would repeat the message.
        raise MessageMalformed(Malformed.XML) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise MessageMalformed(Malformed.DTD)
    if is_deeper(root, DEPTH_MAX):
        raise MessageMalformed(Malformed.SIZE)
    return root


def text(parent: etree._Element, name: str) -> str:
    """What the one child of a name says, without white space around it."""
    return _children.text(only(parent, name))


def maybe_text(parent: etree._Element, name: str) -> str | None:
    """The same, None where the child is left out."""
    child = maybe(parent, name)
    return None if child is None else _children.text(child)


def value(parent: etree._Element, name: str, read: Callable[[str], _Value]) -> _Value:
    """The one child of a name as a value; `read` raises ValueError for what is none."""
    return _read(text(parent, name), name, read)


def maybe_value(parent: etree._Element, name: str, read: Callable[[str], _Value]) -> _Value | None:
    """The same, None where the child is left out."""
    content = maybe_text(parent, name)
    return None if content is None else _read(content, name, read)


def binary(content: str) -> bytes:
    """xs:base64Binary, which may be broken into lines."""
    return base64.b64decode("".join(content.split()), validate=True)


def boolean(content: str) -> bool:
    """xs:boolean."""
    return {"true": True, "1": True, "false": False, "0": False}[content]


def moment(content: str) -> datetime:
    """xs:dateTime; where it names no zone it is taken as UTC."""
    read = datetime.fromisoformat(content)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def day(content: str) -> date:
    """xs:date; a zone behind it is dropped."""
    return date.fromisoformat(content[:10])


def number(content: str) -> int:
    """xs:integer of at most nine digits."""
    if not (content.isascii() and content.lstrip("-").isdigit() and len(content) < 10):
        raise ValueError("no number")
    return int(content)


def _read(content: str, name: str, read: Callable[[str], _Value]) -> _Value:
    try:
        return read(content)
    except (ValueError, LookupError, binascii.Error):
        raise MessageMalformed(Malformed.VALUE, local(name)) from None
