"""Notice: a finished study is published by itself, and its link follows it to its end.

Whoever hears of a study says so (`heard`); a look at the PACS then decides by `model.watched.decide`. What follows is
written down in one transaction with the row of the study, fenced by its version: of two looks at once one changes
nothing. So nothing is published twice, and a study whose look was lost is due all the same. Whatever asks the PACS is a
job and waits for its turn there (`asking`); where the PACS is busy it is put off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from math import ceil
from uuid import UUID

import structlog

from linkexchange import asking, publish, release
from linkexchange.errors import Fault, NotEntitled, PeerFault, Refused, UnknownStudy, WrongPatient
from linkexchange.model import hours
from linkexchange.model.identifiers import Kvnr, Sha256, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.watched import (
    DOUBT_PAUSE,
    NOBODY,
    NOT_LOOKED_AT,
    Decision,
    Source,
    Step,
    Verdict,
    Wait,
    Watched,
    decide,
    fingerprint,
)
from linkexchange.ports import Doubt, Node, Sighting, StudyQuery, UnitOfWork

Found = publish.Found

LOOK_JOB, FIND_JOB, POLL_JOB = "look", "find", "poll"
LOOKS_AT_ONCE = 200
NO_INDEX, NO_RULES, DIFFERS = "no-index", "no-rules", "index-differs"
_HOUR = timedelta(hours=1)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look has found. `found` is there where the verdict was asked for."""

    listed: Sha256 | None
    verdict: Verdict | None = None
    found: Found | None = None


def heard(node: Node, pacs: str, study: StudyUid, source: Source, local: LocalPatientId = NOBODY) -> bool:
    """Somebody says that a PACS has a study, or has more of it: it is looked at soon. Whether it is new.

    Raises `UnknownPacs` or `StateUnavailable`.
    """
    now = node.now()
    with node.store.work(node.me) as work:
        work.pacs.find(pacs)
        is_new = work.watched.notice(Watched(pacs, study, source, now, local, due=now))
        if not is_new:
            work.watched.hasten(pacs, study, now)
        _defer(work, LOOK_JOB, pacs=pacs, study=study)
    return is_new


def heard_of_accession(node: Node, pacs: str, accession: str) -> None:
    """Somebody says that there is a study under an accession number: a job asks which one it is."""
    with node.store.work(node.me) as work:
        work.pacs.find(pacs)
        _defer(work, FIND_JOB, pacs=pacs, accession=accession)


def find_studies(node: Node, pacs: str, accession: str, place: UUID | None = None) -> None:
    """The job: watch the studies of an accession number. Raises `PacsUnavailable` or `PacsBusy`."""
    with node.store.work(node.me) as work:
        passport = work.pacs.find(pacs)
    with asking.turn(node, passport, place):
        seen = node.sightings(passport, StudyQuery(accession=accession))
    for it in seen:
        heard(node, pacs, it.study, Source.ORU, it.local)


def patient_changed(node: Node, local: LocalPatientId) -> int:
    """The patient index knows something new of a local patient (A08, A40): its studies are looked at; how many."""
    with node.store.work(node.me) as work:
        return work.watched.suspect(local, node.now())


def backfill(node: Node, pacs: str, first: date, last: date) -> int:
    """Watch all studies of these days that are not watched yet; each has its turn in the hours and at the rate set.

    Returns how many. Safe to repeat. Waits for its turn at a busy PACS. Raises `UnknownPacs` or `PacsUnavailable`.
    """
    now, count = node.now(), 0
    with node.store.work(node.me) as work:
        passport = work.pacs.find(pacs)
    for number in range((last - first).days + 1):
        day = last - timedelta(days=number)
        query = StudyQuery(day, day)
        seen = asking.patiently(node, passport, partial(node.sightings, passport, query))
        with node.store.work(node.me) as work:
            news = (Watched(pacs, it.study, Source.BACKFILL, now, it.local, wait=Wait.TURN) for it in seen)
            count += sum(work.watched.notice(new) for new in news)
    return count


def go_round(node: Node) -> None:
    """Queue a poll of every PACS of the plan, give the back-fill its turns, and queue a look at whatever is due."""
    with node.store.work(node.me) as work:
        for pacs in node.plan.pacs:
            _defer(work, POLL_JOB, pacs=pacs)
    admit(node)
    _look_at_due(node)


