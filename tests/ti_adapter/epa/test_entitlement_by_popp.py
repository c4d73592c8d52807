"""SetEntitlementPsV2: our client and the simulated service."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from epa_bench import AGENT, KVNR, ORIGIN, answering
from epa_login import NOW, OTHER, PRAXIS, Login, card_of, popp_service

from ti_adapter import compact
from ti_adapter.epa import (
    Advice,
    EpaCode,
    EpaMalformed,
    EpaRefused,
    EpaSilent,
    Kvnr,
    PoppRequest,
    RecordState,
    Rest,
    card_token,
    entitle_by_popp,
)
from ti_adapter.epa.entitlement import POPP_REQUEST
from ti_adapter.popp import PoppRefused, Reason
from ti_adapter.simulator.epa import Records, SimulatedRecord
from ti_adapter.simulator.popp import KID, sign
from ti_adapter.simulator.shape import SimulatedInstitution

pytestmark = pytest.mark.slow

ROLE = PRAXIS.profession_oids[0]
STRANGER = Kvnr("A123456789")
PHARMACY = SimulatedInstitution("3-1.1", "Apotheke", ("1.2.276.0.76.4.54",))
INSURED = SimulatedInstitution("1-20.9", "Niemand", ("1.2.276.0.76.4.49",))
POPP = popp_service()


def logged_in(institution: SimulatedInstitution = PRAXIS, state: RecordState = RecordState.ACTIVATED) -> Login:
    login = Login(Records({KVNR.value: SimulatedRecord(state), STRANGER.value: SimulatedRecord()}))
    nonce = login.sessions.issue_nonce(login.channel.key_id, NOW)
    login.codes["code"] = institution.telematik_id
    attest = card_token.sign(card_of(institution), {"nonce": nonce}, NOW)
    login.sessions.log_in(login.channel.key_id, "code", attest, NOW)
    return login


def claims(now: datetime = NOW, institution: SimulatedInstitution = PRAXIS, **change: object) -> dict[str, object]:
    usual = POPP.claims(KVNR.value, institution.telematik_id, institution.profession_oids[0], now)
    return {**usual, **change}


def refusal(login: Login, token: str, kvnr: Kvnr = KVNR) -> EpaRefused:
    """What the service says to a token that our client might not even send."""
    with pytest.raises(EpaRefused) as refused:
        login.rest.post(POPP_REQUEST.path, {POPP_REQUEST.name: token}, kvnr=kvnr)
    return refused.value


def test_an_entitlement_of_a_practice_ends_with_its_ninetieth_day_and_costs_no_signature() -> None:
    login = logged_in()
    valid_to = entitle_by_popp(login.rest, KVNR, POPP.token(claims()))
    assert valid_to == datetime(2026, 5, 29, 21, 59, 59, tzinfo=UTC)
    assert login.records.by_kvnr[KVNR.value].entitled == {PRAXIS.telematik_id: valid_to}


def test_an_entitlement_of_a_pharmacy_ends_with_its_third_day() -> None:
    valid_to = entitle_by_popp(logged_in(PHARMACY).rest, KVNR, POPP.token(claims(institution=PHARMACY)))
    assert valid_to == datetime(2026, 3, 3, 22, 59, 59, tzinfo=UTC)


def test_a_longer_entitlement_is_kept() -> None:
    login, longer = logged_in(), NOW + timedelta(days=365)
    login.records.by_kvnr[KVNR.value].entitled[PRAXIS.telematik_id] = longer
    assert entitle_by_popp(login.rest, KVNR, POPP.token(claims())) == longer


def test_the_token_goes_as_it_came_and_the_number_of_the_insured_stands_in_no_address() -> None:
    login, token = logged_in(), POPP.token(claims(), x5c=POPP.x5c)
    entitle_by_popp(login.rest, KVNR, token)
    request = login.exchanges.requests[-1]
    assert json.loads(request.content) == {"popp": token}
    assert request.url.path == "/epa/basic/api/v2/ps/entitlements"
    assert [name for name, value in request.headers.items() if KVNR.value in value] == ["x-insurantid"]
    assert "x-request-id" in request.headers


def test_where_the_token_goes_and_under_which_name_can_be_chosen() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201, stream=httpx.ByteStream(b'{"validTo":"2026-05-29T23:59:59+02:00"}'))

    rest = Rest(httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(answer)), AGENT)
    token = POPP.token(claims())
    entitle_by_popp(rest, KVNR, token, request=PoppRequest("/epa/basic/api/v3/entitlements", "poppToken"))
    assert (asked[0].url.path, json.loads(asked[0].content)) == ("/epa/basic/api/v3/entitlements", {"poppToken": token})


def test_what_is_no_token_or_another_patients_is_not_sent() -> None:
    login = logged_in()
    sent = len(login.exchanges.requests)
    for token, reason in (
        ("a.b.c", Reason.FORM),
        (POPP.token(claims(), alg="none"), Reason.ALGORITHM),
        (POPP.token(claims(patientId=STRANGER.value)), Reason.PATIENT),
    ):
        with pytest.raises(PoppRefused) as refused:
            entitle_by_popp(login.rest, KVNR, token)
        assert refused.value.reason is reason
        assert STRANGER.value not in str(refused.value)
    assert len(login.exchanges.requests) == sent


def test_A_27671_a_token_is_good_for_one_request() -> None:  # noqa: N802
    login, token = logged_in(), POPP.token(claims())
    entitle_by_popp(login.rest, KVNR, token)
    refused = refusal(login, token)
    assert (refused.status, refused.code, refused.advice) == (403, EpaCode.TOKEN_REUSE, Advice.READ_CARD)


def test_A_27671_a_token_that_was_refused_is_used_up_and_another_signature_is_no_other_token() -> None:  # noqa: N802
    login, token = logged_in(), POPP.token(claims())
    login.records.by_kvnr[KVNR.value].blocked.add(PRAXIS.telematik_id)
    assert refusal(login, token).code is EpaCode.REQUEST_MISMATCH
    login.records.by_kvnr[KVNR.value].blocked.clear()
    twin = sign(POPP.card.key, json.loads(compact.content_of(token.split(".")[0])), claims())
    assert twin.rpartition(".")[0] == token.rpartition(".")[0]
    assert [refusal(login, it).code for it in (token, twin)] == [EpaCode.TOKEN_REUSE] * 2


def test_a_forged_token_uses_up_none() -> None:
    login, token = logged_in(), POPP.token(claims())
    forged = f"{token.rpartition('.')[0]}.{compact.segment(bytes(64))}"
    assert refusal(login, forged).code is EpaCode.INVALID_TOKEN
    assert entitle_by_popp(login.rest, KVNR, token) > NOW


def another_key() -> str:
    return sign(
        generate_private_key(SECP256R1()), {"typ": "vnd.telematik.popp+jwt", "alg": "ES256", "kid": KID}, claims()
    )


FAULTS: dict[str, tuple[Callable[[], str], Reason]] = {
    "no token": (lambda: "a.b.c", Reason.FORM),
    "a token of another kind": (lambda: POPP.token(claims(), typ="JWT"), Reason.TYPE),
    "a token with its own key": (lambda: POPP.token(claims(), jku="https://evil.example"), Reason.HEADER),
    "no algorithm": (lambda: POPP.token(claims(), alg="none"), Reason.ALGORITHM),
    "a missing claim": (lambda: POPP.token(claims(insurerId=None)), Reason.CLAIMS),
    "another version": (lambda: POPP.token(claims(version="9")), Reason.VERSION),
    "another method": (lambda: POPP.token(claims(proofMethod="hearsay")), Reason.METHOD),
    "another name of the key": (lambda: POPP.token(claims(), kid="other"), Reason.KEY),
    "another key": (another_key, Reason.SIGNATURE),
    "another issuer": (lambda: POPP.token(claims(iss="https://evil.example")), Reason.ISSUER),
    "another institution": (lambda: POPP.token(claims(institution=OTHER)), Reason.ACTOR),
    "another role": (lambda: POPP.token(claims(actorProfessionOid="1.2.276.0.76.4.53")), Reason.PROFESSION),
    "another patient": (lambda: POPP.token(claims(patientId=STRANGER.value)), Reason.PATIENT),
    "of tomorrow": (lambda: POPP.token(claims(NOW + timedelta(days=1))), Reason.NOT_YET),
    "of yesterday": (lambda: POPP.token(claims(NOW - timedelta(days=1))), Reason.ISSUED_TOO_LONG_AGO),
    "proven after it was issued": (
        lambda: POPP.token(claims(patientProofTime=int(NOW.timestamp()) + 16)),
        Reason.PROOF_TIME,
    ),
    "proven yesterday": (
        lambda: POPP.token(claims(patientProofTime=int(NOW.timestamp()) - 86_400)),
        Reason.PROVEN_TOO_LONG_AGO,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_token_is_refused_for_its_own_reason_and_answered_like_any_other(name: str) -> None:
    make, reason = FAULTS[name]
    login = logged_in()
    refused = refusal(login, make())
    assert (refused.status, refused.code, refused.advice) == (403, EpaCode.INVALID_TOKEN, Advice.READ_CARD)
    assert login.records.by_kvnr[KVNR.value].entitled == {}
    who = login.sessions.logged_in(login.channel.key_id)
    with pytest.raises(EpaRefused) as inside:
        login.popp.entitle(who, KVNR.value, FAULTS[name][0]() if name == "another key" else fresh(make), NOW)
    cause = inside.value.__cause__
    assert isinstance(cause, PoppRefused)
    assert cause.reason is reason


def fresh(make: Callable[[], str]) -> str:
    """The same once more, as another token."""
    header, content, _ = make().split(".")
    try:
        said = {**json.loads(compact.content_of(content)), "jti": 1}
        return sign(POPP.card.key, json.loads(compact.content_of(header)), said)
    except ValueError:
        return make()


def test_without_a_login_and_without_a_record_and_with_a_wrong_role_it_is_refused() -> None:
    login = logged_in(INSURED)
    assert refusal(login, POPP.token(claims(institution=INSURED))).code is EpaCode.INVALID_OID
    login = logged_in(state=RecordState.SUSPENDED)
    assert refusal(login, POPP.token(claims())).code is EpaCode.STATUS_MISMATCH
    login.records.by_kvnr.clear()
    assert refusal(login, POPP.token(claims())).code is EpaCode.NO_HEALTH_RECORD
    login.sessions.close()
    assert refusal(login, POPP.token(claims())).code is EpaCode.INVALID_AUTH


def test_after_five_tokens_for_another_patient_an_institution_waits_for_an_hour() -> None:
    login = logged_in()
    for count in range(5):
        assert refusal(login, POPP.token(claims(patientId=STRANGER.value, jti=count))).code is EpaCode.INVALID_TOKEN
    refused = refusal(login, POPP.token(claims()))
    assert (refused.status, refused.code, refused.retry_after) == (423, EpaCode.LOCKED, timedelta(hours=1))
    login.now = NOW + timedelta(hours=1)
    assert entitle_by_popp(login.rest, KVNR, POPP.token(claims(login.now))) > NOW


@pytest.mark.parametrize("body", [{}, {"popp": 1}, {"jwt": "a.b.c"}])
def test_a_body_without_a_token_is_malformed(body: dict[str, object]) -> None:
    with pytest.raises(EpaRefused, match="malformedRequest"):
        logged_in().rest.post(POPP_REQUEST.path, body, kvnr=KVNR)


@pytest.mark.parametrize("number", [None, "", "7", "not-a-uuid"])
def test_a_request_without_its_number_is_malformed(number: str | None) -> None:
    login = logged_in()
    headers = {"x-useragent": AGENT.value, "x-insurantid": KVNR.value} | ({"x-request-id": number} if number else {})
    answer = login.rest.http.post(POPP_REQUEST.path, json={"popp": POPP.token(claims())}, headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "malformedRequest")


@pytest.mark.parametrize("said", ["7", '"soon"', '"2026-05-29"', "null"])
def test_an_end_without_day_time_or_zone_is_malformed(said: str) -> None:
    with pytest.raises(EpaMalformed, match="validTo"):
        entitle_by_popp(answering(201, b'{"validTo":%s}' % said.encode()), KVNR, POPP.token(claims()))


def test_F20_a_record_system_that_is_silent_is_silent() -> None:  # noqa: N802
    with pytest.raises(EpaSilent):
        entitle_by_popp(answering(503), KVNR, POPP.token(claims()))
