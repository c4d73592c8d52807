"""Whose record images belong to: what waits for a person, and the answer. And why a study is published or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import release
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.index import Entry, Question
from linkexchange.model.release import OBJECTION, Condition, Opinion
from linkexchange.patients import Index
from linkexchange.ports import Node
from linkexchange.web.pages.fetching import USER
from linkexchange.web.pages.fields import Field, identifier, kvnr_of
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.site import Site
from linkexchange.web.pages.words import CONDITIONS, DOUBTS


@dataclass(frozen=True, slots=True)
class Shown:
    """One question as the page shows it; `suggested` is the KVNR where image or index names just one."""

    question: Question
    known: Sequence[Entry]

    @property
    def doubt(self) -> str:
        """The German sentence."""
        return DOUBTS[self.question.doubt]

    @property
    def suggested(self) -> str:
        """Only where both sides do not name two: a person must not click the wrong one away."""
        named = {self.question.header.kvnr, *(it.kvnr or "" for it in self.known)} - {""}
        return named.pop() if len(named) == 1 else ""


@dataclass(frozen=True, slots=True)
class Said:
    """What one rule says, for the page."""

    opinion: Opinion

    @property
    def name(self) -> str:
        """The rule."""
        return "Widerspruch der Patientin oder des Patienten" if self.opinion.rule == OBJECTION else self.opinion.rule

    @property
    def conditions(self) -> Sequence[tuple[str, bool]]:
        """Each condition in German, and whether it holds."""
        return [(CONDITIONS[Condition(it.condition)], it.holds) for it in self.opinion.findings]


def add_patients(site: Site, node: Node, events: Events) -> None:
    """The questions, and the dry run of the release rules."""
    index = Index.of(node)

    def listed(request: Request, *, wrong: UUID | None = None, status: int = 200) -> HTMLResponse:
        after = events.newest_event(node.me)
        shown = [Shown(question, known) for question, known in index.waiting()]
        return site.page(request, "patients.html", status=status, after=after, shown=shown, wrong=wrong)

    @site.pages.get("/patients")
    def waiting(request: Request) -> HTMLResponse:
        return listed(request)

    @site.forms.post("/patients/decision", response_model=None)
    def decision(
        request: Request, question: UUID, answer: Annotated[str, Form(max_length=10)], kvnr: Field = ""
    ) -> HTMLResponse | RedirectResponse:
        if answer not in {"kvnr", "nobody"}:
            raise HTTPException(422)
        number = kvnr_of(kvnr) if answer == "kvnr" else None
        if answer == "kvnr" and number is None:
            return listed(request, wrong=question, status=422)
        index.decide(question, number, user=USER)
        return RedirectResponse("/patients", status_code=303)

    _add_rules(site, node)


def _add_rules(site: Site, node: Node) -> None:
    rules = release.Rules(node.me, node.store)

    def page(request: Request, **more: object) -> HTMLResponse:
        with node.store.work(node.me) as work:
            passports = work.pacs.all()
        shown: dict[str, object] = {"explained": None, "said": [], "study": "", "wrong": False, **more}
        return site.page(request, "rules.html", status=200, rules=rules.all(), passports=passports, **shown)

    @site.pages.get("/rules")
    def shown(request: Request) -> HTMLResponse:
        return page(request)

    @site.forms.post("/rules/explanation")
    def explanation(request: Request, study: Field, pacs: Field, kvnr: Field = "") -> HTMLResponse:
        number = kvnr_of(kvnr) if kvnr.strip() else None
        if kvnr.strip() and number is None:
            return page(request, study=study, wrong=True)
        explained = release.explain(node, identifier(StudyUid, study.strip()), pacs=pacs, kvnr=number)
        doubt = DOUBTS[explained.doubt] if explained.doubt else ""
        said = [Said(it) for it in explained.opinions]
        return page(request, explained=explained, doubt=doubt, said=said, study=study)
