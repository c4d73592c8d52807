"""I_Information_Service 1.3.0: is a record here, and what has the patient decided; without VAU and without login."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from ti_adapter.epa.errors import EpaCode, EpaMalformed, EpaRefused
from ti_adapter.epa.rest import Rest
from ti_adapter.epa.values import Kvnr

EHR = "/information/api/v1/ehr"
CONSENT_DECISIONS = f"{EHR}/consentdecisions"


class RecordState(StrEnum):
    """What a record system says of a record."""

    ACTIVATED = "activated"
    UNKNOWN = "unknown"
    """Not here, or not yet activated."""
    SUSPENDED = "suspended"
    """Here, and closed for the time being, as while it moves to another insurer's."""


class Decision(StrEnum):
    """What the patient has decided."""

    PERMIT = "permit"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class ConsentDecision:
    """The decision on one function of the record, such as `medication`; the list of functions is open."""

    function_id: str
    decision: Decision


_STATES = {
    (404, EpaCode.NO_HEALTH_RECORD): RecordState.UNKNOWN,
    (409, EpaCode.STATUS_MISMATCH): RecordState.SUSPENDED,
}


def record_state(rest: Rest, kvnr: Kvnr) -> RecordState:
    """GetRecordStatus. Raises as `Rest.get` does: a 404 without `noHealthRecord` says nothing about a record."""
    try:
        rest.get(EHR, kvnr=kvnr, wanted=HTTPStatus.NO_CONTENT)
    except EpaRefused as refused:
        state = _STATES.get((refused.status, refused.code))
        if state is None:
            raise
        return state
    return RecordState.ACTIVATED


def consent_decisions(rest: Rest, kvnr: Kvnr) -> tuple[ConsentDecision, ...]:
    """getConsentDecisionInformation: the decisions on processes of care. Raises as `Rest.get` does."""
    match rest.get(CONSENT_DECISIONS, kvnr=kvnr).json():
        case {"data": list(decisions)}:
            return tuple(_decision(it) for it in decisions)
        case _:
            raise EpaMalformed("data")


def _decision(said: object) -> ConsentDecision:
    match said:
        case {"functionId": str(function_id), "decision": "permit" | "deny" as decision}:
            return ConsentDecision(function_id, Decision(decision))
        case _:
            raise EpaMalformed("decision")
