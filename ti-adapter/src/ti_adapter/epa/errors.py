"""What the REST services of a record system can answer by: their error codes, and what is to be done about each."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from ti_adapter.errors import TiError


class EpaCode(StrEnum):
    """`errorCode` of an answer, spelled as gematik's OpenAPI spells it."""

    MALFORMED_REQUEST = "malformedRequest"
    NOT_ENTITLED = "notEntitled"
    INVALID_AUTH = "invalAuth"
    INVALID_OID = "invalidOid"
    INVALID_TOKEN = "invalidToken"  # noqa: S105
    TOKEN_REUSE = "tokenReuse"  # noqa: S105
    NO_HEALTH_RECORD = "noHealthRecord"
    NO_RESOURCE = "noResource"
    NOT_FOUND = "notFound"
    NOT_ACCEPTABLE = "notAcceptable"
    UNKNOWN_SEARCH_PARAMETER = "unknownSearchParameter"
    STATUS_MISMATCH = "statusMismatch"
    REQUEST_MISMATCH = "requestMismatch"
    RESOURCE_MISMATCH = "resourceMismatch"
    HCV_MISSING = "hcvMissing"
    LOCKED = "locked"
    INTERNAL_ERROR = "internalError"
    UNKNOWN = "unknown"
    """A code that no OpenAPI names, or none at all; never sent."""


class Advice(StrEnum):
    """What helps after a refusal; one for each code of each service."""

    REPORT = "report-a-fault-of-this-software"
    LOG_IN = "log-in-anew"
    READ_CARD = "read-the-insurance-card-anew"
    SEND_HCV = "send-the-hash-check-value"
    OTHER_ROLE = "this-kind-of-institution-may-not"
    LOCATE = "ask-all-record-systems-where-the-record-is"
    PATIENT = "the-patient-has-blocked-this-institution"
    WAIT = "wait"
    ASK_SUPPORT = "ask-the-operator-of-the-record-system"
    SEARCH = "search-again"


_COMMON: dict[EpaCode, Advice] = {
    EpaCode.MALFORMED_REQUEST: Advice.REPORT,
    EpaCode.NOT_ENTITLED: Advice.READ_CARD,
    EpaCode.INVALID_AUTH: Advice.LOG_IN,
    EpaCode.INVALID_OID: Advice.OTHER_ROLE,
    EpaCode.INVALID_TOKEN: Advice.READ_CARD,
    EpaCode.TOKEN_REUSE: Advice.READ_CARD,
    EpaCode.NO_HEALTH_RECORD: Advice.LOCATE,
    EpaCode.NO_RESOURCE: Advice.ASK_SUPPORT,
    EpaCode.NOT_FOUND: Advice.SEARCH,
    EpaCode.NOT_ACCEPTABLE: Advice.REPORT,
    EpaCode.UNKNOWN_SEARCH_PARAMETER: Advice.REPORT,
    EpaCode.STATUS_MISMATCH: Advice.WAIT,
    EpaCode.REQUEST_MISMATCH: Advice.PATIENT,
    EpaCode.RESOURCE_MISMATCH: Advice.ASK_SUPPORT,
    EpaCode.HCV_MISSING: Advice.SEND_HCV,
    EpaCode.LOCKED: Advice.WAIT,
    EpaCode.INTERNAL_ERROR: Advice.WAIT,
    EpaCode.UNKNOWN: Advice.ASK_SUPPORT,
}

_WAITS: dict[EpaCode, timedelta] = {
    EpaCode.STATUS_MISMATCH: timedelta(hours=24),
    EpaCode.LOCKED: timedelta(hours=1),
    EpaCode.INTERNAL_ERROR: timedelta(minutes=10),
}
"""As the OpenAPI suggests; the failed checks behind `locked` are counted by the hour."""


class EpaRefused(TiError):
    """A record system says no: the status and the code of its answer, never its `errorDetail`.

    Asking again before `retry_after` is over, where there is one, or without doing as `advice` says, changes nothing.
    """

    advices: ClassVar[dict[EpaCode, Advice]] = _COMMON

    def __init__(self, status: int, code: EpaCode) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code

    @property
    def advice(self) -> Advice:
        """What helps."""
        return self.advices[self.code]

    @property
    def retry_after(self) -> timedelta | None:
        """How long to wait, where waiting is what helps."""
        return _WAITS[self.code] if self.advice is Advice.WAIT else None

    def __str__(self) -> str:
        return f"record system: {self.status} {self.code}"


class EpaSilent(TiError):
    """A record system does not answer, or says that it cannot (5xx); the suggested wait is `RETRY_AFTER`."""

    RETRY_AFTER: ClassVar[timedelta] = _WAITS[EpaCode.INTERNAL_ERROR]


class EpaMalformed(TiError):
    """An answer is not as the OpenAPI says; `what` names the part that is wrong, never its content."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
