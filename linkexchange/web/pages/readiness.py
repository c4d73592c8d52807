"""What the last walk along the chain to the TI has found, in German: its page, and the alarm beside transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from linkexchange import doctor
from linkexchange.model.readiness import Finding, Verdict, Walked
from linkexchange.model.readiness_words import Language, evidence, step_name, told, verdict_name
from linkexchange.ports import Node, UnitOfWork
from linkexchange.web import german
from linkexchange.web.pages.live import Events
from linkexchange.web.pages.site import Site

CHIPS: dict[Verdict, str] = {
    Verdict.WELL: "complete",
    Verdict.WARNS: "partial",
    Verdict.FAILS: "failed",
    Verdict.UNSEEN: "waiting",
}
"""In which colour a verdict is shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step. `evidence` holds codes, for whoever is called for help."""

    step: str
    chip: str
    verdict: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What somebody has to do."""

    what: str
    cause: str
    owner: str
    next_step: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The last walk. `at` is None where the chain was never walked, `alarm_since` where no alarm stands."""

    at: datetime | None = None
    alarm_since: datetime | None = None
    rows: Sequence[Row] = ()
    problems: Sequence[Problem] = ()


def shown(work: UnitOfWork) -> Shown:
    """What the page shows."""
    walked = work.walks.latest()
    return _shown(walked) if walked else Shown()


def add_readiness(site: Site, node: Node, events: Events) -> None:
    """The page, and the wish to have the chain walked now."""

    @site.pages.get("/ti")
    def ti(request: Request) -> HTMLResponse:
        after = events.newest_event(node.me)
        with node.store.work(node.me) as work:
            return site.page(request, "ti.html", after=after, it=shown(work))

    @site.forms.post("/ti/walk")
    def walk() -> RedirectResponse:
        doctor.ask_to_walk(node)
        return RedirectResponse("/ti", status_code=303)


def _shown(walked: Walked) -> Shown:
    found = walked.readiness
    problems = [_problem(it) for it in (*found.blocks, *found.warns)]
    return Shown(walked.at, walked.alarm_since, [_row(it) for it in found.findings], problems)


def _row(finding: Finding) -> Row:
    words = step_name(finding, Language.GERMAN), verdict_name(finding, Language.GERMAN)
    return Row(words[0], CHIPS[finding.verdict], words[1], evidence(finding, Language.GERMAN))


def _problem(finding: Finding) -> Problem:
    said = told(finding, Language.GERMAN)
    owner = german.OWNERS[said.owner]
    return Problem(said.what, said.cause, owner, said.next_step, finding.verdict is Verdict.FAILS)
