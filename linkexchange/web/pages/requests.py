"""What others ask to have released: who asks, what for, whom and which study it may mean here; and the decision.

Pages have no login yet: whoever decides or reviews types a name. docs/reference/release-request.md says what that is
worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import releasing
from linkexchange.errors import Fault
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.release_request import REASON_MAX_CHARACTERS, Kind
from linkexchange.model.released import Heard, Standing
from linkexchange.ports import Node
from linkexchange.releasing import Match, Option
from linkexchange.web.german import Explanation, explain
from linkexchange.web.pages.fields import Field, identifier, kvnr_of
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.names import Names
from linkexchange.web.pages.release_words import BASES, CHIPS, HOLDS, KINDS, STANDINGS
from linkexchange.web.pages.site import Site

Reason = Annotated[str, Form(max_length=REASON_MAX_CHARACTERS)]
_NOBODY = Match()


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """One request as the pages show it."""

    heard: Heard
    requester: str
    standing: Standing
    now: datetime

    @property
    def kind(self) -> str:
        """The German word."""
        return KINDS[self.heard.request.kind]

    @property
    def state(self) -> tuple[str, str]:
        """The German word, and its colour."""
        return STANDINGS[self.standing], CHIPS[self.standing]

    @property
    def hold(self) -> str:
        """Why a person must decide; empty where nobody need."""
        return HOLDS.get(self.heard.hold, "") if self.standing is Standing.OPEN else ""

    @property
    def decided(self) -> str:
        """By whom, or by which rule."""
        return f"{BASES[self.heard.basis]} {self.heard.by}" if self.heard.basis else f"durch {self.heard.by}"

    @property
    def urgent(self) -> bool:
        """An emergency that no rule has answered."""
        return self.standing is Standing.OPEN and self.heard.request.kind is Kind.EMERGENCY

    @property
    def overdue(self) -> bool:
        """Two persons should have looked by now."""
        return self.heard.is_overdue(self.now)


def add_requests(site: Site, node: Node, events: Events, names: Names) -> None:
    """The list, one request with what it may mean here, and the three answers."""

    def shown(heard: Heard) -> ShownRequest:
        with node.store.work(node.me) as work:
            active = heard.link is None or work.links.is_active(heard.link)
        now = node.now()
        return ShownRequest(heard, names.of(heard.request.requester), heard.answer(now, active=active).standing, now)

    @site.pages.get("/requests")
    def requests(request: Request) -> HTMLResponse:
        after = events.newest_event(node.me)
        with node.store.work(node.me) as work:
            rows = work.requests.recent()
        return site.page(request, "requests.html", after=after, shown=[shown(it) for it in rows])

    @site.pages.get("/requests/{number}")
    def one(request: Request, number: UUID) -> HTMLResponse:
        with node.store.work(node.me) as work:
            heard, passports = work.requests.get(number), work.pacs.all()
        known, options, trouble = _meant(node, heard)
        values: dict[str, object] = {"known": known, "options": options, "trouble": trouble, "passports": passports}
        return site.page(request, "request.html", status=200, it=shown(heard), holds=HOLDS, **values)

    _add_answers(site, node)


def _meant(node: Node, heard: Heard) -> tuple[Match, Sequence[Option], Explanation | None]:
    """Whom and what an open request may mean here, looked up now; or why nobody can say."""
    if heard.standing is not Standing.OPEN:
        return _NOBODY, (), None
    try:
        return *releasing.find(node, heard.request.patient, heard.request.wanted), None
    except Fault as fault:
        return _NOBODY, (), explain(fault)


def _add_answers(site: Site, node: Node) -> None:
    @site.forms.post("/requests/release")
    def release(
        number: Annotated[UUID, Form()], study: Field, until: Field, user: Field, pacs: Field = "", kvnr: Field = ""
    ) -> RedirectResponse:
        typed = kvnr_of(kvnr)
        if kvnr.strip() and typed is None:
            raise HTTPException(422)
        # A choice of the list carries the PACS beside the study.
        uid, _, place = study.strip().partition(" ")
        chosen = identifier(StudyUid, uid)
        releasing.release(node, number, chosen, pacs=place or pacs, until=day_of(until), user=user, kvnr=typed)
        return RedirectResponse("/requests", status_code=303)

    @site.forms.post("/requests/refusal")
    def refusal(number: Annotated[UUID, Form()], reason: Reason, user: Field) -> RedirectResponse:
        releasing.refuse(node, number, reason=reason, user=user)
        return RedirectResponse("/requests", status_code=303)

    @site.forms.post("/requests/review")
    def review(
        number: Annotated[UUID, Form()], outcome: Annotated[str, Form(max_length=20)], user: Field, note: Reason = ""
    ) -> RedirectResponse:
        if outcome not in {"justified", "not-justified"}:
            raise HTTPException(422)
        releasing.review(node, number, justified=outcome == "justified", user=user, note=note)
        return RedirectResponse(f"/requests/{number}", status_code=303)


def day_of(value: str) -> date:
    """A day, as a browser sends it; raises 422."""
    with suppress(ValueError):
        return date.fromisoformat(value.strip())
    raise HTTPException(422)
