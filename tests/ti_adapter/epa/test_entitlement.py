from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from epa_bench import KVNR, answering, openapi
from epa_login import NOW, OTHER, PRAXIS, CountingCard, Login, card_of, pki
from hypothesis import given
from hypothesis import strategies as st
from shared_data import shared

from ti_adapter.epa import (
    Advice,
    CardProof,
    EpaCode,
    EpaMalformed,
    EpaRefused,
    HcvEncoding,
    RecordState,
    card_token,
    entitle,
    hash_check_value,
)
from ti_adapter.epa.entitlement import ENTITLEMENTS
from ti_adapter.simulator.epa import Records, SimulatedRecord, VsdmService
from ti_adapter.simulator.shape import SimulatedInstitution

pytestmark = pytest.mark.slow

HCV = hash_check_value("20190212", " Musterstraße 1 ")
PHARMACY = SimulatedInstitution("3-1.1", "Apotheke", ("1.2.276.0.76.4.54",))
INSURED = SimulatedInstitution("1-20.9", "Niemand", ("1.2.276.0.76.4.49",))


def logged_in(institution: SimulatedInstitution = PRAXIS, state: RecordState = RecordState.ACTIVATED) -> Login:
    login = Login(Records({KVNR.value: SimulatedRecord(state)}))
    nonce = login.sessions.issue_nonce(login.channel.key_id, NOW)
    login.codes["code"] = institution.telematik_id
    attest = card_token.sign(card_of(institution), {"nonce": nonce}, NOW)
    login.sessions.log_in(login.channel.key_id, "code", attest, NOW)
    return login


def proof(login: Login, kvnr: str = KVNR.value, moment: datetime = NOW, hcv: bytes = HCV) -> CardProof:
    return CardProof(login.entitlements.vsdm.version_2(kvnr, moment, hcv), hcv)


def refusal(login: Login, given_proof: CardProof, institution: SimulatedInstitution = PRAXIS) -> EpaRefused:
    with pytest.raises(EpaRefused) as refused:
        entitle(login.rest, KVNR, card_of(institution), given_proof, login.now)
    return refused.value


def test_the_hash_check_value_is_five_bytes_of_the_digest_with_its_top_bit_cleared() -> None:
    digest = hashlib.sha256("20190212Musterstraße 1".encode("iso-8859-15")).digest()
    assert hash_check_value("2019 0212", "  Musterstraße 1 ") == bytes([digest[0] & 0x7F]) + digest[1:5]
    assert hash_check_value("20190212", None) == hash_check_value("20190212", " ")


def test_a_street_that_the_card_cannot_hold_is_refused_without_being_told() -> None:
    with pytest.raises(ValueError, match="character") as wrong:
        hash_check_value("20190212", "Улица 1")
    assert "Улица" not in str(wrong.value)


def test_an_entitlement_of_a_practice_ends_with_its_ninetieth_day() -> None:
    login, card = logged_in(), CountingCard(card_of(PRAXIS))
    valid_to = entitle(login.rest, KVNR, card, proof(login), NOW)
    assert valid_to == datetime(2026, 5, 29, 21, 59, 59, tzinfo=UTC)
    assert (login.records.by_kvnr[KVNR.value].entitled, card.signatures) == ({PRAXIS.telematik_id: valid_to}, 1)


def test_an_entitlement_of_a_pharmacy_ends_with_its_third_day() -> None:
    login = logged_in(PHARMACY)
    valid_to = entitle(login.rest, KVNR, card_of(PHARMACY), proof(login), NOW)
    assert valid_to == datetime(2026, 3, 3, 22, 59, 59, tzinfo=UTC)


def test_a_longer_entitlement_is_kept() -> None:
    login, longer = logged_in(), NOW + timedelta(days=365)
    login.records.by_kvnr[KVNR.value].entitled[PRAXIS.telematik_id] = longer
    assert entitle(login.rest, KVNR, card_of(PRAXIS), proof(login), NOW) == longer


def test_the_old_pruefziffer_is_enough_where_no_hash_is_wanted() -> None:
    login = logged_in()
    login.entitlements.is_hcv_enforced = False
    old = CardProof(login.entitlements.vsdm.version_1(KVNR.value, NOW), None)
    assert entitle(login.rest, KVNR, card_of(PRAXIS), old, NOW) > NOW


