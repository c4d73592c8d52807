"""Push from the pages: choose a PACS, a study and a participant; send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import push
from linkexchange.errors import Fault
from linkexchange.model.identifiers import StudyUid, TelematikId
from linkexchange.model.outbox import PASSPORT as OUTBOX_PASSPORT
from linkexchange.model.participant import Participant
from linkexchange.model.passport import Passport
from linkexchange.ports import Node
from linkexchange.web.german import Explanation, explain
from linkexchange.web.pages.fields import Field, identifier, kvnr_of
from linkexchange.web.pages.site import Site

_Row = TypeVar("_Row")


def add_sending(site: Site, node: Node) -> None:
    """The form, and what it starts."""

    @site.pages.get("/send")
    def choose(request: Request, pacs: str = "") -> HTMLResponse:
        with node.store.work(node.me) as work:
            passports = [*work.pacs.all(), *([OUTBOX_PASSPORT] if node.spool else [])]
        chosen = next((it for it in passports if it.name == pacs), next(iter(passports), None))
        studies, no_studies = _asked(lambda: _studies(node, chosen))
        receivers, no_receivers = _asked(lambda: _receivers(node))
        return site.page(
            request,
            "send.html",
            passports=passports,
            chosen=chosen,
            studies=studies,
            receivers=receivers,
            trouble=no_studies or no_receivers,
        )

    @site.forms.post("/send")
    def send(pacs: Field, study: Field, receiver: Field, kvnr: Field = "") -> RedirectResponse:
        number = kvnr_of(kvnr)
        if kvnr.strip() and number is None:
            raise HTTPException(422)
        to = identifier(TelematikId, receiver)
        link = push.push(node, identifier(StudyUid, study), to, pacs=pacs, kvnr=number)
        return RedirectResponse(f"/links?new={link}", status_code=303)


def _studies(node: Node, passport: Passport | None) -> Sequence[tuple[StudyUid, str]]:
    return node.archive(passport).studies() if passport else ()


def _receivers(node: Node) -> Sequence[Participant]:
    return [participant for participant in node.hub.participants() if participant.telematik_id != node.me]


def _asked(question: Callable[[], Sequence[_Row]]) -> tuple[Sequence[_Row], Explanation | None]:
    """An answer, or why there is none: one PACS that is down must not hide the choice of another."""
    try:
        return question(), None
    except Fault as fault:
        return (), explain(fault)
