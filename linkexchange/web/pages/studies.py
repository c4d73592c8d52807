"""Studies that wait to be published, and why; and what a record has not been told yet."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import notice
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.watched import NOT_LOOKED_AT, Source, Wait, Watched
from linkexchange.ports import Node, Waits
from linkexchange.web import german
from linkexchange.web.pages.fields import Field, identifier
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.site import Site
from linkexchange.web.pages.words import REASONS


@dataclass(frozen=True, slots=True)
class Shown:
    """One study as the page shows it."""

    watched: Watched

    @property
    def why(self) -> str:
        """What it waits for, in German."""
        return german.WAITS[self.watched.wait]

    @property
    def detail(self) -> str:
        """More about it, in German; the name of a rule stays as somebody has written it."""
        detail = self.watched.detail
        return self._fault.cause if self._fault else REASONS.get(detail, detail)

    @property
    def next_step(self) -> str:
        """What a person does about it, in German; empty where nothing is to be done."""
        return self._fault.next_step if self._fault else german.WAITS_NEXT.get(self.watched.wait, "")

    @property
    def _fault(self) -> german.Explanation | None:
        """What has gone wrong, where that is why it waits."""
        detail = self.watched.detail
        is_fault = self.watched.wait is Wait.FAULT or german.is_code(detail.partition(": ")[0])
        return german.explain_reason(detail) if is_fault and detail not in REASONS else None

    @property
    def may_be_hastened(self) -> bool:
        """Whether a look can come sooner."""
        return self.watched.wait not in NOT_LOOKED_AT


def add_studies(site: Site, node: Node, events: Events) -> None:
    """The list, and a look that comes sooner."""

    @site.pages.get("/studies")
    def studies(request: Request) -> HTMLResponse:
        after = events.newest_event(node.me)
        with node.store.work(node.me) as work:
            shown = [Shown(it) for it in work.watched.waiting()]
            counts, untold = work.watched.counts(), work.links.untold()
        barred = sum(waits is Waits.ENTITLEMENT for _, _, _, waits in untold)
        turn = counts.get(Wait.TURN, 0)
        return site.page(request, "studies.html", after=after, shown=shown, barred=barred, turn=turn)

    @site.forms.post("/studies/look")
    def look(study: Field, pacs: Field) -> RedirectResponse:
        notice.heard(node, pacs, identifier(StudyUid, study), Source.PERSON)
        return RedirectResponse("/studies", status_code=303)
