from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from epa_login import NOW, OTHER, PRAXIS, card_of, pki

from ti_adapter import compact
from ti_adapter.epa import card_token
from ti_adapter.simulator.epa.card_token import TokenUnproven, prove
from ti_adapter.simulator.shape import Shape

CLAIMS = {"nonce": "ab" * 32}


def decoded(segment: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return loaded


def encoded(value: object) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def resigned(header: dict[str, object] | bytes, claims: dict[str, object] | bytes) -> str:
    """A token with this header and these claims, rightly signed by the practice's card."""
    part = f"{encoded(header)}.{encoded(claims)}"
    signed = card_of(PRAXIS).external_authenticate(hashlib.sha256(part.encode()).digest())
    return f"{part}.{encoded(compact.raw_signature(signed))}"


def parts() -> tuple[dict[str, object], dict[str, object], str]:
    header, claims, signature = card_token.sign(card_of(PRAXIS), CLAIMS, NOW).split(".")
    return decoded(header), decoded(claims), signature


def test_a_token_is_proven_with_its_institution_and_the_claims_beside_the_times() -> None:
    header, claims, _ = parts()
    for token in (card_token.sign(card_of(PRAXIS), CLAIMS, NOW), resigned(header, claims)):
        proven = prove(token, pki().trust, NOW)
        assert (proven.institution.admission.telematik_id, proven.claims) == (PRAXIS.telematik_id, CLAIMS)


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "RS256", "ES384", "BP256R1", "", None, 1])
def test_I08_any_other_algorithm_is_refused(algorithm: object) -> None:  # noqa: N802
    header, claims, _ = parts()
    with pytest.raises(TokenUnproven):
        prove(resigned({**header, "alg": algorithm}, claims), pki().trust, NOW)


HEADERS: dict[str, dict[str, object]] = {
    "another type": {"typ": "at+jwt"},
    "a key of its own": {"jwk": {}},
    "something critical": {"crit": ["b64"]},
    "no certificate": {"x5c": []},
    "two certificates": {"x5c": ["AA==", "AA=="]},
    "no base64": {"x5c": ["%"]},
    "no DER": {"x5c": ["AA=="]},
}


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS)
def test_another_header_is_refused(change: dict[str, object]) -> None:
    header, claims, _ = parts()
    with pytest.raises(TokenUnproven):
        prove(resigned({**header, **change}, claims), pki().trust, NOW)


def test_the_certificate_of_another_card_is_refused() -> None:
    _, claims, _ = parts()
    header = decoded(card_token.sign(card_of(OTHER), CLAIMS, NOW).split(".")[0])
    with pytest.raises(TokenUnproven):
        prove(resigned(header, claims), pki().trust, NOW)


def test_I08_a_card_on_another_curve_is_refused() -> None:  # noqa: N802
    token = card_token.sign(pki().card(PRAXIS, Shape(curve=SECP256R1())), CLAIMS, NOW)
    with pytest.raises(TokenUnproven):
        prove(token, pki().trust, NOW)


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\1" * 64, b"\xff" * 64, bytes(63), bytes(65)])
def test_I08_a_signature_that_is_none_is_refused(signature: bytes) -> None:  # noqa: N802
    header, claims, _ = parts()
    with pytest.raises(TokenUnproven):
        prove(f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}", pki().trust, NOW)


TIMES: dict[str, dict[str, object]] = {
    "longer than 20 minutes": {"exp": int(NOW.timestamp()) + 1201},
    "shorter than 20 minutes": {"exp": int(NOW.timestamp()) + 1199},
    "no number": {"iat": str(int(NOW.timestamp()))},
    "a yes": {"iat": True, "exp": 1201},
    "beyond all time": {"iat": 10**400, "exp": 10**400 + 1200},
    "before all time": {"iat": -(10**400), "exp": -(10**400) + 1200},
}


@pytest.mark.parametrize("change", TIMES.values(), ids=TIMES)
def test_other_times_are_refused(change: dict[str, object]) -> None:
    header, claims, _ = parts()
    with pytest.raises(TokenUnproven):
        prove(resigned(header, {**claims, **change}), pki().trust, NOW)


@pytest.mark.parametrize("missing", ["iat", "exp"])
def test_a_missing_time_is_refused(missing: str) -> None:
    header, claims, _ = parts()
    del claims[missing]
    with pytest.raises(TokenUnproven):
        prove(resigned(header, claims), pki().trust, NOW)


@pytest.mark.parametrize(("seconds", "is_proven"), [(-16, False), (-15, True), (1214, True), (1215, False)])
def test_fifteen_seconds_are_borne_on_both_sides(seconds: int, is_proven: bool) -> None:
    token, then = card_token.sign(card_of(PRAXIS), CLAIMS, NOW), NOW + timedelta(seconds=seconds)
    if is_proven:
        assert prove(token, pki().trust, then).claims == CLAIMS
    else:
        with pytest.raises(TokenUnproven):
            prove(token, pki().trust, then)


@pytest.mark.parametrize("claims", [b"[]", b"{", b'{"iat":1,"iat":1,"exp":1201}', b"[" * 10_000, b"\xff"])
def test_claims_that_are_no_object_are_refused(claims: bytes) -> None:
    header, _, _ = parts()
    with pytest.raises(TokenUnproven):
        prove(resigned(header, claims), pki().trust, NOW)


def test_another_spelling_of_the_same_token_is_refused() -> None:
    token = card_token.sign(card_of(PRAXIS), CLAIMS, NOW)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(token[-1]) ^ 1]
    for other in (token[:-1] + last, token + "==", token + ".", " " + token, token.replace(".", "..", 1), ""):
        with pytest.raises(TokenUnproven):
            prove(other, pki().trust, NOW)
