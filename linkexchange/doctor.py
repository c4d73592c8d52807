"""Doctor: is everything around this node as it has to be? A probe of a PACS, and a walk along the chain to the TI.

Both are kept and compared with the last one. A probe changes nothing in the PACS and nothing in its passport; `apply`
writes what was found into the passport. What a walk finds that would stop a pull tonight is an alarm until it is well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

from linkexchange.errors import Fault, UnknownStudy
from linkexchange.model.advice import ways
from linkexchange.model.audit import Action
from linkexchange.model.findings import Answer, Check, Finding, Findings, Scope, differences
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.passport import Passport, Retrieve
from linkexchange.model.readiness import Finding as StepFound
from linkexchange.model.readiness import Walked
from linkexchange.model.study import Manifest
from linkexchange.ports import Archive, Brake, Node, UnitOfWork

DICOMWEB_SECONDS = 30.0
"""How long the DICOMweb service of a PACS is waited for, all in all."""
WALK_JOB = "walk"
"""Walks the chain to the TI now."""
SUSPECT_JOB = "walk-if-suspected"
"""The same, unless an alarm stands."""
WALK_LINE = "walk"
"""One walk at a time is enough."""
_Pair = tuple[Finding, Finding]


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found out, when, and what has changed since the one before."""

    findings: Findings
    at: datetime
    changes: Sequence[str]


def probe(node: Node, name: str, scope: Scope | None = None) -> Probed:
    """Probe a PACS, keep what was found, and compare. Raises `UnknownPacs`; what does not work is a finding."""
    allowed = scope or Scope()
    with node.store.work(node.me) as work:
        passport = work.pacs.find(name)
    found = _with_dicomweb(node, passport, node.probe(passport, allowed))
    at = node.now()
    with node.store.work(node.me) as work:
        before = work.probes.latest(name)
        changes = differences(before[0], found) if before else []
        work.probes.put(found, at)
        work.audit(Action.PACS_PROBED, pacs=name, changes=len(changes), test_object=int(allowed.store))
        if changes:
            work.emit("pacs.compared", pacs=name, changes="; ".join(changes))
    return Probed(found, at, changes)


def probe_all(node: Node) -> Iterator[Probed]:
    """Probe every PACS of this node, one after the other."""
    with node.store.work(node.me) as work:
        names = [passport.name for passport in work.pacs.all()]
    return (probe(node, name) for name in names)


def apply(node: Node, found: Findings) -> Passport:
    """Write what was found into the passport; what was not found out stays as it is. Raises `UnknownPacs`."""
    with node.store.work(node.me) as work:
        known = work.pacs.find(found.pacs)
        passport = _applied(known, found)
        if passport != known:
            work.pacs.put(passport)
            work.audit(Action.PACS_CHANGED, pacs=found.pacs)
    return passport


def _applied(known: Passport, found: Findings) -> Passport:
    return replace(
        known,
        syntaxes=found.syntaxes or known.syntaxes,
        max_associations=found.max_associations or known.max_associations,
        retrieve=next(iter(ways(found)), known.retrieve),
    )


# --- DICOMweb ---------------------------------------------------------------------------------------------------------


def _with_dicomweb(node: Node, passport: Passport, found: Findings) -> Findings:
    """The findings, and what the DICOMweb service says about the same study, where one is registered."""
    if not passport.dicomweb_url:
        return found
    archive = node.archive(replace(passport, retrieve=Retrieve.DICOMWEB))
    return replace(found, checks=(*found.checks, *_bounded(lambda brake: _dicomweb(archive, found.study, brake))))


def _bounded(checks: Callable[[Brake], _Pair]) -> _Pair:
    """In a thread of its own, since nothing bounds how long an HTTP service may go on sending rows."""
    brake, answer = Brake(), Future[_Pair]()

    def run() -> None:
        try:
            answer.set_result(checks(brake))
        except BaseException as bug:  # Raised again by whoever waits.
            answer.set_exception(bug)

    threading.Thread(target=run, daemon=True).start()
    try:
        return answer.result(DICOMWEB_SECONDS)
    except TimeoutError:
        return _silent("it was not at an end when its time was over")
    finally:
        brake.pull()


def _dicomweb(archive: Archive, study: StudyUid | None, brake: Brake) -> _Pair:
    """Without a study to look at, QIDO-RS still has to say that it has none."""
    try:
        summary, _ = archive.summary(study or StudyUid("2.25.0"))
    except UnknownStudy:
        found = Answer.NO if study else Answer.YES
        return Finding(Check.QIDO, found, "no such study"), Finding(Check.WADO, Answer.OPEN, "no study to look at")
    except Fault as fault:
        return _silent(fault.detail)
    listed = Finding(Check.QIDO, Answer.YES, f"{len(summary.manifest.uids)} instances listed")
    return listed, _wado(archive, summary.manifest, brake)


def _wado(archive: Archive, manifest: Manifest, brake: Brake) -> Finding:
    """Fetch one instance, whose bytes are let pass."""
    first = frozenset([next(manifest.instances).sop_instance])
    try:
        with closing(archive.retrieve(manifest, first, brake=brake)) as stream:
            came = [sum(map(len, instance.chunks)) for instance in stream]
    except Fault as fault:
        return Finding(Check.WADO, Answer.UNANSWERED, fault.detail)
    return Finding(Check.WADO, Answer.YES if came else Answer.NO, f"{len(came)} of 1 instances came")


def _silent(why: str) -> _Pair:
    return Finding(Check.QIDO, Answer.UNANSWERED, why), Finding(Check.WADO, Answer.UNANSWERED, why)


# --- the chain to the TI ----------------------------------------------------------------------------------------------


def ti(node: Node) -> Walked:
    """Walk the chain to the TI, keep what was found, and raise or end the alarm. What does not work is a finding."""
    readiness = node.walk()
    at = node.now()
    with node.store.work(node.me) as work:
        before = work.walks.latest()
        walked = Walked.after(before, readiness, at)
        work.walks.put(walked)
        counts = {"fails": len(readiness.blocks), "warns": len(readiness.warns)}
        work.audit(Action.TI_WALKED, **counts)
        work.emit(Action.TI_WALKED.value, **counts)
        if walked.is_news(before):
            work.emit("ti.alarm", fails="; ".join(map(named, readiness.blocks)))
        elif walked.is_over(before):
            work.emit("ti.well")
    return walked


def ask_to_walk(node: Node) -> None:
    """Let a worker walk it now."""
    with node.store.work(node.me) as work:
        work.defer(WALK_JOB, once=WALK_JOB, line=WALK_LINE)


def suspect(work: UnitOfWork) -> None:
    """Card or TI have not done their part: let the chain be walked, unless an alarm stands that says why."""
    if not has_alarm(work):
        work.defer(SUSPECT_JOB, once=SUSPECT_JOB, line=WALK_LINE)


def has_alarm(work: UnitOfWork) -> bool:
    """Whether an alarm stands."""
    last = work.walks.latest()
    return last is not None and last.alarm_since is not None


def named(found: StepFound) -> str:
    """A finding in one word, for machines: `login(epa-1): login-refused`."""
    place = f"{found.step}({found.subject})" if found.subject else found.step.value
    return f"{place}: {found.reason}"
