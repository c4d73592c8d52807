"""The companion page in the record: it comes, changes and ends with the link document.

Its uniqueId follows from the link, so nothing need be noted of it: whoever comes after a crash asks the record. What
has a page keeps one, also when the setting that asked for it is gone: a page left behind would say what is not so.
"""

from __future__ import annotations

from linkexchange.documents.companion import unique_id_of
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.link import Link
from linkexchange.ports import Node, Published
from linkexchange.record.entries import entry_with, put, put_closing, title_of


def bring_page(node: Node, published: Published) -> None:
    """Put the page of a link beside its document, where a setting or the older version asks for one. Safe to repeat.

    Raises `NotEntitled`.
    """
    link, kvnr = published.link, published.link.patient.kvnr
    if published.attempted and entry_with(node, kvnr, unique_id_of(link.link)):
        return
    older = entry_with(node, kvnr, unique_id_of(link.replaces)) if link.replaces else ""
    if node.has_pages or older:
        put(node, kvnr, node.page(link, title_of(link)), older)


def page_of(node: Node, kvnr: Kvnr, link: Link) -> str:
    """The entry of its page; empty where there is none."""
    return entry_with(node, kvnr, unique_id_of(link.link))


def close_page(node: Node, kvnr: Kvnr, closing: Link, entry: str) -> None:
    """Put the page that says that a link was withdrawn into the place of its page. Raises `NotEntitled`."""
    put_closing(node, kvnr, node.page(closing, title_of(closing)), entry)
