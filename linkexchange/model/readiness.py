"""Whether the chain to the Telematikinfrastruktur would carry tonight's pulls: what one walk along it has found.

Wire format: the JSON of `Readiness.to_json`, described in docs/reference/readiness.md. New keys, steps and reasons may
be added, and older readers pass over findings that name one; a key never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

VERSION = 1

TONIGHT = timedelta(hours=24)
"""What ends before the next walk ends too early."""
CERTIFICATE_SOON = timedelta(days=30)
TSL_SOON = timedelta(days=14)


class Step(StrEnum):
    """The links of the chain, in the order in which they are walked."""

    KONNEKTOR = "konnektor"
    CARD = "card"
    PIN = "pin"
    CARD_DATES = "card-dates"
    KONNEKTOR_DATES = "konnektor-dates"
    TSL = "tsl"
    CARD_TRUST = "card-trust"
    OCSP = "ocsp"
    IDP = "idp"
    INFORMATION = "information"
    VAU = "vau"
    LOGIN = "login"


class Verdict(StrEnum):
    """How a step ended."""

    WELL = "well"
    WARNS = "warns"
    """It holds tonight, and somebody has to act before it no longer does."""
    FAILS = "fails"
    """It would stop a pull tonight."""
    UNSEEN = "not looked at"
    """An earlier step has failed, without which nothing can be said of this one; it stands in the detail."""


class Reason(StrEnum):
    """Why a step warns or fails. `readiness_words` has the words for each."""

    KONNEKTOR_SILENT = "konnektor-silent"
    KONNEKTOR_TLS = "konnektor-tls"
    KONNEKTOR_NONE = "no-konnektor-answers"
    KONNEKTOR_ACCESS = "konnektor-access"
    KONNEKTOR_SERVICES = "konnektor-services"
    KONNEKTOR_CLEAR_TEXT = "konnektor-clear-text"
    KONNEKTOR_OTHER_HOST = "konnektor-other-host"
    KONNEKTOR_ANSWER = "konnektor-answer"
    KONNEKTOR_REQUEST = "konnektor-request"
    KONNEKTOR_CONFIGURATION = "konnektor-configuration"
    KONNEKTOR_BUSY = "konnektor-busy"
    KONNEKTOR_FAILED = "konnektor-failed"
    KONNEKTOR_EXPIRED = "konnektor-expired"
    KONNEKTOR_ENDS_TONIGHT = "konnektor-ends-tonight"
    KONNEKTOR_ENDS_SOON = "konnektor-ends-soon"
    KONNEKTOR_DATES_UNKNOWN = "konnektor-dates-unknown"

    CARD_MISSING = "card-missing"
    CARD_AMBIGUOUS = "card-ambiguous"
    CARD_UNUSABLE = "card-unusable"
    CARD_WITHOUT_CERTIFICATE = "card-without-certificate"
    CARD_SIGNATURE = "card-signature"
    PIN_NOT_VERIFIED = "pin-not-verified"
    PIN_TRANSPORT = "pin-transport"
    PIN_BLOCKED = "pin-blocked"
    CARD_EXPIRED = "card-expired"
    CARD_NOT_YET_VALID = "card-not-yet-valid"
    CARD_ENDS_TONIGHT = "card-ends-tonight"
    CARD_ENDS_SOON = "card-ends-soon"
    CARD_FOREIGN = "card-of-a-foreign-ca"
    CARD_OF_NO_INSTITUTION = "card-of-no-institution"
    CARD_OF_ANOTHER = "card-of-another-institution"
    CARD_REVOKED = "card-revoked"
    CARD_UNKNOWN = "card-unknown"

    TSL_SILENT = "tsl-silent"
    TSL_REFUSED = "tsl-refused"
    TSL_ANCHOR = "tsl-anchor"
    TSL_EXPIRED = "tsl-expired"
    TSL_ENDS_TONIGHT = "tsl-ends-tonight"
    TSL_ENDS_SOON = "tsl-ends-soon"
    TSL_WITHOUT_CA = "tsl-without-ca"
    OCSP_SILENT = "ocsp-silent"
    OCSP_REFUSED = "ocsp-refused"
    CLOCK = "clock"

    IDP_SILENT = "idp-silent"
    IDP_NOT_PROVEN = "idp-not-proven"
    IDP_REQUEST = "idp-request"
    IDP_REGISTRATION = "idp-registration"
    IDP_CARD = "idp-card"
    IDP_LATE = "idp-late"
    IDP_FAILED = "idp-failed"

    RECORD_SILENT = "record-silent"
    RECORD_ANSWER = "record-answer"
    RECORD_REFUSED = "record-refused"
    VAU_SILENT = "vau-silent"
    VAU_NOT_PROVEN = "vau-not-proven"
    VAU_REFUSED = "vau-refused"
    LOGIN_REFUSED = "login-refused"
    LOGIN_ROLE = "login-role"
    LOGIN_OTHER = "login-of-another-institution"
    LOGIN_ANSWER = "login-answer"


@dataclass(frozen=True, slots=True)
class Finding:
    """One step. `subject` names the record system where there are several, `until` is how long it holds.

    `detail` is what exactly was seen: codes and numbers of steps, never a name, a token or a key.
    """

    step: Step
    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    subject: str = ""
    until: datetime | None = None

    def __post_init__(self) -> None:
        if (self.verdict in {Verdict.WARNS, Verdict.FAILS}) != (self.reason is not None):
            raise ValueError("what warns or fails has a reason, and nothing else has")

    def to_json(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "step": self.step.value,
            "subject": self.subject,
            "verdict": self.verdict.value,
            "reason": self.reason and self.reason.value,
            "detail": self.detail,
            "until": self.until and self.until.isoformat(),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Read it back; raises ValueError or KeyError where a value is wrong or missing."""
        return cls(
            Step(row["step"]),
            Verdict(row["verdict"]),
            row["reason"] and Reason(row["reason"]),
            row["detail"],
            row["subject"],
            row["until"] and datetime.fromisoformat(row["until"]),
        )


