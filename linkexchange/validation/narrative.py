"""What FHIR allows in the XHTML of a narrative (R4 section 2.4): formatting, no script, no form, nothing fetched."""

from __future__ import annotations

from typing import Any

from lxml import etree  # type: ignore[import-untyped]

XHTML = "{http://www.w3.org/1999/xhtml}"
_TAGS = frozenset(
    [
        "p",
        "br",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "a",
        "span",
        "b",
        "em",
        "i",
        "strong",
        "small",
        "big",
        "tt",
        "dfn",
        "q",
        "var",
        "abbr",
        "acronym",
        "cite",
        "blockquote",
        "hr",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "pre",
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tr",
        "tfoot",
        "tbody",
        "th",
        "td",
        "code",
        "samp",
        "img",
        "map",
        "area",
        "bdo",
        "sub",
        "sup",
        "kbd",
        "ins",
        "del",
        "u",
        "address",
        "center",
        "font",
    ]
)
_ATTRIBUTES = frozenset(
    [
        "title",
        "style",
        "class",
        "id",
        "lang",
        "xml:lang",
        "dir",
        "accesskey",
        "tabindex",
        "span",
        "width",
        "align",
        "valign",
        "char",
        "charoff",
        "abbr",
        "axis",
        "headers",
        "scope",
        "rowspan",
        "colspan",
        "alt",
        "src",
        "longdesc",
        "height",
        "usemap",
        "shape",
        "coords",
        "nohref",
        "href",
        "name",
        "cite",
        "start",
        "type",
        "value",
        "border",
        "cellpadding",
        "cellspacing",
        "frame",
        "rules",
        "summary",
        "nowrap",
        "bgcolor",
        "color",
        "size",
        "face",
        "charset",
        "hreflang",
        "rel",
        "rev",
        "target",
        "compact",
        "datetime",
    ]
)
_XML = "{http://www.w3.org/XML/1998/namespace}"


def is_clean(value: Any) -> bool:
    """Whether it is a well-formed div of XHTML with content and nothing else than what is allowed."""
    if not isinstance(value, str):
        return True
    try:
        root = etree.fromstring(value, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except (etree.XMLSyntaxError, ValueError):
        return False
    return (
        root.tag == f"{XHTML}div" and not root.getroottree().docinfo.doctype and _is_plain(root) and _has_content(root)
    )


def _is_plain(root: etree._Element) -> bool:
    return all(
        isinstance(node.tag, str)
        and node.tag.startswith(XHTML)
        and node.tag[len(XHTML) :] in _TAGS
        and all(_is_allowed(name) for name in node.keys())  # noqa: SIM118 (of lxml)
        for node in root.iter(etree.Element)
    )


def _is_allowed(name: str) -> bool:
    return name.replace(_XML, "xml:") in _ATTRIBUTES


def _has_content(root: etree._Element) -> bool:
    return any(text.strip() for text in root.itertext()) or next(root.iter(f"{XHTML}img"), None) is not None
