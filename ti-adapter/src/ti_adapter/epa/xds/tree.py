"""XML as it arrives: bytes to a tree under limits, and the few questions that readers ask of a tree.

UTF-8, whatever is declared. No DTD, looked for before anything is parsed, so no entity and no file; no network; no
XInclude; comments and processing instructions are dropped while parsing, so that none can split a value. Everything
that is not as asked for raises `XdsMalformed`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds.errors import Malformed, XdsMalformed
from ti_adapter.epa.xds.names import XOP
from ti_adapter.xml_tree import Children, is_deeper, local, parser

BYTES_MAX = 64 * 1024 * 1024
"""A document may stand in the envelope in base64: 25 MB are 34 MB then, in one text, of which libxml2 bears 10 MB."""
MARKS_MAX = 400_000
"""Tags and attributes, counted before a tree is built."""
DEPTH_MAX = 32

_children = Children(lambda name: XdsMalformed(Malformed.ELEMENT, name))
only, maybe, text = _children.only, _children.maybe, _children.text


def parse(content: bytes) -> etree._Element:
    """The root element. Raises `XdsMalformed`."""
    if len(content) > BYTES_MAX or content.count(b"<") + content.count(b'="') + content.count(b"='") > MARKS_MAX:
        raise XdsMalformed(Malformed.SIZE)
    if b"<!DOCTYPE" in content:
        raise XdsMalformed(Malformed.DTD)
    try:
        root = etree.fromstring(content, parser(encoding="utf-8", huge_tree=True))
    except (etree.XMLSyntaxError, ValueError):
        # Its text would repeat the message.
        raise XdsMalformed(Malformed.XML) from None
    if is_deeper(root, DEPTH_MAX):
        raise XdsMalformed(Malformed.DEPTH)
    return root


def attribute(element: etree._Element, name: str) -> str:
    """An attribute that has to be there."""
    value = element.get(name)
    if not value:
        raise XdsMalformed(Malformed.VALUE, name)
    return str(value)


def document(element: etree._Element, parts: Mapping[str, bytes]) -> bytes:
    """What an element of xs:base64Binary holds: a part that it includes by XOP, or base64."""
    if not len(element):
        try:
            return base64.b64decode("".join((element.text or "").split()), validate=True)
        except (ValueError, binascii.Error):
            raise XdsMalformed(Malformed.VALUE, local(element.tag)) from None
    href = attribute(only(element, f"{{{XOP}}}Include"), "href")
    name = unquote(href.removeprefix("cid:"))
    if len(element) != 1 or not href.startswith("cid:") or name not in parts:
        raise XdsMalformed(Malformed.VALUE, "href")
    return parts[name]
