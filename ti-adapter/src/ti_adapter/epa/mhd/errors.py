"""What the MHD Service says no by: an errorCode as the other services, or an OperationOutcome of FHIR."""

from __future__ import annotations

from typing import Final

from ti_adapter.epa.errors import EpaCode, EpaMalformed, EpaRefused
from ti_adapter.epa.rest import json_object, refusal_of
from ti_adapter.errors import TiError

ISSUES: Final = {
    "login": EpaCode.INVALID_AUTH,
    "expired": EpaCode.INVALID_AUTH,
    "unknown": EpaCode.INVALID_AUTH,
    "security": EpaCode.NOT_ENTITLED,
    "forbidden": EpaCode.NOT_ENTITLED,
    "suppressed": EpaCode.NOT_ENTITLED,
    "not-found": EpaCode.NOT_FOUND,
    "deleted": EpaCode.NOT_FOUND,
    "not-supported": EpaCode.UNKNOWN_SEARCH_PARAMETER,
    "code-invalid": EpaCode.UNKNOWN_SEARCH_PARAMETER,
    "invalid": EpaCode.MALFORMED_REQUEST,
    "structure": EpaCode.MALFORMED_REQUEST,
    "required": EpaCode.MALFORMED_REQUEST,
    "value": EpaCode.MALFORMED_REQUEST,
    "processing": EpaCode.MALFORMED_REQUEST,
    "conflict": EpaCode.STATUS_MISMATCH,
    "lock-error": EpaCode.LOCKED,
    "throttled": EpaCode.LOCKED,
}
"""What the codes of an issue (IssueType) mean here; which of them a record system uses is not certain."""

_EPA_CODES: Final = frozenset(one.value for one in EpaCode)


def refusal(status: int, body: bytes) -> TiError:
    """The error of an answer with a status that is not wanted. An issue's own code counts where the ePA has it."""
    error = refusal_of(status, body)
    if isinstance(error, EpaRefused) and error.code is EpaCode.UNKNOWN:
        return EpaRefused(status, _outcome(body))
    return error


def _outcome(body: bytes) -> EpaCode:
    try:
        said = json_object(body)
    except EpaMalformed:
        return EpaCode.UNKNOWN
    issues = said.get("issue") if said.get("resourceType") == "OperationOutcome" else None
    for issue in issues if isinstance(issues, list) else ():
        for code in _codes(issue):
            if code in ISSUES:
                return ISSUES[code]
            if code in _EPA_CODES:
                return EpaCode(code)
    return EpaCode.UNKNOWN


def _codes(issue: object) -> list[str]:
    """Of the details first, which say more."""
    match issue:
        case {"details": {"coding": list(codings)}, "code": str(code)}:
            named = [one.get("code") for one in codings if isinstance(one, dict)]
            return [*(one for one in named if isinstance(one, str)), code]
        case {"code": str(code)}:
            return [code]
        case _:
            return []
