"""Pages that live: server-sent events that say what has changed, upon which htmx loads the part that shows it anew.

An event carries no content, so that it may come twice or late without harm. Events get their number before their
transaction commits, and may commit in another order: each look therefore goes back over the last few numbers. A page
resumes by Last-Event-ID.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, Protocol

import anyio
from fastapi import Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from linkexchange.errors import Unavailable
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Event
from linkexchange.web.pages.site import Site

LOOK_SECONDS = 1.0
OVERLAP = 100

LINKS, TRANSFERS, OUTBOX, PATIENTS, TI = "links", "transfers", "outbox", "patients", "ti"
REQUESTS = "requests"
_OF_LINKS = frozenset(
    {Action.LINK_PUBLISHED, Action.LINK_WITHDRAWN, Action.STUDY_RELEASED, "link.waits", "study.waits"}
)


class Events(Protocol):
    """The event stream of a participant."""

    def newest_event(self, participant: TelematikId) -> int:
        """The number of the newest event; 0 where there is none."""
        ...

    def events_after(self, participant: TelematikId, event: int) -> Sequence[Event]:
        """What came after an event, oldest first."""
        ...


def add_events(site: Site, events: Events, me: TelematikId) -> None:
    """The address that `hx-sse:connect` names; `after` is the newest event when the page was made."""

    @site.pages.get("/events")
    async def changes(
        after: Annotated[int, Query(ge=0)] = 0,
        resumed: Annotated[int | None, Header(alias="Last-Event-ID", ge=0)] = None,
    ) -> EventSourceResponse:
        return EventSourceResponse(_changes(events, me, after if resumed is None else resumed))


async def _changes(events: Events, me: TelematikId, newest: int) -> AsyncIterator[ServerSentEvent]:
    """Until the reader goes; a database that does not answer ends the stream, and the browser comes back."""
    seen: frozenset[int] = frozenset()
    while True:
        try:
            found = await run_in_threadpool(events.events_after, me, newest - OVERLAP)
        except Unavailable:
            return
        fresh = [event for event in found if event.event not in seen]
        seen = frozenset(event.event for event in found)
        newest = max(seen, default=newest)
        for name in _changed(fresh):
            yield ServerSentEvent(event=name, id=str(newest), data=str(newest))
        await anyio.sleep(LOOK_SECONDS)


def _changed(events: Iterable[Event]) -> list[str]:
    """What to load anew, each once however much has happened to it."""
    return list(dict.fromkeys(name for event in events for name in _names(event)))


def _names(event: Event) -> Iterable[str]:
    if event.topic in _OF_LINKS:
        yield LINKS
    if event.topic == Action.PULL_REQUESTED:
        yield TRANSFERS
    if event.topic.startswith("outbox."):
        yield OUTBOX
    if event.topic.startswith("release."):
        yield REQUESTS
    if event.topic.startswith("patient."):
        yield PATIENTS
    if event.topic.startswith("ti."):
        yield TI
    if event.topic.startswith("pull."):
        yield f"transfer-{event.body['transfer']}"
