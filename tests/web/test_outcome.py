from __future__ import annotations

import json

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from linkexchange.errors import Denied, Fault, HubUnavailable, LinkWithdrawn, MessageFault, UnknownParticipant
from linkexchange.web.outcome import MEDIA_TYPE, SYSTEM, outcome

TRACE = "9b2f4a0e-5f0a-4a77-9a3f-0c8a5d6e7f80"


@pytest.mark.parametrize(
    ("fault", "status", "issue"),
    [
        (Denied("link-expired"), 403, "forbidden"),
        (UnknownParticipant(), 404, "not-found"),
        (LinkWithdrawn(), 410, "deleted"),
        (MessageFault("request"), 422, "invalid"),
        (HubUnavailable(), 503, "transient"),
    ],
    ids=lambda value: value.code if isinstance(value, Fault) else str(value),
)
def test_a_fault_on_a_fhir_route_is_an_operation_outcome(fault: Fault, status: int, issue: str) -> None:
    answer = outcome(fault, TRACE)
    read = OperationOutcome.model_validate_json(bytes(answer.body))
    (said,) = read.issue
    (coding,) = said.details.coding
    assert (answer.status_code, answer.media_type) == (status, MEDIA_TYPE)
    assert (said.severity, said.code, coding.system, coding.code) == ("error", issue, SYSTEM, fault.code)
    assert read.id == TRACE


def test_the_detail_of_a_refusal_is_told_and_that_of_what_does_not_work_is_not() -> None:
    told = [json.loads(bytes(outcome(kind("place"), TRACE).body)) for kind in (Denied, HubUnavailable)]
    assert ["place" in one["issue"][0]["diagnostics"] for one in told] == [True, False]


def test_what_may_work_later_says_when_to_ask_again() -> None:
    assert outcome(HubUnavailable(), TRACE).headers["retry-after"] == "10"