@dataclass(frozen=True, slots=True)
class Readiness:
    """All that one walk has found, step by step."""

    findings: tuple[Finding, ...] = ()

    @property
    def blocks(self) -> tuple[Finding, ...]:
        """What would stop a pull tonight."""
        return tuple(it for it in self.findings if it.verdict is Verdict.FAILS)

    @property
    def warns(self) -> tuple[Finding, ...]:
        """What holds tonight, and not for long."""
        return tuple(it for it in self.findings if it.verdict is Verdict.WARNS)

    def to_json(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {"version": VERSION, "findings": [it.to_json() for it in self.findings]}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Read it back; raises ValueError or KeyError where a value is wrong, missing or of another version."""
        if row["version"] != VERSION:
            raise ValueError("not a version of readiness that is known here")
        return cls(tuple(Finding.from_json(it) for it in row["findings"] if _is_known(it)))


def _is_known(row: Mapping[str, Any]) -> bool:
    return row["step"] in set(Step) and row["reason"] in {None, *Reason}


@dataclass(frozen=True, slots=True)
class Walked:
    """A walk, when it ended, and since when an alarm stands; None where none does."""

    readiness: Readiness
    at: datetime
    alarm_since: datetime | None = None

    @classmethod
    def after(cls, before: Walked | None, readiness: Readiness, at: datetime) -> Walked:
        """The newest walk. An alarm that stood before and is not over stands since then."""
        stood = before.alarm_since if before else None
        return cls(readiness, at, (stood or at) if readiness.blocks else None)

    def is_news(self, before: Walked | None) -> bool:
        """Whether something blocks that did not before, or not for this reason."""
        known = _causes(before.readiness) if before else frozenset()
        return not _causes(self.readiness) <= known

    def is_over(self, before: Walked | None) -> bool:
        """Whether an alarm stood and stands no more."""
        return before is not None and before.alarm_since is not None and self.alarm_since is None


def _causes(readiness: Readiness) -> frozenset[tuple[Step, str, Reason | None]]:
    return frozenset((it.step, it.subject, it.reason) for it in readiness.blocks)


def is_due(last: Walked | None, now: datetime, hour: int) -> bool:
    """Whether the chain is to be walked: the hour has come since the last walk, an alarm stands, or there was none.

    The hour is one of the zone of `now`.
    """
    if last is None or last.alarm_since is not None:
        return True
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return last.at < (today if today <= now else today - timedelta(days=1))


def holds(until: datetime, now: datetime, soon: timedelta) -> Verdict:
    """What to say of something that ends."""
    if until < now + TONIGHT:
        return Verdict.FAILS
    return Verdict.WARNS if until < now + soon else Verdict.WELL
