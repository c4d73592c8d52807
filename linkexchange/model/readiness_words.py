"""What a walk along the chain to the TI has found, in words: what is wrong, whose it is, what to do.

The words stand in `readiness_german` and `readiness_english`, for every reason in both. `{subject}` is the record
system, `{until}` the day until which something holds; `{detail}` is what exactly was seen, for whoever is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from linkexchange.errors import Owner
from linkexchange.model import readiness_english as english
from linkexchange.model import readiness_german as german
from linkexchange.model.readiness import Finding, Reason, Step, Verdict


class Language(StrEnum):
    """The languages in which an administrator is told."""

    GERMAN = "de"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to do. `what` names the step, and the record system where there are several."""

    what: str
    cause: str
    owner: Owner
    next_step: str


class _Table(Protocol):
    """What each of both modules has."""

    STEPS: dict[Step, str]
    VERDICTS: dict[Verdict, str]
    SENTENCES: dict[Reason, tuple[str, str]]
    UNSEEN: str
    UNTIL: str


_TABLES: Mapping[Language, _Table] = {Language.GERMAN: german, Language.ENGLISH: english}
_DAYS = {Language.GERMAN: "%d.%m.%Y", Language.ENGLISH: "%Y-%m-%d"}

_KONNEKTOR = (
    Reason.KONNEKTOR_SILENT,
    Reason.KONNEKTOR_CONFIGURATION,
    Reason.KONNEKTOR_BUSY,
    Reason.KONNEKTOR_FAILED,
    Reason.KONNEKTOR_SERVICES,
    Reason.KONNEKTOR_CLEAR_TEXT,
    Reason.KONNEKTOR_EXPIRED,
    Reason.KONNEKTOR_ENDS_TONIGHT,
    Reason.KONNEKTOR_ENDS_SOON,
    Reason.CARD_UNUSABLE,
    Reason.CARD_SIGNATURE,
)
_INSTITUTION = (
    Reason.CARD_MISSING,
    Reason.CARD_WITHOUT_CERTIFICATE,
    Reason.PIN_NOT_VERIFIED,
    Reason.PIN_TRANSPORT,
    Reason.PIN_BLOCKED,
    Reason.CARD_EXPIRED,
    Reason.CARD_NOT_YET_VALID,
    Reason.CARD_ENDS_TONIGHT,
    Reason.CARD_ENDS_SOON,
    Reason.CARD_OF_NO_INSTITUTION,
    Reason.CARD_REVOKED,
    Reason.CARD_UNKNOWN,
    Reason.IDP_CARD,
    Reason.LOGIN_ROLE,
)
_TI = (
    Reason.TSL_SILENT,
    Reason.TSL_REFUSED,
    Reason.TSL_EXPIRED,
    Reason.TSL_ENDS_TONIGHT,
    Reason.TSL_ENDS_SOON,
    Reason.TSL_WITHOUT_CA,
    Reason.OCSP_SILENT,
    Reason.OCSP_REFUSED,
    Reason.IDP_SILENT,
    Reason.IDP_NOT_PROVEN,
    Reason.IDP_FAILED,
)
_RECORD = (
    Reason.RECORD_SILENT,
    Reason.RECORD_ANSWER,
    Reason.RECORD_REFUSED,
    Reason.VAU_SILENT,
    Reason.VAU_NOT_PROVEN,
    Reason.VAU_REFUSED,
    Reason.LOGIN_REFUSED,
    Reason.LOGIN_ANSWER,
)
OWNERS: dict[Reason, Owner] = {
    **dict.fromkeys(Reason, Owner.OWN_NODE),
    **dict.fromkeys(_KONNEKTOR, Owner.KONNEKTOR),
    **dict.fromkeys(_INSTITUTION, Owner.INSTITUTION),
    **dict.fromkeys(_TI, Owner.TI),
    **dict.fromkeys(_RECORD, Owner.RECORD),
}
"""Who has to act; whoever looks after the node where nobody else is named."""


def step_name(finding: Finding, language: Language) -> str:
    """The step, and the record system where there are several."""
    name = _TABLES[language].STEPS[finding.step]
    return f"{name} ({finding.subject})" if finding.subject else name


def verdict_name(finding: Finding, language: Language) -> str:
    """How it ended."""
    return _TABLES[language].VERDICTS[finding.verdict]


def evidence(finding: Finding, language: Language) -> str:
    """What stands beside the verdict: until when, and what exactly; of what was not looked at, because of what."""
    table = _TABLES[language]
    if finding.verdict is Verdict.UNSEEN:
        return table.UNSEEN.format(earlier=table.STEPS[Step(finding.detail)])
    until = table.UNTIL.format(day=day(finding.until, language)) if finding.until else ""
    return ", ".join(filter(None, (until, finding.detail)))


def told(finding: Finding, language: Language) -> Told:
    """What is wrong, whose it is, what to do. Only of what warns or fails."""
    if finding.reason is None:
        raise ValueError("there is nothing to tell of it")
    table = _TABLES[language]
    cause, next_step = table.SENTENCES[finding.reason]
    values = {"until": day(finding.until, language), "subject": finding.subject}
    owner = OWNERS[finding.reason]
    return Told(step_name(finding, language), cause.format(**values), owner, next_step.format(**values))


def day(at: datetime | None, language: Language) -> str:
    """A day where this machine stands."""
    return at.astimezone().strftime(_DAYS[language]) if at else "–"
