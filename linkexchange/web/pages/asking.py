"""Asking another institution to release a study, where no document can be read; and what has become of that.

The KVNR and the name travel in form fields only, since URLs are logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from linkexchange import releasing
from linkexchange.errors import Fault, RequestIncomplete
from linkexchange.model.identifiers import StudyUid, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.release_request import Kind, Sought, Wanted
from linkexchange.model.released import Asked, Standing
from linkexchange.ports import Node
from linkexchange.releasing import Wish
from linkexchange.web.german import Explanation, explain
from linkexchange.web.german_faults import SENTENCES
from linkexchange.web.pages.fields import identifier, kvnr_of
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.names import Names
from linkexchange.web.pages.release_words import CHIPS, KINDS, STANDINGS
from linkexchange.web.pages.requests import day_of
from linkexchange.web.pages.site import Site

USUAL_DAYS = 14
"""So long a release is asked for, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class ShownAsk:
    """One own request as the page shows it. `origin` is a name, `transfer` the number of the pull that it led to."""

    asked: Asked
    origin: str
    transfer: str

    @property
    def kind(self) -> str:
        """The German word."""
        return KINDS[self.asked.request.kind]

    @property
    def state(self) -> tuple[str, str]:
        """The German word, and its colour."""
        return STANDINGS[self.asked.standing], CHIPS[self.asked.standing]

    @property
    def why(self) -> str:
        """What the origin says, or what went wrong."""
        if self.asked.standing in {Standing.REFUSED, Standing.RELEASED, Standing.OPEN}:
            return self.asked.detail
        words = {kind.code: sentence for kind, (sentence, _) in SENTENCES.items()}
        return words.get(self.asked.detail, "")


class Typed(BaseModel):
    """The form, as it was typed. `days` are as a browser writes them, or empty."""

    model_config = ConfigDict(extra="ignore", str_max_length=500)
    origin: str
    kind: Kind
    reason: str
    until: str
    user: str
    destination: str
    kvnr: str = ""
    family: str = ""
    given: str = ""
    born: str = ""
    sex: str = ""
    study: str = ""
    accession: str = ""
    modality: str = ""
    body_part: str = ""
    first: str = ""
    last: str = ""

    def wish(self) -> Wish:
        """What is wanted; raises 422, or `RequestIncomplete` where patient or study are not named."""
        number = kvnr_of(self.kvnr)
        if self.kvnr.strip() and number is None:
            raise HTTPException(422)
        try:
            patient = Sought(number, self.family.strip(), self.given.strip(), _day(self.born), self.sex)
            study = identifier(StudyUid, self.study.strip()) if self.study.strip() else None
            texts = (self.accession.strip(), self.modality.strip().upper(), self.body_part.strip().upper())
            wanted = Wanted(study, *texts, _day(self.first), _day(self.last))
        except ValueError as wrong:
            raise RequestIncomplete(str(wrong)) from wrong
        return Wish(
            origin=identifier(TelematikId, self.origin),
            kind=self.kind,
            reason=self.reason,
            patient=patient,
            wanted=wanted,
            until=day_of(self.until),
            user=self.user,
            destination=self.destination,
        )


async def _typed(request: Request) -> Typed:
    try:
        return Typed.model_validate({**await request.form()})
    except ValidationError:
        raise HTTPException(422) from None


def _day(value: str) -> date | None:
    return day_of(value) if value.strip() else None


def add_asking(site: Site, node: Node, events: Events, names: Names) -> None:
    """The form, what it starts, and the list."""

    @site.pages.get("/ask")
    def form(request: Request) -> HTMLResponse:
        after = events.newest_event(node.me)
        receivers, trouble = _others(node)
        with node.store.work(node.me) as work:
            passports, rows = work.pacs.all(), work.own_requests.recent()
            led = {it: work.transfers.of_offer(str(it.request.request)) for it in rows}
        shown = [
            ShownAsk(it, names.of(it.request.origin), str(found.transfer) if (found := led[it]) else "") for it in rows
        ]
        usual = node.now().astimezone().date() + timedelta(days=USUAL_DAYS)
        values: dict[str, object] = {"receivers": receivers, "passports": passports, "kinds": KINDS, "usual": usual}
        return site.page(request, "ask.html", status=200, after=after, shown=shown, trouble=trouble, **values)

    @site.forms.post("/ask")
    def ask(said: Annotated[Typed, Depends(_typed)]) -> RedirectResponse:
        releasing.ask(node, said.wish())
        return RedirectResponse("/ask", status_code=303)


def _others(node: Node) -> tuple[Sequence[Participant], Explanation | None]:
    try:
        return [it for it in node.hub.participants() if it.telematik_id != node.me], None
    except Fault as fault:
        return (), explain(fault)
