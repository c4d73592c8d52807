"""Whether a PoPP token is signed by the PoPP service, and may be used here and now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, BrainpoolP256R1, generate_private_key
from epa_login import NOW, OTHER, PRAXIS, popp_service
from hypothesis import given
from hypothesis import strategies as st

from ti_adapter import compact, popp
from ti_adapter.pki import FD_SIG
from ti_adapter.popp import Expected, FindKey, PoppClaims, PoppRefused, Reason, Rules, accept, prove, read
from ti_adapter.simulator.popp import KID, SERVICE, SHAPE, SimulatedPopp, sign
from ti_adapter.simulator.shape import Shape

KVNR = "A123456780"
ROLE = PRAXIS.profession_oids[0]
SERVICE_1 = popp_service()
CLAIMS = SERVICE_1.claims(KVNR, PRAXIS.telematik_id, ROLE, NOW)
EXPECTED = Expected(SERVICE_1.issuer, PRAXIS.telematik_id, PRAXIS.profession_oids, KVNR)
HEADER = {"typ": "vnd.telematik.popp+jwt", "alg": "ES256", "kid": KID}
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def used(
    token: str,
    *,
    find_key: FindKey = SERVICE_1.named,
    expected: Expected = EXPECTED,
    now: datetime = NOW,
    rules: Rules | None = None,
) -> PoppClaims:
    rules = rules or Rules()
    return accept(prove(read(token), find_key, now, rules), expected, now, rules)


def refusal(token: str, **how: object) -> tuple[int, object]:
    with pytest.raises(PoppRefused) as refused:
        used(token, **how)  # type: ignore[arg-type]
    assert KVNR not in str(refused.value)
    return refused.value.step, refused.value.reason


def test_a_token_is_proven_by_the_name_of_its_key_or_by_its_certificate() -> None:
    token = SERVICE_1.token(CLAIMS, x5c=SERVICE_1.x5c)
    for find_key in (SERVICE_1.named, SERVICE_1.certified):
        assert used(token, find_key=find_key).patient_id == KVNR


def test_a_token_without_the_key_that_is_wanted_is_refused() -> None:
    assert refusal(SERVICE_1.token(CLAIMS, kid="another")) == (7, Reason.KEY)
    assert refusal(SERVICE_1.token(CLAIMS), find_key=SERVICE_1.certified) == (7, Reason.CERTIFICATE)


CERTIFICATES: dict[str, object] = {
    "none": [],
    "a text": "MII",
    "a number": [1],
    "no base64": ["!"],
    "no certificate": ["AAAA"],
    "that of an institution": SimulatedPopp(SERVICE_1.pki, SERVICE_1.pki.card(PRAXIS)).x5c,
    "that of another service": SimulatedPopp(
        SERVICE_1.pki, SERVICE_1.pki.card(replace(SERVICE, profession_oids=("1.2.276.0.76.4.293",)), SHAPE)
    ).x5c,
    "of two roles": SimulatedPopp(
        SERVICE_1.pki,
        SERVICE_1.pki.card(replace(SERVICE, profession_oids=(popp.ROLE_POPP_TOKEN, "1.2.276.0.76.4.293")), SHAPE),
    ).x5c,
    "of another type": SimulatedPopp(
        SERVICE_1.pki, SERVICE_1.pki.card(SERVICE, replace(SHAPE, policies=Shape().policies))
    ).x5c,
    "expired": SimulatedPopp(
        SERVICE_1.pki, SERVICE_1.pki.card(SERVICE, replace(SHAPE, ends=timedelta(seconds=-1)))
    ).x5c,
    "of a foreign PKI": SimulatedPopp.generate(NOW).x5c,
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_I01_a_certificate_that_proves_nothing_is_refused(name: str) -> None:  # noqa: N802
    token = SERVICE_1.token(CLAIMS, x5c=CERTIFICATES[name])
    assert refusal(token, find_key=SERVICE_1.certified) == (7, Reason.CERTIFICATE)


def test_the_type_of_the_certificate_is_a_parameter() -> None:
    other = SimulatedPopp(SERVICE_1.pki, SERVICE_1.pki.card(SERVICE, replace(SHAPE, policies=Shape().policies)))
    find_key = popp.certified(SERVICE_1.pki.trust, profile=replace(FD_SIG, policy=Shape().policies[0]))
    assert used(other.token(CLAIMS, x5c=other.x5c), find_key=find_key).patient_id == KVNR
    token = other.token(CLAIMS, x5c=other.x5c)
    assert refusal(token, find_key=SERVICE_1.certified) == (7, Reason.CERTIFICATE)


def test_I08_a_key_on_another_curve_is_refused_unless_it_is_allowed() -> None:  # noqa: N802
    key = generate_private_key(BrainpoolP256R1())
    token, find_key = sign(key, HEADER, CLAIMS), popp.named({KID: key.public_key()})
    assert refusal(token, find_key=find_key) == (7, Reason.CURVE)
    allowed = Rules(curves=(SECP256R1, BrainpoolP256R1))
    assert used(token, find_key=find_key, rules=allowed).patient_id == KVNR


def test_I08_a_signature_that_is_not_the_keys_is_refused() -> None:  # noqa: N802
    signed, _, signature = SERVICE_1.token(CLAIMS).rpartition(".")
    other = sign(generate_private_key(SECP256R1()), HEADER, CLAIMS)
    moved = f"{other.rpartition('.')[0]}.{signature}"
    assert used(moved).patient_id == KVNR
    wrong = [bytes(64), b"", bytes(63), compact.content_of(signature) + b"\0", b"\xff" * 64]
    for token in [other, *(f"{signed}.{compact.segment(one)}" for one in wrong)]:
        assert refusal(token) == (8, Reason.SIGNATURE)


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_in_claims_or_signature_is_never_believed(at: int, bit: int) -> None:
    header, claims, signature = SERVICE_1.token(CLAIMS).split(".")
    contents = bytearray(compact.content_of(claims) + compact.content_of(signature))
    contents[at % len(contents)] ^= 1 << bit
    flipped = (compact.segment(bytes(contents[:-64])), compact.segment(bytes(contents[-64:])))
    with pytest.raises(PoppRefused):
        used(f"{header}.{'.'.join(flipped)}")


def test_another_issuer_institution_role_or_patient_is_refused_for_its_own_reason() -> None:
    token = SERVICE_1.token(CLAIMS)
    for change, expected in (
        ({"issuer": "https://popp.example/"}, (9, Reason.ISSUER)),
        ({"telematik_id": OTHER.telematik_id}, (10, Reason.ACTOR)),
        ({"telematik_id": PRAXIS.telematik_id[:-1]}, (10, Reason.ACTOR)),
        ({"profession_oids": ("1.2.276.0.76.4.53", f"{ROLE}.1", ROLE[:-1])}, (10, Reason.PROFESSION)),
        ({"patient_id": "A123456789"}, (11, Reason.PATIENT)),
    ):
        assert refusal(token, expected=replace(EXPECTED, **change)) == expected


def at(issued: float, proven: float) -> str:
    seconds = NOW.timestamp()
    return SERVICE_1.token({**CLAIMS, "iat": int(seconds + issued), "patientProofTime": int(seconds + proven)})


@pytest.mark.parametrize(("issued", "proven"), [(15, 0), (0, 15), (0, -1215), (-1215, -1215), (-600, -585)], ids=str)
def test_times_at_the_edge_are_borne(issued: int, proven: int) -> None:
    assert used(at(issued, proven)).issued == int(NOW.timestamp()) + issued


@pytest.mark.parametrize(
    ("issued", "proven", "reason"),
    [
        (16, 0, Reason.NOT_YET),
        (86_400, 86_400, Reason.NOT_YET),
        (-1216, -1216, Reason.ISSUED_TOO_LONG_AGO),
        (0, 16, Reason.PROOF_TIME),
        (-600, -584, Reason.PROOF_TIME),
        (0, -1216, Reason.PROVEN_TOO_LONG_AGO),
    ],
    ids=str,
)
def test_I11_other_times_are_refused_each_for_its_reason(issued: int, proven: int, reason: Reason) -> None:  # noqa: N802
    assert refusal(at(issued, proven)) == (12, reason)


@pytest.mark.parametrize("seconds", [10**400, -(10**400), 2**63])
def test_times_beyond_all_calendars_are_refused(seconds: int) -> None:
    assert refusal(SERVICE_1.token({**CLAIMS, "iat": seconds}))[0] == 12
    assert refusal(SERVICE_1.token({**CLAIMS, "patientProofTime": seconds}))[0] == 12


def test_how_old_a_token_and_its_proof_may_be_is_a_rule() -> None:
    rules = Rules(issued_max_age=timedelta(seconds=10), proven_max_age=timedelta(hours=2))
    assert used(at(-20, -7000), rules=rules).proven
    assert refusal(at(-26, -30), rules=rules) == (12, Reason.ISSUED_TOO_LONG_AGO)


def test_of_one_token_there_are_two_signatures_which_are_both_right() -> None:
    signed, _, signature = SERVICE_1.token(CLAIMS).rpartition(".")
    raw = compact.content_of(signature)
    twin = raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    assert used(f"{signed}.{compact.segment(twin)}").patient_id == KVNR
