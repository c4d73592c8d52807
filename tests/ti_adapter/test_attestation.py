from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from simulated_ti import make_pki

from ti_adapter import attestation
from ti_adapter.attestation import Attestation, Reason
from ti_adapter.errors import AttestationRefused, CardFailed, CertificateRefused
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.shape import HOSPITAL, Shape, SimulatedInstitution

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=timezone(timedelta(hours=13)))
PKI = make_pki(NOW)
CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
CARD = PKI.card(CLINIC)
ORDER = 0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7
SECONDS = int(NOW.timestamp())


def segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signature_of(card: SimulatedCard, signed: str) -> bytes:
    r, s = decode_dss_signature(card.key.sign(signed.encode(), ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def header_of(card: SimulatedCard = CARD, **changes: Any) -> dict[str, Any]:
    der = base64.b64encode(card.certificate.public_bytes(Encoding.DER)).decode()
    header = {"typ": "JWT", "alg": "ES256", "x5c": [der], **changes}
    return {key: value for key, value in header.items() if value is not None}


def claims_of(**changes: Any) -> dict[str, Any]:
    claims = {
        "aud": "hub",
        "nonce": "n-1",
        "iat": SECONDS,
        "exp": SECONDS + 300,
        "cnf": {"x5t#S256": "node"},
        **changes,
    }
    return {key: value for key, value in claims.items() if value is not None}


def signed(header: str, claims: str, card: SimulatedCard = CARD) -> str:
    """A token over any text that stands for header and claims, with a true signature."""
    text = f"{segment(header.encode())}.{segment(claims.encode())}"
    return f"{text}.{segment(signature_of(card, text))}"


def token(card: SimulatedCard = CARD, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    return signed(json.dumps(header or header_of(card)), json.dumps(claims_of(**claims)), card)


def with_signature(signature: bytes) -> str:
    return f"{token().rpartition('.')[0]}.{segment(signature)}"


def with_hmac_of_the_public_key() -> str:
    text = f"{segment(json.dumps(header_of(alg='HS256')).encode())}.{segment(json.dumps(claims_of()).encode())}"
    secret = CARD.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{text}.{segment(hmac.digest(secret, text.encode(), 'sha256'))}"


def altered(before: str, after: str) -> str:
    """The card's certificate with some bytes (in hexadecimal) changed, as it stands in `x5c`."""
    der = CARD.certificate.public_bytes(Encoding.DER)
    return base64.b64encode(der.replace(bytes.fromhex(before), bytes.fromhex(after), 1)).decode()


def believe(received: str, **expected: Any) -> Attestation:
    wanted = {"audience": "hub", "thumbprint": "node", "trust": PKI.trust, "now": NOW, **expected}
    return attestation.verify(received, **wanted)


def refusal(received: str, **expected: Any) -> tuple[int, str]:
    with pytest.raises(AttestationRefused) as refused:
        believe(received, **expected)
    return refused.value.step, refused.value.reason


def test_what_a_card_has_signed_is_believed_as_its_institution_and_nonce() -> None:
    made = attestation.build(CARD, audience="hub", nonce="n-1", thumbprint="node", now=NOW)
    assert believe(made) == Attestation("5-2.9001", (HOSPITAL,), "Klinik Nord TEST-ONLY", "n-1")


def test_the_header_says_es256_although_the_curve_is_brainpool_and_carries_one_certificate() -> None:
    made = attestation.build(CARD, audience="hub", nonce="n-1", thumbprint="node", now=NOW)
    assert json.loads(base64.urlsafe_b64decode(made.split(".")[0] + "==")) == header_of()


def test_the_signature_is_two_numbers_of_32_bytes_whatever_their_size() -> None:
    for _ in range(300):
        made = attestation.build(CARD, audience="hub", nonce="n-1", thumbprint="node", now=NOW)
        assert len(made.rpartition(".")[2]) == len(segment(bytes(64)))


def test_a_card_whose_signature_is_none_has_failed() -> None:
    class Spoiled:
        certificate = CARD.certificate

        def external_authenticate(self, digest: bytes) -> bytes:
            return digest

    with pytest.raises(CardFailed):
        attestation.build(Spoiled(), audience="hub", nonce="n-1", thumbprint="node", now=NOW)


FORGERIES: dict[str, tuple[Callable[[], str], int, Reason]] = {
    "more than 16 kB": (lambda: token(nonce="n" * 16_000), 1, Reason.SIZE),
    "ten megabytes": (lambda: "e" * 10_000_000, 1, Reason.SIZE),
    "nothing": (lambda: "", 2, Reason.FORM),
    "two segments": (lambda: token().rpartition(".")[0], 2, Reason.FORM),
    "five segments, as encrypted tokens have": (lambda: token() + ".a.b", 2, Reason.FORM),
    "no base64url": (lambda: "ä" + token(), 2, Reason.FORM),
    "padding": (lambda: token().replace(".", "=.", 1), 2, Reason.FORM),
    "characters between the base64url": (lambda: token()[:8] + "\n" + token()[8:], 2, Reason.FORM),
    "a signature that is no base64url": (lambda: token() + "=", 2, Reason.FORM),
    "a header that is no JSON": (lambda: signed("ES256", json.dumps(claims_of())), 2, Reason.FORM),
    "a header that is no object": (lambda: signed("[]", json.dumps(claims_of())), 2, Reason.FORM),
    "a header that is no text": (lambda: segment(b"\xff") + token(), 2, Reason.FORM),
    "claims nested without end": (lambda: signed(json.dumps(header_of()), "[" * 5000), 2, Reason.FORM),
    "an algorithm twice": (
        lambda: signed('{"alg":"none",' + json.dumps(header_of())[1:], json.dumps(claims_of())),
        2,
        Reason.FORM,
    ),
    "an audience twice": (
        lambda: signed(json.dumps(header_of()), '{"aud":"other",' + json.dumps(claims_of())[1:]),
        2,
        Reason.FORM,
    ),
    "no typ": (lambda: token(header=header_of(typ=None)), 3, Reason.HEADER),
    "another typ": (lambda: token(header=header_of(typ="at+jwt")), 3, Reason.HEADER),
    "a critical extension": (lambda: token(header=header_of(crit=["exp"])), 3, Reason.HEADER),
    "compression": (lambda: token(header=header_of(zip="DEF")), 3, Reason.HEADER),
    "a key of its own": (lambda: token(header=header_of(jwk={"kty": "EC"})), 3, Reason.HEADER),
    "the address of a key": (lambda: token(header=header_of(jku="https://x.example/k")), 3, Reason.HEADER),
    "the address of a certificate": (lambda: token(header=header_of(x5u="https://x.example/c")), 3, Reason.HEADER),
    "no certificate": (lambda: token(header=header_of(x5c=[])), 3, Reason.HEADER),
    "two certificates": (lambda: token(header=header_of(x5c=header_of()["x5c"] * 2)), 3, Reason.HEADER),
    "a certificate that is a number": (lambda: token(header=header_of(x5c=[7])), 3, Reason.HEADER),
    "none": (lambda: token(header=header_of(alg="none")), 3, Reason.ALGORITHM),
    "nOnE": (lambda: token(header=header_of(alg="nOnE")), 3, Reason.ALGORITHM),
    "RS256": (lambda: token(header=header_of(alg="RS256")), 3, Reason.ALGORITHM),
    "BP256R1": (lambda: token(header=header_of(alg="BP256R1")), 3, Reason.ALGORITHM),
    "HS256 with the public key": (with_hmac_of_the_public_key, 3, Reason.ALGORITHM),
    "an algorithm that is a list": (lambda: token(header=header_of(alg=["ES256"])), 3, Reason.ALGORITHM),
    "a broken certificate": (lambda: token(header=header_of(x5c=["MIIB"])), 4, Reason.CERTIFICATE),
    "a certificate of an unknown version": (
        lambda: token(header=header_of(x5c=[altered("a003020102", "a00302012f")])),
        4,
        Reason.CERTIFICATE,
    ),
    "a certificate on a curve that nobody knows": (
        lambda: token(header=header_of(x5c=[altered("06092b2403030208010107", "06092b2403030208010155")])),
        4,
        Reason.CURVE,
    ),
    "a certificate on a NIST curve": (lambda: token(PKI.card(CLINIC, Shape(curve=SECP256R1()))), 4, Reason.CURVE),
    "an empty signature": (lambda: with_signature(b""), 5, Reason.SIGNATURE),
    "a signature of zeros": (lambda: with_signature(bytes(64)), 5, Reason.SIGNATURE),
    "r of zero": (lambda: with_signature(bytes(32) + bytes([1] * 32)), 5, Reason.SIGNATURE),
    "s of zero": (lambda: with_signature(bytes([1] * 32) + bytes(32)), 5, Reason.SIGNATURE),
    "s beyond the order": (lambda: with_signature(bytes([1] * 32) + ORDER.to_bytes(32, "big")), 5, Reason.SIGNATURE),
    "a signature in DER": (
        lambda: with_signature(CARD.external_authenticate(hashlib.sha256(b"").digest())),
        5,
        Reason.SIGNATURE,
    ),
    "another card's signature": (lambda: token(PKI.card(CLINIC), header=header_of()), 5, Reason.SIGNATURE),
    "other claims under the signature": (
        lambda: ".".join((token().split(".")[0], token(nonce="n-2").split(".")[1], token().split(".")[2])),
        5,
        Reason.SIGNATURE,
    ),
    "claims that are a list": (lambda: signed(json.dumps(header_of()), "[]"), 2, Reason.FORM),
    "an audience that is a list with ours in it": (lambda: token(aud=["hub", "x"]), 6, Reason.CLAIMS),
    "no nonce": (lambda: token(nonce=None), 6, Reason.CLAIMS),
    "a nonce that is no text": (lambda: token(nonce="\ud800"), 6, Reason.CLAIMS),
    "no binding": (lambda: token(cnf=None), 6, Reason.CLAIMS),
    "a second binding": (lambda: token(cnf={"x5t#S256": "node", "jkt": "k"}), 6, Reason.CLAIMS),
    "a time that is true": (lambda: token(iat=True), 6, Reason.CLAIMS),
    "a time that is text": (lambda: token(exp=str(SECONDS + 300)), 6, Reason.CLAIMS),
    "a time with a fraction": (lambda: token(exp=SECONDS + 300.5), 6, Reason.CLAIMS),
    "a beginning of its own": (lambda: token(nbf=SECONDS + 60), 6, Reason.CLAIMS),
    "another audience": (lambda: token(aud="hub2"), 8, Reason.AUDIENCE),
    "the beginning of our audience": (lambda: token(aud="hu"), 8, Reason.AUDIENCE),
    "another TLS certificate": (lambda: token(cnf={"x5t#S256": "other"}), 9, Reason.BINDING),
    "no TLS certificate": (lambda: token(cnf={"x5t#S256": ""}), 9, Reason.BINDING),
    "issued 38 seconds ahead": (lambda: token(iat=SECONDS + 38), 10, Reason.NOT_YET_VALID),
    "issued a day ahead": (lambda: token(iat=SECONDS + 86_400, exp=SECONDS + 86_700), 10, Reason.NOT_YET_VALID),
    "ended 38 seconds ago": (lambda: token(iat=SECONDS - 338, exp=SECONDS - 38), 10, Reason.EXPIRED),
    "an end beyond all calendars": (lambda: token(exp=10**400), 10, Reason.LIFETIME),
    "a life of more than 20 minutes": (lambda: token(exp=SECONDS + 1201), 10, Reason.LIFETIME),
    "an end before its beginning": (lambda: token(iat=SECONDS + 20, exp=SECONDS + 10), 10, Reason.LIFETIME),
}


@pytest.mark.parametrize(("forge", "step", "reason"), FORGERIES.values(), ids=FORGERIES)
def test_i_08_i_10_i_11_a_forgery_is_refused_at_the_step_that_is_there_for_it(
    forge: Callable[[], str], step: int, reason: Reason
) -> None:
    assert refusal(forge()) == (step, reason)


def test_a_certificate_that_nobody_vouches_for_is_refused_with_the_step_of_the_certificate() -> None:
    with pytest.raises(CertificateRefused, match="step 3: self-issued"):
        believe(token(PKI.self_signed_card(CLINIC)))


def test_a_token_whose_clock_is_37_seconds_ahead_is_believed() -> None:
    believe(token(iat=SECONDS + 37, exp=SECONDS + 337))


def test_a_token_that_ended_37_seconds_ago_is_believed() -> None:
    believe(token(iat=SECONDS - 337, exp=SECONDS - 37))


def test_a_token_made_by_build_ends_after_five_minutes_and_the_skew() -> None:
    made = attestation.build(CARD, audience="hub", nonce="n-1", thumbprint="node", now=NOW)
    assert refusal(made, now=NOW + timedelta(seconds=338)) == (10, Reason.EXPIRED)


def test_a_token_of_sixteen_kilobytes_is_judged_within_200_milliseconds() -> None:
    largest = ("." * 16_384, "[" * 16_384, segment(b"[" * 9000) + "..", segment(b'{"a":' * 2000) + "..")
    begun = time.process_time()
    for text in largest:
        with pytest.raises(AttestationRefused):
            believe(text)
    assert time.process_time() - begun < 0.2 * len(largest)


def test_neither_nonce_nor_token_show_in_the_text_of_a_value_or_a_refusal() -> None:
    proven = attestation.prove(token(nonce="very-secret"))
    with pytest.raises(AttestationRefused) as refused:
        believe(token(nonce="very-secret"), audience="other")
    assert "very-secret" not in f"{proven!r} {refused.value!r} {refused.value}"
