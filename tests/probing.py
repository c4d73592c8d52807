"""Single steps of a probe, made at a scripted PACS.

found = probing.step(services.echo, passport)
assert found[Check.ECHO].answer is Answer.YES
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from linkexchange.dicom.line import Line, Timeouts
from linkexchange.dicom.probe.visit import Limits, Visit
from linkexchange.model.findings import Check, Finding, Scope
from linkexchange.model.identifiers import AeTitle, StudyUid
from linkexchange.model.passport import Passport

NODE = AeTitle("NODE")
SHORT = Timeouts(connect_seconds=10, negotiate_seconds=10, idle_seconds=4)
STUDY = StudyUid("1.2")
Step = Callable[[Visit], Iterator[Finding]]


def visit(passport: Passport, *, study: StudyUid | None = None, limits: Limits | None = None) -> Visit:
    return Visit(Line(passport, NODE, SHORT), Scope(study), limits or Limits())


def step(carry_out: Step, at: Passport | Visit) -> dict[Check, Finding]:
    on = at if isinstance(at, Visit) else visit(at)
    return {finding.check: finding for finding in carry_out(on)}
