from __future__ import annotations

from datetime import timedelta

import pytest
from epa_bench import AGENT, KVNR, Exchanges, answering, broken, line, rest
from shared_data import shared

from ti_adapter.epa import (
    Advice,
    ConsentDecision,
    Decision,
    EpaCode,
    EpaMalformed,
    EpaRefused,
    EpaSilent,
    Kvnr,
    RecordState,
    UserAgent,
    consent_decisions,
    record_state,
)
from ti_adapter.epa.information import EHR
from ti_adapter.simulator.epa import Records, SimulatedRecord, create_app


def record(**values: object) -> Records:
    return Records({KVNR.value: SimulatedRecord(**values)})  # type: ignore[arg-type]


@pytest.mark.parametrize("state", RecordState)
def test_each_state_of_a_record_is_told(state: RecordState) -> None:
    assert record_state(rest(create_app(record(state=state))), KVNR) is state


def test_a_record_that_never_was_here_is_not_here() -> None:
    assert record_state(rest(create_app(Records())), KVNR) is RecordState.UNKNOWN


def test_decisions_come_in_the_order_of_the_record_system() -> None:
    decided = {"medication": Decision.DENY, "erp-submission": Decision.PERMIT}
    assert consent_decisions(rest(create_app(record(decisions=decided))), KVNR) == (
        ConsentDecision("medication", Decision.DENY),
        ConsentDecision("erp-submission", Decision.PERMIT),
    )


@pytest.mark.parametrize("state", [RecordState.UNKNOWN, RecordState.SUSPENDED])
def test_decisions_of_a_record_that_cannot_be_used_are_refused_by_code(state: RecordState) -> None:
    with pytest.raises(EpaRefused) as refused:
        consent_decisions(rest(create_app(record(state=state))), KVNR)
    assert (refused.value.code, refused.value.advice, refused.value.retry_after) == {
        RecordState.UNKNOWN: (EpaCode.NO_HEALTH_RECORD, Advice.LOCATE, None),
        RecordState.SUSPENDED: (EpaCode.STATUS_MISMATCH, Advice.WAIT, timedelta(hours=24)),
    }[state]


def test_the_number_of_the_insured_travels_in_its_header_and_nowhere_else() -> None:
    exchanges = Exchanges()
    record_state(rest(create_app(record()), exchanges), KVNR)
    (request,) = exchanges.requests
    assert [name for name, value in request.headers.items() if KVNR.value in value] == ["x-insurantid"]
    assert (request.url.path, KVNR.value in str(request.url), request.content) == (EHR, False, b"")


def test_the_number_of_the_insured_shows_in_no_text() -> None:
    with pytest.raises(EpaRefused) as refused:
        consent_decisions(answering(404, f'{{"errorCode":"{KVNR.value}","errorDetail":"{KVNR.value}"}}'.encode()), KVNR)
    assert KVNR.value not in f"{refused.value} {refused.value!r} {KVNR!r}"
    assert refused.value.code is EpaCode.UNKNOWN


@pytest.mark.parametrize("kvnr", ["a123456780", "A12345678", "A1234567800", "A12345678٣", "A123456780\n", ""])
def test_what_is_no_number_of_an_insured_is_never_sent(kvnr: str) -> None:
    with pytest.raises(ValueError, match="KVNR"):
        Kvnr(kvnr)


@pytest.mark.parametrize("agent", ["ABC", "ABC/", "/1", "A" * 21 + "/1", "A/" + "1" * 16, "A_B/1", "A/1\r\nx: y"])
def test_what_is_no_user_agent_is_never_sent(agent: str) -> None:
    with pytest.raises(ValueError, match="user agent"):
        UserAgent(agent)


@pytest.mark.parametrize("agent", ["A/1", "A-b-1/2.1.12-45", AGENT.value])
def test_a_user_agent_of_the_old_and_of_the_new_form_is_taken(agent: str) -> None:
    assert UserAgent(agent).value == agent


