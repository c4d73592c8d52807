"""The pages of a node, in German, for physicians: fetch, send, watch, withdraw. docs/reference/pages.md describes them.

They have no login in this slice and are served on a loopback address only; `pages.guard` says what protects them.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from linkexchange.ports import Node
from linkexchange.web.pages import findings
from linkexchange.web.pages.asking import add_asking
from linkexchange.web.pages.fetching import add_fetching
from linkexchange.web.pages.links import Releases, add_links
from linkexchange.web.pages.live import add_events
from linkexchange.web.pages.names import Names
from linkexchange.web.pages.outbox import add_outbox
from linkexchange.web.pages.patients import add_patients
from linkexchange.web.pages.readiness import add_readiness
from linkexchange.web.pages.requests import add_requests
from linkexchange.web.pages.sending import add_sending
from linkexchange.web.pages.site import Place, Site
from linkexchange.web.pages.studies import add_studies
from linkexchange.web.pages.trail import add_trail
from linkexchange.web.pages.transfers import add_transfers

_MENU = (
    Place("/", "Bilder holen"),
    Place("/transfers", "Übertragungen"),
    Place("/send", "Bilder senden"),
    Place("/outbox", "Postausgang"),
    Place("/links", "Freigaben"),
    Place("/ask", "Bilder erbitten"),
    Place("/requests", "Anfragen"),
    Place("/studies", "Studien"),
    Place("/patients", "Zuordnung"),
    Place("/rules", "Regeln"),
    Place("/pacs", "PACS"),
    Place("/ti", "TI"),
    Place("/trail", "Protokoll"),
)


def application(node: Node, releases: Releases) -> FastAPI:
    """The ASGI application of a node's pages. `releases` reads what the ports do not: events, and who received what."""
    site = Site("Bilderaustausch", owner=node.name, menu=_MENU)
    names = Names(node.hub, node.now)
    add_fetching(site, node)
    add_transfers(site, node, releases, names)
    add_sending(site, node)
    add_outbox(site, node, releases, names)
    add_links(site, node, releases, names)
    add_asking(site, node, releases, names)
    add_requests(site, node, releases, names)
    add_studies(site, node, releases)
    add_patients(site, node, releases)
    add_readiness(site, node, releases)
    add_trail(site, node, names)
    add_events(site, releases, node.me)
    _add_pacs(site, node)
    return site.application()


def _add_pacs(site: Site, node: Node) -> None:
    @site.pages.get("/pacs")
    def pacs(request: Request) -> HTMLResponse:
        with node.store.work(node.me) as work:
            return site.page(request, "pacs.html", passports=work.pacs.all(), shown=findings.shown(work))
