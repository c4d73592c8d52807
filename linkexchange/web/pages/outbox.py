"""What waits in the outbox: since when, how much, for whom; and how a person discards it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import outbox
from linkexchange.errors import Unavailable
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.outbox import PASSPORT, REASON_MAX_CHARACTERS, Waiting
from linkexchange.model.transfer import State
from linkexchange.ports import Node
from linkexchange.web import german
from linkexchange.web.pages.fetching import USER
from linkexchange.web.pages.fields import Field, identifier
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.names import Names
from linkexchange.web.pages.site import Site

Reason = Annotated[str, Form(max_length=REASON_MAX_CHARACTERS)]


@dataclass(frozen=True, slots=True)
class Shown:
    """One study as the page shows it. `receiver` is to whom it was sent last, empty where nobody was."""

    waiting: Waiting
    description: str
    receiver: str

    @property
    def state(self) -> str:
        """The German words."""
        return german.OUTBOX[self.waiting.state]

    @property
    def outcome(self) -> str:
        """How the last delivery has ended; empty where it has not, or well."""
        newest = self.waiting.newest
        if newest is None or newest.outcome in (None, State.COMPLETE):
            return ""
        return german.STATES[newest.outcome]


def add_outbox(site: Site, node: Node, events: Events, names: Names) -> None:
    """The list, and the end of what waits."""

    @site.pages.get("/outbox")
    def waiting(request: Request) -> HTMLResponse:
        after, contents = events.newest_event(node.me), outbox.waiting(node)
        described = _descriptions(node)
        shown = [_shown(it, described, names) for it in contents.studies]
        return site.page(request, "outbox.html", after=after, contents=contents, shown=shown)

    @site.forms.post("/outbox/discard")
    def discard(study: Field, reason: Reason) -> RedirectResponse:
        if not reason.strip():
            raise HTTPException(422)
        outbox.discard(node, identifier(StudyUid, study), reason=reason.strip(), user=USER)
        return RedirectResponse("/outbox", status_code=303)


def _descriptions(node: Node) -> Mapping[StudyUid, str]:
    """What the images say; nothing where this process cannot read them."""
    with suppress(Unavailable):
        return dict(node.archive(PASSPORT).studies()) if node.spool else {}
    return {}


def _shown(waiting: Waiting, described: Mapping[StudyUid, str], names: Names) -> Shown:
    receiver = names.of(waiting.newest.receiver) if waiting.newest else ""
    return Shown(waiting, described.get(waiting.study, ""), receiver)
