"""The course of a probe: check after check, whatever becomes of the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from linkexchange.dicom.line import Line
from linkexchange.dicom.probe import capacity, offered, search, storing
from linkexchange.dicom.probe.visit import PATIENCE, Limits, Visit
from linkexchange.errors import Fault
from linkexchange.model.findings import Answer, Check, Finding, Findings, Scope

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class _Step:
    """A function, and the checks that it makes."""

    carry_out: Callable[[Visit], Iterator[Finding]]
    checks: tuple[Check, ...]


_STEPS = (
    _Step(offered.echo, (Check.PDU, Check.ECHO)),
    _Step(offered.study_find, (Check.STUDY_FIND,)),
    _Step(offered.patient_find, (Check.PATIENT_FIND,)),
    _Step(search.cancel, (Check.CANCEL,)),
    _Step(search.instances, (Check.IMAGE_FIND, Check.SOP_CLASSES)),
    _Step(search.description, (Check.CHARSET, Check.COUNTS)),
    _Step(offered.get, (Check.GET,)),
    _Step(storing.store_object, (Check.TEST_OBJECT,)),
    _Step(offered.move, (Check.MOVE, Check.MOVE_DESTINATION)),
    _Step(storing.classes, (Check.STORE,)),
    _Step(offered.commitment, (Check.COMMITMENT,)),
    _Step(capacity.associations, (Check.ASSOCIATIONS,)),
)


def probe(line: Line, scope: Scope, limits: Limits = _DEFAULT_LIMITS) -> Findings:
    """Find out what a PACS can do. Raises nothing: what does not work is a finding."""
    visit = Visit(replace(line, timeouts=PATIENCE), scope, limits)
    steps = [step for step in _STEPS if scope.store or Check.TEST_OBJECT not in step.checks]
    checks = tuple(finding for step in steps for finding in _carried_out(step, visit))
    return Findings(
        pacs=line.passport.name,
        calling_ae=line.calling_ae,
        checks=checks,
        accepted=visit.accepted,
        max_associations=visit.max_associations,
        max_pdu_bytes=visit.max_pdu_bytes,
        character_set=visit.character_set,
        study=visit.study,
    )


def _carried_out(step: _Step, visit: Visit) -> list[Finding]:
    """The findings of a step; where it breaks off, the checks that it has not come to are not answered."""
    if visit.seconds_left <= 0:
        return [Finding(check, Answer.UNANSWERED, "not asked: the time of the probe was over") for check in step.checks]
    made: list[Finding] = []
    with visit.braked() as brake:
        try:
            made.extend(step.carry_out(visit))
        except Fault as fault:
            why = "it was not at an end when its time was over" if brake.pulled else fault.detail
            done = {finding.check for finding in made}
            made += [Finding(check, Answer.UNANSWERED, why) for check in step.checks if check not in done]
    return made
