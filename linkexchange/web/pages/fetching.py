"""Search, choose, confirm the patient, fetch: how a physician comes from a KVNR to the images.

The KVNR travels in form fields only, since URLs are logged. Nothing is remembered between two pages: each form carries
what the next step needs, and the last one is checked by the pull itself, which reads the record again.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import documents, pull
from linkexchange.errors import LinkWithdrawn, WrongPatient
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.link import Link, LinkStatus
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Ask, Authority, Purpose
from linkexchange.ports import Node
from linkexchange.web.pages.fields import Field, identifier, kvnr_of
from linkexchange.web.pages.site import Site

USER = "web page"
"""Who asks, as the audit trail says it, until pages have a login."""


def add_fetching(site: Site, node: Node) -> None:
    """From the search to the new transfer."""

    @site.pages.get("/")
    def start(request: Request) -> HTMLResponse:
        return site.page(request, "search.html", typed="", wrong=False)

    @site.forms.post("/search")
    def search(request: Request, kvnr: Field = "") -> HTMLResponse:
        found = kvnr_of(kvnr)
        if found is None:
            return site.page(request, "search.html", status=422, typed=kvnr, wrong=True)
        return site.page(request, "found.html", kvnr=found, entries=node.record.find(found))

    @site.forms.post("/confirmation")
    def confirmation(request: Request, kvnr: Field, entry: Field) -> HTMLResponse:
        number = identifier(Kvnr, kvnr)
        link = _read(node, number, entry)
        return site.page(request, "confirm.html", link=link, kvnr=number, entry=entry, destinations=_destinations(node))

    @site.forms.post("/pulls")
    def pulls(kvnr: Field, entry: Field, destination: Field, purpose: Annotated[Purpose, Form()]) -> RedirectResponse:
        ask = Ask(Authority.RECORD, destination, purpose, user=USER, kvnr=identifier(Kvnr, kvnr), entry=entry)
        return RedirectResponse(f"/transfers/{pull.request(node, ask)}", status_code=303)


def _read(node: Node, kvnr: Kvnr, entry: str) -> Link:
    """The link as the record has it now, for a person who must say whether the patient is the right one."""
    link = documents.read(node.record.retrieve(kvnr, entry))
    if link.patient.kvnr != kvnr:
        raise WrongPatient("KVNR of document and record")
    if link.status is not LinkStatus.AVAILABLE:
        raise LinkWithdrawn
    return link


def _destinations(node: Node) -> list[Passport]:
    with node.store.work(node.me) as work:
        return list(work.pacs.all())