def _look_at_due(node: Node) -> None:
    with node.store.work(node.me) as work:
        for it in work.watched.due(node.now(), LOOKS_AT_ONCE):
            _defer(work, LOOK_JOB, pacs=it.pacs, study=it.study)


def poll(node: Node, pacs: str, place: UUID | None = None) -> None:
    """The job: ask a PACS which studies of the last days it has, and queue a look at whatever is due for it.

    Raises `UnknownPacs`, `PacsUnavailable`, `PacsBusy` or `MessageFault`.
    """
    now = node.now()
    with node.store.work(node.me) as work:
        passport = work.pacs.find(pacs)
    today = now.astimezone().date()
    days = StudyQuery(today - timedelta(days=node.plan.days), today + timedelta(days=1))
    with asking.turn(node, passport, place):
        seen = node.sightings(passport, days)
    _compare(node, pacs, seen)
    _look_at_due(node)


def _compare(node: Node, pacs: str, seen: Sequence[Sighting]) -> None:
    now = node.now()
    with node.store.work(node.me) as work:
        for it in seen:
            work.watched.notice(Watched(pacs, it.study, Source.POLL, now, it.local, due=now))
        work.watched.sight(pacs, seen, now)


def admit(node: Node) -> int:
    """Give studies of a back-fill their turn, within its hours, so many an hour, spread over its minutes; how many."""
    now, plan = node.now(), node.plan
    if not hours.left(plan.backfill_hours, now.astimezone()):
        return 0
    with node.store.work(node.me) as work:
        left = plan.backfill_per_hour - work.watched.admitted(now - _HOUR)
        a_minute = ceil(plan.backfill_per_hour / 60) - work.watched.admitted(now - timedelta(minutes=1))
        return work.watched.admit(now, max(0, min(left, a_minute)))


def look(node: Node, pacs: str, study: StudyUid, place: UUID | None = None) -> Step:
    """The job: look at a study and do what follows. Safe to run twice. Raises `PacsUnavailable` or `PacsBusy`.

    It has a turn for the cheap question and one for an image: whoever is more urgent may come in between.
    """
    with node.store.work(node.me) as work:
        known = work.watched.get(pacs, study)
    if known.wait in NOT_LOOKED_AT or known.due is None or known.due > node.now():
        return Step.REST
    try:
        seen, decision = _decided(node, known, place)
    except (Refused, PeerFault) as fault:
        return _set_aside(node, known, fault)
    return _carry_out(node, known, seen, decision)


def _decided(node: Node, known: Watched, place: UUID | None) -> tuple[_Seen, Decision]:
    """Ask what must be asked, the cheap question first."""
    with node.store.work(node.me) as work:
        passport = work.pacs.find(known.pacs)
    now, quiet, turn = node.now(), node.plan.quiet, partial(asking.turn, node, passport, place)
    with turn():
        seen = _Seen(_listed(node, passport, known.study))
    decision = decide(known, seen.listed, None, at=now, quiet=quiet)
    if decision.step is not Step.ASK:
        return seen, decision
    seen = _asked(node, known, turn)
    return seen, decide(known, seen.listed, seen.verdict, at=now, quiet=quiet)


def _set_aside(node: Node, known: Watched, fault: Fault) -> Step:
    """What no new attempt mends: it waits for whoever the fault names, and its link stays."""
    _log.warning("study not looked at", pacs=known.pacs, code=fault.code)
    with node.store.work(node.me) as work:
        later = replace(known, wait=Wait.FAULT, detail=fault.code, due=node.now() + DOUBT_PAUSE)
        work.watched.change(known, later)
    return Step.WAIT


def _listed(node: Node, passport: Passport, study: StudyUid) -> Sha256 | None:
    """What the PACS lists, by the cheap question; a PACS that answers none is asked for the whole summary."""
    uids = node.destination(passport).held(study)
    if uids is None:
        try:
            uids = node.archive(passport).summary(study)[0].manifest.uids
        except UnknownStudy:
            uids = frozenset()
    return fingerprint(uids) if uids else None


def _asked(node: Node, known: Watched, turn: Callable[[], AbstractContextManager[object]]) -> _Seen:
    """Read an image, and ask index, rules and, for a back-fill, the record."""
    try:
        with turn():
            found = publish.find(node, known.study, pacs=known.pacs)
    except UnknownStudy:
        return _Seen(None)
    return _Seen(fingerprint(found.summary.manifest.uids), _verdict(node, known, found), found)


