"""What would be decided now, and why: a dry run on the hub's page, which writes nothing. `explain` says it in English.

It judges role, destination, switch and policy. Links, quotas and locks are not looked at, and the page says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated, Any

from fastapi import Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse

from linkexchange.explain import Rehearsal, rehearse
from linkexchange.govern import Rulebook
from linkexchange.model.access import Reason
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.judged import of_house
from linkexchange.model.participant import ROLES, Participant
from linkexchange.model.policy import Effect, Wish
from linkexchange.model.transfer import Authority, Purpose
from linkexchange.web import explaining, german
from linkexchange.web.pages.fields import Field, identifier
from linkexchange.web.pages.site import Site

PATH = "/rehearsal"
_RELEASED = "Das gilt nur, wo ein Mensch in der abgebenden Einrichtung es freigegeben hat."
_CLOSED = "Keine Regel erlaubt es."


@dataclass(frozen=True, slots=True)
class Asked:
    """The form. `hour` is another time of this day, or None for now; `role` is empty for one that is not listed."""

    requester: TelematikId
    origin: TelematikId
    purpose: Purpose
    authority: Authority
    role: str
    destination: str
    hour: time | None

    def wish(self, now: datetime) -> Wish:
        """What the rules look at. What the hub cannot know stays unknown."""
        here = now.astimezone()
        at = datetime.combine(here.date(), self.hour).astimezone() if self.hour else here
        return Wish(
            self.requester, self.origin, self.purpose, self.authority, at, role=self.role, destination=self.destination
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page says. `sentences` are why; `told` is what the requester would read, empty without an objection."""

    denied: bool
    sentences: Sequence[str]
    told: str
    rule: str
    left: str
    facts: Sequence[tuple[str, str]]


def add_rehearsal(
    site: Site, book: Rulebook, participants: Callable[[], Sequence[Participant]], now: Callable[[], datetime]
) -> None:
    """The form, and its answer on the same page."""

    def page(request: Request, asked: Asked | None = None, answer: Answer | None = None) -> HTMLResponse:
        words: dict[str, object] = {"roles": ROLES, "authorities": german.AUTHORITIES, "participants": participants()}
        return site.page(request, "rehearsal.html", status=200, asked=asked, answer=answer, **words)

    @site.pages.get(PATH)
    def form(request: Request) -> HTMLResponse:
        return page(request)

    @site.forms.post(PATH)
    def tried(request: Request, asked: Annotated[Asked, Depends(_asked)]) -> HTMLResponse:
        known = {it.telematik_id: it for it in participants()}
        if not {asked.requester, asked.origin} <= set(known):
            raise HTTPException(422)
        return page(request, asked, answer_of(book, asked.wish(now()), known[asked.requester].destinations))


def answer_of(book: Rulebook, wish: Wish, owned: Sequence[str]) -> Answer:
    """Judge a wish by the policy and the switches that hold now. `owned` are the requester's PACS."""
    policy = book.policy()
    with book.store.work(wish.origin) as work:
        switches = work.switches.all()
    found = rehearse(policy, wish, switches, last=False, owned=owned)
    facts: Mapping[str, Any] = {"role": wish.role, **of_house(switches, policy, found.said)}
    return Answer(
        denied=found.reason is not None,
        sentences=list(_why(found)),
        told=german.DETAILS[found.reason.public] if found.reason else "",
        rule=found.verdict.rule if found.reason in {None, Reason.POLICY, Reason.PERSON} else "",
        left=", ".join(found.verdict.left),
        facts=list(explaining.in_words(facts)),
    )


def _why(found: Rehearsal) -> Iterator[str]:
    yield explaining.WHY[found.reason] if found.reason else explaining.GRANTED
    if found.reason is Reason.POLICY and not found.verdict.rule:
        yield _CLOSED
    if found.reason is None and found.verdict.effect is Effect.PERSON:
        yield _RELEASED


def _asked(
    requester: Field,
    origin: Field,
    purpose: Annotated[Purpose, Form()],
    authority: Annotated[Authority, Form()],
    destination: Field,
    role: Field = "",
    hour: Annotated[time | None, Form()] = None,
) -> Asked:
    who, whence = identifier(TelematikId, requester), identifier(TelematikId, origin)
    return Asked(who, whence, purpose, authority, role, destination.strip(), hour)