@pytest.mark.parametrize("encoding", HcvEncoding)
def test_how_the_hash_is_written_can_be_chosen(encoding: HcvEncoding) -> None:
    login = logged_in()
    login.entitlements.encoding = encoding
    assert entitle(login.rest, KVNR, card_of(PRAXIS), proof(login), NOW, encoding=encoding) > NOW
    other = HcvEncoding.HEX if encoding is HcvEncoding.BASE64 else HcvEncoding.BASE64
    with pytest.raises(EpaRefused, match="invalidToken"):
        entitle(login.rest, KVNR, card_of(PRAXIS), proof(login), NOW, encoding=other)


def test_the_number_of_the_insured_is_in_its_header_and_inside_the_sealed_proof_only() -> None:
    login = logged_in()
    entitle(login.rest, KVNR, card_of(PRAXIS), proof(login), NOW)
    request = login.exchanges.requests[-1]
    assert [name for name, value in request.headers.items() if KVNR.value in value] == ["x-insurantid"]
    assert KVNR.value.encode() not in request.content
    assert KVNR.value not in repr(proof(login)) + str(request.url)


def test_a_role_that_may_not_is_refused() -> None:
    login = logged_in(INSURED)
    refused = refusal(login, proof(login), INSURED)
    assert (refused.code, refused.advice, refused.retry_after) == (EpaCode.INVALID_OID, Advice.OTHER_ROLE, None)


def test_without_a_login_it_is_refused() -> None:
    login = logged_in()
    login.sessions.close()
    refused = refusal(login, proof(login))
    assert (refused.status, refused.code, refused.advice) == (403, EpaCode.INVALID_AUTH, Advice.LOG_IN)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RecordState.UNKNOWN, (404, EpaCode.NO_HEALTH_RECORD, Advice.LOCATE)),
        (RecordState.SUSPENDED, (409, EpaCode.STATUS_MISMATCH, Advice.WAIT)),
    ],
)
def test_a_record_that_cannot_be_used_is_refused(state: RecordState, expected: tuple[int, EpaCode, Advice]) -> None:
    login = logged_in(state=state)
    refused = refusal(login, proof(login))
    assert (refused.status, refused.code, refused.advice) == expected


def test_a_patient_who_has_blocked_the_institution_is_heard() -> None:
    login = logged_in()
    login.records.by_kvnr[KVNR.value].blocked.add(PRAXIS.telematik_id)
    refused = refusal(login, proof(login))
    assert (refused.status, refused.code, refused.advice) == (409, EpaCode.REQUEST_MISMATCH, Advice.PATIENT)
    assert login.records.by_kvnr[KVNR.value].entitled == {}


def test_a_missing_hash_is_told_by_its_own_code() -> None:
    login = logged_in()
    refused = refusal(login, CardProof(proof(login).pruefziffer, None))
    assert (refused.status, refused.code, refused.advice) == (409, EpaCode.HCV_MISSING, Advice.SEND_HCV)


PROVING_NOTHING = {
    "of another service": lambda it: CardProof(VsdmService().version_2(KVNR.value, NOW, HCV), HCV),
    "of another operator": lambda it: CardProof(
        VsdmService(it.entitlements.vsdm.key, "Y").version_2(KVNR.value, NOW, HCV), HCV
    ),
    "of the old kind, of another service": lambda it: CardProof(VsdmService().version_1(KVNR.value, NOW), HCV),
    "too old": lambda it: proof(it, moment=NOW - timedelta(minutes=20, seconds=8)),
    "of tomorrow": lambda it: proof(it, moment=NOW + timedelta(days=1)),
    "of another insured": lambda it: proof(it, kvnr="A123456789"),
    "another hash": lambda it: CardProof(proof(it).pruefziffer, bytes(5)),
    "no hash inside": lambda it: CardProof(it.entitlements.vsdm.version_1(KVNR.value, NOW), HCV),
    "empty": lambda it: CardProof(b"", HCV),
}


@pytest.mark.parametrize("kind", PROVING_NOTHING)
def test_a_proof_that_proves_nothing_is_refused(kind: str) -> None:
    login = logged_in()
    refused = refusal(login, PROVING_NOTHING[kind](login))
    assert (refused.status, refused.code, refused.advice) == (403, EpaCode.INVALID_TOKEN, Advice.READ_CARD)


def test_a_token_of_another_institution_is_refused() -> None:
    login = logged_in()
    assert refusal(login, proof(login), OTHER).code is EpaCode.INVALID_TOKEN