@pytest.mark.parametrize("status", [500, 502, 503])
def test_F20_a_record_system_that_cannot_answer_is_silent(status: int) -> None:  # noqa: N802
    with pytest.raises(EpaSilent):
        record_state(answering(status, b"<html>"), KVNR)


def test_F20_a_line_that_breaks_is_silence(  # noqa: N802
) -> None:
    with pytest.raises(EpaSilent):
        record_state(broken(), KVNR)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errorCode":7}', b'{"errorCode":"noResource"}'])
def test_a_404_without_its_code_says_nothing_about_a_record(body: bytes) -> None:
    with pytest.raises(EpaRefused):
        record_state(answering(404, body), KVNR)


@pytest.mark.parametrize("status", [200, 201, 302])
def test_another_success_than_the_one_of_the_definition_is_malformed(status: int) -> None:
    with pytest.raises(EpaMalformed, match="status"):
        record_state(answering(status, Location="https://other.example"), KVNR)


MALFORMED = {
    "no JSON": (b"<html>", "body"),
    "nested without end": (b"[" * 100_000, "body"),
    "a list": (b"[]", "body"),
    "a key twice": (b'{"data":[],"data":[]}', "body"),
    "no data": (b"{}", "data"),
    "no list": (b'{"data":{}}', "data"),
    "no object": (b'{"data":["medication"]}', "decision"),
    "another decision": (b'{"data":[{"functionId":"medication","decision":"maybe"}]}', "decision"),
    "no function": (b'{"data":[{"decision":"deny"}]}', "decision"),
    "too much": (b" " * 300_000, "size"),
}


@pytest.mark.parametrize(("body", "what"), MALFORMED.values(), ids=MALFORMED)
def test_decisions_that_are_not_as_the_definition_says_are_malformed(body: bytes, what: str) -> None:
    with pytest.raises(EpaMalformed, match=what):
        consent_decisions(answering(200, body), KVNR)


def test_a_compressed_answer_that_nobody_asked_for_is_not_unpacked() -> None:
    with pytest.raises(EpaMalformed, match="content-encoding"):
        consent_decisions(answering(200, b"x", **{"Content-Encoding": "gzip"}), KVNR)


WRONG = {
    "no user agent": {"x-insurantid": KVNR.value},
    "another user agent": {"x-insurantid": KVNR.value, "x-useragent": "nobody"},
    "no number": {"x-useragent": AGENT.value},
    "another number": {"x-useragent": AGENT.value, "x-insurantid": "A1"},
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
def test_the_simulated_service_refuses_wrong_headers_as_the_definition_says(headers: dict[str, str]) -> None:
    shared("data", "gematik", "openapi")
    exchanges = Exchanges()
    answer = line(create_app(record()), exchanges).get(EHR, headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "malformedRequest")
    exchanges.check("information-client.yaml", wrong_requests=True)


def test_the_simulated_service_refuses_a_number_in_the_url() -> None:
    headers = {"x-useragent": AGENT.value, "x-insurantid": KVNR.value}
    assert line(create_app(record())).get(f"{EHR}?insurantid={KVNR.value}", headers=headers).status_code == 400


def test_requests_and_answers_are_as_gematiks_openapi_says() -> None:
    shared("data", "gematik", "openapi")
    exchanges, records = Exchanges(), record(decisions={"medication": Decision.DENY})
    asking = rest(create_app(records), exchanges)
    consent_decisions(asking, KVNR)
    for state in RecordState:
        records.by_kvnr[KVNR.value].state = state
        record_state(asking, KVNR)
    records.is_down = True
    with pytest.raises(EpaSilent):
        record_state(asking, KVNR)
    assert [it.status_code for it in exchanges.responses] == [200, 204, 404, 409, 500]
    exchanges.check("information-client.yaml")


def test_what_is_not_as_the_definition_says_is_noticed() -> None:
    shared("data", "gematik", "openapi")
    exchanges = Exchanges()
    record_state(rest(create_app(record()), exchanges), KVNR)
    del exchanges.requests[0].headers["x-insurantid"]
    with pytest.raises(AssertionError, match="x-insurantid"):
        exchanges.check("information-client.yaml")
