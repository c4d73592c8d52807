"""What all readers of XML messages do alike: a parser that fetches nothing, and questions to a tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Children:
    """What stands in an element. Whatever is not as asked for raises `wrong` of the local name that was asked for."""

    wrong: Callable[[str], Exception]

    def only(self, parent: etree._Element, name: str) -> etree._Element:
        """The one child of a name, which is `{namespace}local`."""
        children = parent.findall(name)
        if len(children) != 1:
            raise self.wrong(local(name))
        return children[0]

    def maybe(self, parent: etree._Element, name: str) -> etree._Element | None:
        """The child of a name, None where it is left out."""
        return self.only(parent, name) if parent.find(name) is not None else None

    def text(self, element: etree._Element) -> str:
        """What an element without children says, without white space around it."""
        if len(element):
            raise self.wrong(local(element.tag))
        return str(element.text or "").strip()
