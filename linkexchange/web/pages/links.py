"""What this participant has published in records or released to others, and how to withdraw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import publish
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.ports import Node, Published
from linkexchange.web.pages.fields import Field, identifier
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.names import Names
from linkexchange.web.pages.site import Site


class Releases(Events, Protocol):
    """The event stream, and what it says about releases."""

    def receivers(self, participant: TelematikId) -> Mapping[LinkId, TelematikId]:
        """To whom this participant has released which link."""
        ...


@dataclass(frozen=True, slots=True)
class ShownLink:
    """One link as a page shows it. `state` is the German word."""

    published: Published
    receiver: str
    state: str


def add_links(site: Site, node: Node, releases: Releases, names: Names) -> None:
    """The list, and the withdrawal."""

    @site.pages.get("/links")
    def links(request: Request, new: str = "") -> HTMLResponse:
        after = releases.newest_event(node.me)
        return site.page(request, "links.html", after=after, shown=_shown(node, releases, names), new=new)

    @site.forms.post("/links/withdrawal")
    def withdrawal(link: Field) -> RedirectResponse:
        publish.withdraw(node, identifier(LinkId, link))
        return RedirectResponse("/links", status_code=303)


def _shown(node: Node, releases: Releases, names: Names) -> list[ShownLink]:
    with node.store.work(node.me) as work:
        rows = work.links.recent()
    receivers = releases.receivers(node.me)
    replaced = {row.link.replaces for row in rows}
    return [
        ShownLink(row, names.of(receivers.get(row.link.link)), _state(row, replaced=row.link.link in replaced))
        for row in rows
    ]


def _state(row: Published, *, replaced: bool) -> str:
    if not row.active:
        return "ersetzt" if replaced else "zurückgezogen"
    if row.kvnr is None:
        return "gesendet"
    return "in der Akte" if row.entry else "wird eingetragen"