def test_a_token_of_another_pki_or_time_or_form_is_refused() -> None:
    login = logged_in()
    claims = {"auditEvidence": base64.b64encode(proof(login).pruefziffer).decode(), "hcv": HCV.hex()}
    foreign = type(pki()).generate(NOW).card(PRAXIS)
    tokens = [
        card_token.sign(foreign, claims, NOW),
        card_token.sign(card_of(PRAXIS), claims, NOW - timedelta(seconds=1215)),
        card_token.sign(card_of(PRAXIS), {**claims, "more": "1"}, NOW),
        card_token.sign(card_of(PRAXIS), {}, NOW),
        "a.b.c",
    ]
    for token in tokens:
        with pytest.raises(EpaRefused, match="invalidToken"):
            login.rest.post(ENTITLEMENTS, {"jwt": token}, kvnr=KVNR)


@pytest.mark.parametrize("kind", ["of another insured", "another hash"])
def test_after_five_failed_checks_an_institution_waits_for_an_hour(kind: str) -> None:
    login = logged_in()
    for _ in range(5):
        assert refusal(login, PROVING_NOTHING[kind](login)).code is EpaCode.INVALID_TOKEN
    refused = refusal(login, proof(login))
    assert (refused.status, refused.code, refused.advice) == (423, EpaCode.LOCKED, Advice.WAIT)
    assert refused.retry_after == timedelta(hours=1)
    login.now = NOW + timedelta(hours=1)
    assert entitle(login.rest, KVNR, card_of(PRAXIS), proof(login, moment=login.now), login.now) > NOW


@pytest.mark.parametrize("valid_to", ["7", '"soon"', '"2026-05-29"', '"2026-05-29T23:59:59"', "null"])
def test_an_end_without_day_time_or_zone_is_malformed(valid_to: str) -> None:
    with pytest.raises(EpaMalformed, match="validTo"):
        entitle(answering(201, b'{"validTo":%s}' % valid_to.encode()), KVNR, card_of(PRAXIS), CardProof(b"", None), NOW)


@given(
    kvnr=st.from_regex(r"[A-Z][0-9]{9}", fullmatch=True),
    seconds=st.integers(0, 2**26),
    hcv=st.binary(min_size=5, max_size=5),
    at=st.integers(0, 46),
    bit=st.integers(0, 7),
)
def test_a_pruefziffer_reads_as_it_was_made_and_a_flipped_bit_is_refused(
    kvnr: str, seconds: int, hcv: bytes, at: int, bit: int
) -> None:
    vsdm, moment = VsdmService(bytes(32)), datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    first, second = vsdm.version_1(kvnr, moment), vsdm.version_2(kvnr, moment, hcv)
    assert (len(first), len(second)) == (47, 47)
    assert (vsdm.read(first).kvnr, vsdm.read(first).moment) == (kvnr, moment)
    read = vsdm.read(second)
    assert (read.kvnr, read.hcv, timedelta() <= moment - read.moment < timedelta(seconds=8)) == (kvnr, hcv, True)
    for whole in (first, second):
        with pytest.raises(ValueError, match="not of this service"):
            vsdm.read(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])


def test_the_token_has_the_shape_of_gematiks_example() -> None:
    shared("data", "gematik", "openapi")
    example = openapi("entitlement-client.yaml")["components"]["examples"]["Set_SingleEntitlement"]["value"]["jwt"]
    login = logged_in()
    entitle(login.rest, KVNR, card_of(PRAXIS), proof(login), NOW)
    ours = json.loads(login.exchanges.requests[-1].content)["jwt"]
    theirs_header, theirs, ours_header, our_claims = (claims(it, at) for it in (example, ours) for at in (0, 1))
    assert ours_header.keys() == theirs_header.keys()
    assert {name: len(str(value)) for name, value in our_claims.items()} == {
        name: len(str(value)) for name, value in theirs.items()
    }


def claims(token: str, index: int) -> dict[str, object]:
    part = token.split(".")[index]
    loaded: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return loaded


def test_requests_and_answers_are_as_gematiks_openapi_says() -> None:
    shared("data", "gematik", "openapi")
    login = logged_in()
    entitle(login.rest, KVNR, card_of(PRAXIS), proof(login), NOW)
    refusal(login, CardProof(b"", HCV))
    refusal(login, CardProof(proof(login).pruefziffer, None))
    for _ in range(6):
        refusal(login, PROVING_NOTHING["another hash"](login))
    login.records.by_kvnr.clear()
    refusal(login, proof(login))
    with pytest.raises(EpaRefused, match="malformedRequest"):
        login.rest.post(ENTITLEMENTS, {"jwt": 1}, kvnr=KVNR)
    statuses = [it.status_code for it in login.exchanges.responses]
    assert statuses == [201, 403, 409, *[403] * 5, 423, 404, 400]
    login.exchanges.responses.pop()
    login.exchanges.check("entitlement-client.yaml")
