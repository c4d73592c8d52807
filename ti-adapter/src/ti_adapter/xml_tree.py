"""What all readers of XML messages do alike: a parser that fetches nothing, and questions that raise nothing."""

from __future__ import annotations

from lxml import etree  # type: ignore[import-untyped]


def parser(*, encoding: str | None = None, huge_tree: bool = False) -> etree.XMLParser:
    """No network, no DTD loaded, no entity resolved; what could split a value is dropped while parsing.

    `huge_tree` lifts libxml2's own limits, so whoever sets it has limits in front of the parser.
    """
    return etree.XMLParser(
        encoding=encoding,
        load_dtd=False,
        no_network=True,
        resolve_entities=False,
        huge_tree=huge_tree,
        remove_comments=True,
        remove_pis=True,
    )


def is_deeper(root: etree._Element, most: int) -> bool:
    """Whether there are more levels than `most`, with that of the root; found without recursion."""
    depth, level = 0, [root]
    while level and depth <= most:
        depth, level = depth + 1, [child for parent in level for child in parent]
    return depth > most


def local(name: str) -> str:
    """The local part of a name."""
    return etree.QName(name).localname  # type: ignore[no-any-return]
