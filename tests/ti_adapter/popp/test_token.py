"""What a PoPP token says: form, header, claims."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from epa_login import NOW, PRAXIS, popp_service
from hypothesis import given
from hypothesis import strategies as st

from ti_adapter.popp import METHODS, PoppRefused, Reason, read
from ti_adapter.simulator.popp import KID, sign

KVNR = "A123456780"
ROLE = PRAXIS.profession_oids[0]
CLAIMS = popp_service().claims(KVNR, PRAXIS.telematik_id, ROLE, NOW)
HEADER = {"typ": "vnd.telematik.popp+jwt", "alg": "ES256", "kid": KID}


def said(claims: Mapping[str, object] = CLAIMS, **header: object) -> str:
    return popp_service().token(claims, **header)


def refusal(token: str) -> tuple[int, object]:
    with pytest.raises(PoppRefused) as refused:
        read(token)
    assert KVNR not in str(refused.value)
    return refused.value.step, refused.value.reason


def test_a_token_is_read_and_nothing_of_the_patient_is_shown() -> None:
    received = read(said())
    claims = received.claims
    assert (claims.patient_id, claims.insurer_id, claims.actor_id) == (KVNR, "109500969", PRAXIS.telematik_id)
    assert (claims.issuer, claims.profession_oid) == ("https://popp.example", ROLE)
    assert (claims.issued - claims.proven, claims.issued, claims.unknown) == (1, int(NOW.timestamp()), ())
    assert not any(secret in repr(received) for secret in (KVNR, "109500969", received.token))


def test_both_spellings_and_both_versions_of_the_schema_are_read() -> None:
    old = {name: value for name, value in CLAIMS.items() if name != "patientProofTime"}
    old |= {"version": 1, "patientPoofTime": CLAIMS["patientProofTime"], "proofMethod": "provider-ehc-contactless"}
    assert read(said(old, x5c=popp_service().x5c)).claims.proven == CLAIMS["patientProofTime"]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_published_method_is_known(method: str) -> None:
    assert read(said({**CLAIMS, "proofMethod": method})).claims.method == method


def test_a_claim_that_no_schema_has_is_reported_and_no_reason_to_refuse() -> None:
    claims = {**CLAIMS, "authorization_details": "details", "more": 1}
    assert read(said(claims)).claims.unknown == ("authorization_details", "more")


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "RS256", "ES384", "BP256R1", "", None, 1])
def test_I08_any_other_algorithm_is_refused(algorithm: object) -> None:  # noqa: N802
    assert refusal(said(alg=algorithm)) == (4, Reason.ALGORITHM)


HEADERS: dict[str, tuple[dict[str, object], Reason]] = {
    "another type": ({"typ": "JWT"}, Reason.TYPE),
    "no type": ({"typ": None}, Reason.TYPE),
    "no name of the key": ({"kid": None}, Reason.HEADER),
    "an empty name": ({"kid": ""}, Reason.HEADER),
    "a name that is a number": ({"kid": 1}, Reason.HEADER),
    "a key of its own": ({"jwk": {}}, Reason.HEADER),
    "an address of keys": ({"jku": "https://evil.example"}, Reason.HEADER),
    "something critical": ({"crit": ["b64"], "b64": False}, Reason.HEADER),
    "compression": ({"zip": "DEF"}, Reason.HEADER),
}


@pytest.mark.parametrize("name", HEADERS)
def test_I08_another_header_is_refused(name: str) -> None:  # noqa: N802
    header, reason = HEADERS[name]
    assert refusal(said(**header)) == (3, reason)


def test_I10_a_token_beyond_its_size_is_not_looked_at() -> None:  # noqa: N802
    assert refusal("a" * (16 * 1024 + 1)) == (1, Reason.SIZE)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "..",
        "a.b.c.d",
        said() + ".",
        said() + "=",
        said().replace(".", "..", 1),
        " " + said(),
        said()[:-1] + "!",
        '{"payload":"","signatures":[]}',
    ],
)
def test_what_is_no_compact_token_is_refused(token: str) -> None:
    assert refusal(token) == (2, Reason.FORM)


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"iat":1,"iat":1}', b"[" * 9000, b"\xff", b'{"iat":1e999}x'])
def test_claims_that_are_no_object_are_refused(content: bytes) -> None:
    from ti_adapter import compact

    header, _, signature = said().split(".")
    assert refusal(f"{header}.{compact.segment(content)}.{signature}") == (2, Reason.FORM)


@pytest.mark.parametrize("missing", sorted(CLAIMS))
def test_a_missing_claim_is_refused(missing: str) -> None:
    assert refusal(said({name: value for name, value in CLAIMS.items() if name != missing})) == (5, Reason.CLAIMS)


WRONG: dict[str, tuple[dict[str, object], tuple[int, Reason]]] = {
    "a time that is a text": ({"iat": "1"}, (5, Reason.CLAIMS)),
    "a time that is no whole number": ({"iat": 1.5}, (5, Reason.CLAIMS)),
    "a time that is true": ({"patientProofTime": True}, (5, Reason.CLAIMS)),
    "two times of the proof": ({"patientPoofTime": 1}, (5, Reason.CLAIMS)),
    "a KVNR that is none": ({"patientId": "123"}, (5, Reason.CLAIMS)),
    "a KVNR with a line break": ({"patientId": f"{KVNR}\n"}, (5, Reason.CLAIMS)),
    "an IK that is none": ({"insurerId": "10950096"}, (5, Reason.CLAIMS)),
    "a Telematik-ID that is none": ({"actorId": "telematik-id"}, (5, Reason.CLAIMS)),
    "a role that is none": ({"actorProfessionOid": "praxis"}, (5, Reason.CLAIMS)),
    "roles in a list": ({"actorProfessionOid": [ROLE]}, (5, Reason.CLAIMS)),
    "an empty issuer": ({"iss": ""}, (5, Reason.CLAIMS)),
    "another version": ({"version": "2.0.0"}, (6, Reason.VERSION)),
    "a version that is true": ({"version": True}, (6, Reason.VERSION)),
    "a method that nobody knows": ({"proofMethod": "hearsay"}, (6, Reason.METHOD)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_refused_for_its_own_reason(name: str) -> None:
    change, expected = WRONG[name]
    assert refusal(said({**CLAIMS, **change})) == expected


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(PoppRefused):
        read(text)


@given(
    st.dictionaries(
        st.sampled_from([*CLAIMS, "patientPoofTime", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    )
)
def test_any_claims_are_read_or_refused(change: dict[str, object]) -> None:
    try:
        claims = read(sign(popp_service().card.key, HEADER, {**CLAIMS, **change})).claims
    except PoppRefused:
        return
    assert isinstance(claims.issued, int)