def _verdict(node: Node, known: Watched, found: Found) -> Verdict:
    kvnr = _kvnr(node, known, found)
    if isinstance(kvnr, Doubt):
        return Verdict(None, detail=kvnr.reason)
    try:
        publish.link_of(node, found, kvnr, replaces=None)
    except WrongPatient as wrong:
        return Verdict(None, detail=f"{wrong.code}: {wrong.detail}")
    if known.asserted:
        return Verdict(kvnr)
    if node.rules is None:
        return Verdict(kvnr, released=False, detail=NO_RULES)
    candidate = release.candidate(found, kvnr, pacs=known.pacs)
    judged = node.rules.judge(candidate, node.now())
    entitled = known.source is not Source.BACKFILL or not judged.released or _is_entitled(node, kvnr)
    return Verdict(kvnr, released=judged.released, entitled=entitled, detail=judged.rule, until=judged.until)


def _kvnr(node: Node, known: Watched, found: Found) -> Kvnr | Doubt:
    """As a person has said, where the index knows no other, or as the index says."""
    if node.index is None:
        return known.asserted or Doubt(NO_INDEX)
    answer = node.index.kvnr_of(found.header, found.local)
    if not known.asserted:
        return answer
    agrees = isinstance(answer, Doubt) or answer == known.asserted
    return known.asserted if agrees else Doubt(DIFFERS)


def _is_entitled(node: Node, kvnr: Kvnr) -> bool:
    try:
        node.record.find(kvnr)
    except NotEntitled:
        return False
    return True


def _carry_out(node: Node, known: Watched, seen: _Seen, decision: Decision) -> Step:
    """All in one transaction. Where another look was quicker nothing is done; what it left is due again."""
    after = _after(known, seen, decision, node)
    with node.store.work(node.me) as work:
        if not work.watched.change(known, after):
            return Step.REST
        if decision.step in (Step.PUBLISH, Step.REPLACE):
            _publish(node, work, after, seen)
        if decision.step is Step.WITHDRAW and known.link:
            publish.end(work, known.link, known.study)
            work.emit("study.waits", study=known.study, reason=decision.wait.value)
    return decision.step


def _after(known: Watched, seen: _Seen, decision: Decision, node: Node) -> Watched:
    changed = known.changed if seen.listed == known.seen and known.changed else node.now()
    after = replace(
        known,
        local=_local(known, seen),
        seen=seen.listed,
        changed=changed,
        wait=decision.wait,
        detail=decision.detail,
        due=decision.due,
    )
    if decision.step is Step.WITHDRAW:
        return replace(after, link=None, published=None, kvnr=None)
    return after if decision.wait is Wait.QUIET else replace(after, suspect=False)


def _local(known: Watched, seen: _Seen) -> LocalPatientId:
    """Under which number it is found when that becomes another patient: the PACS's, whatever a result has said."""
    said = seen.found.local if seen.found else known.local
    return said if said.value != known.local.value else known.local


def _publish(node: Node, work: UnitOfWork, after: Watched, seen: _Seen) -> None:
    assert seen.found is not None
    assert seen.verdict is not None
    assert seen.verdict.kvnr is not None
    link = publish.keep(node, work, seen.found, pacs=after.pacs, kvnr=seen.verdict.kvnr)
    before = work.watched.get(after.pacs, after.study)
    stands = replace(before, link=link, published=seen.listed, kvnr=seen.verdict.kvnr)
    work.watched.change(before, replace(stands, due=node.now() + DOUBT_PAUSE))


def put_off(node: Node, job: str, place: UUID, *, seconds: float, **ids: str) -> None:
    """Queue a job anew that could not ask the PACS yet, with its place in line there. No attempt is counted."""
    with node.store.work(node.me) as work:
        _defer(work, job, after_seconds=seconds, place=str(place), **ids)


def _defer(work: UnitOfWork, job: str, *, after_seconds: float = 0, place: str = "", **ids: str) -> None:
    key = " ".join((job, *ids.values()))
    named = {"place": place} if place else {}
    work.defer(job, queue=asking.QUEUE, after_seconds=after_seconds, once=key, **ids, **named)
