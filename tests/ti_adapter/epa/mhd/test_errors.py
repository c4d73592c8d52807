"""What an answer says no by."""

from __future__ import annotations

import json

import pytest

from ti_adapter.epa import EpaCode, EpaMalformed, EpaRefused, EpaSilent
from ti_adapter.epa.mhd.errors import ISSUES, refusal

SECRET = "A123456780"


def outcome(code: object = "processing", *details: object, diagnostics: str = SECRET) -> bytes:
    issue: dict[str, object] = {"severity": "error", "code": code, "diagnostics": diagnostics}
    if details:
        issue["details"] = {"coding": [{"system": "x", "code": one} for one in details], "text": diagnostics}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()


def code(status: int, body: bytes) -> EpaCode:
    error = refusal(status, body)
    assert isinstance(error, EpaRefused)
    assert error.status == status
    assert SECRET not in str(error) + repr(error)
    return error.code


@pytest.mark.parametrize("issue", ISSUES)
def test_an_issue_is_told_by_its_code(issue: str) -> None:
    assert code(404, outcome(issue)) is ISSUES[issue]


@pytest.mark.parametrize("own", [it for it in EpaCode if it is not EpaCode.UNKNOWN])
def test_a_code_of_the_epa_counts_before_the_kind_of_the_issue(own: EpaCode) -> None:
    assert code(400, outcome("processing", own.value)) is own
    assert code(400, json.dumps({"errorCode": own.value, "errorDetail": SECRET}).encode()) is own


def test_details_that_nobody_knows_leave_the_kind_of_the_issue() -> None:
    assert code(400, outcome("not-found", "MSG_NO_MATCH", 7)) is EpaCode.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"resourceType":"OperationOutcome"}',
        b'{"resourceType":"OperationOutcome","issue":{}}',
        b'{"resourceType":"OperationOutcome","issue":[7,{},{"code":7}]}',
        b'{"resourceType":"Bundle","issue":[{"code":"forbidden"}]}',
        outcome("informational"),
        outcome(["forbidden"]),
    ],
)
def test_what_says_nothing_is_an_unknown_code(body: bytes) -> None:
    assert code(418, body) is EpaCode.UNKNOWN


def test_the_first_issue_that_is_known_counts() -> None:
    said = {"resourceType": "OperationOutcome", "issue": [{"code": "informational"}, {"code": "forbidden"}]}
    assert code(403, json.dumps(said).encode()) is EpaCode.NOT_ENTITLED


def test_other_statuses_are_no_refusals() -> None:
    assert isinstance(refusal(500, outcome("exception")), EpaSilent)
    assert isinstance(refusal(302, b""), EpaMalformed)
