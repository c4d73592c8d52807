"""Forgeries: every way to make a token that was not signed by the named key, or that is read in two ways."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import rfc8785
from certificates import Authority
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import TelematikId
from linkexchange.signing import (
    TOKEN_MAX_BYTES,
    Proven,
    PublicKeys,
    Signer,
    canonical,
    certificate_der,
    thumbprint,
    unproven,
    verify,
)

KEY = ec.generate_private_key(ec.SECP256R1())
SIGNER = Signer.of(KEY, "k1")
CLAIMS = {"aud": "x", "n": 1}
HEADER = {"alg": "ES256", "kid": "k1", "typ": "t"}
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
OTHER_CURVES = (ec.BrainpoolP256R1(), ec.SECP384R1(), ec.SECP256K1())


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Forged:
    """A token that is made by hand; signed well unless a test says otherwise."""

    header: Any = field(default_factory=lambda: dict(HEADER))
    payload: bytes = json.dumps(CLAIMS).encode()
    key: ec.EllipticCurvePrivateKey = KEY
    signature: bytes | None = None

    @property
    def signed(self) -> str:
        header = self.header if isinstance(self.header, bytes) else json.dumps(self.header).encode()
        return f"{_segment(header)}.{_segment(self.payload)}"

    @property
    def token(self) -> str:
        return f"{self.signed}.{_segment(self._signature() if self.signature is None else self.signature)}"

    def _signature(self) -> bytes:
        scalars = decode_dss_signature(self.key.sign(self.signed.encode(), ec.ECDSA(SHA256())))
        return b"".join(scalar.to_bytes(32, "big") for scalar in scalars)


def _step(token: str, keys: PublicKeys = SIGNER.public) -> str:
    with pytest.raises(MessageFault) as fault:
        verify(token, keys)
    return fault.value.detail


texts = st.text(st.characters(codec="utf-8"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@given(st.dictionaries(texts, json_values, max_size=5))
def test_what_was_signed_is_what_is_proven(claims: dict[str, Any]) -> None:
    token = SIGNER.sign(claims, typ="linkexchange-test+jwt")
    assert verify(token, SIGNER.public) == Proven("linkexchange-test+jwt", "k1", claims)


def test_a_token_made_by_hand_in_the_same_way_is_proven() -> None:
    assert verify(Forged().token, SIGNER.public).claims == CLAIMS


def test_the_payload_is_canonical_json() -> None:
    payload = SIGNER.sign({"b": 1.0, "a": "ü"}, typ="t").split(".")[1]
    assert base64.urlsafe_b64decode(payload + "==") == '{"a":"ü","b":1}'.encode()


@given(st.integers(0, 10_000), st.sampled_from("ABCabc019-_"))
def test_another_character_anywhere_is_noticed(place: int, character: str) -> None:
    token = SIGNER.sign({"aud": "x"}, typ="t")
    place %= len(token)
    if token[place] not in {".", character}:
        _step(token[:place] + character + token[place + 1 :])


def test_i_10_step_1_a_large_token_is_refused_before_it_is_read() -> None:
    assert _step("A" * (TOKEN_MAX_BYTES + 1)).startswith("step 1")


def test_i_10_ten_megabytes_are_refused_within_200_milliseconds() -> None:
    token = "A" * 10_000_000
    begin = time.thread_time()
    _step(token)
    assert time.thread_time() - begin < 0.2


def test_a_larger_limit_is_for_who_asks_for_it() -> None:
    token = SIGNER.sign({"a": "x" * TOKEN_MAX_BYTES}, typ="t")
    assert verify(token, SIGNER.public, max_bytes=10 * TOKEN_MAX_BYTES).claims["a"]


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": json.loads(JWK.from_pyca(KEY.public_key()).export_public())},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"zip": "DEF"},
        {"b64": False, "crit": ["b64"]},
        {"cty": "JWT"},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_t5_step_2_a_header_that_brings_more_is_refused(extra: dict[str, Any]) -> None:
    assert _step(Forged({**HEADER, **extra}).token) == "step 2: header"


@pytest.mark.parametrize("key", sorted(HEADER))
def test_step_2_a_header_that_lacks_something_is_refused(key: str) -> None:
    assert _step(Forged({name: value for name, value in HEADER.items() if name != key}).token) == "step 2: header"


@pytest.mark.parametrize("key", sorted(HEADER))
@pytest.mark.parametrize("value", [None, 1, ["ES256"], {"a": 1}], ids=repr)
def test_step_2_a_header_of_other_types_is_refused(key: str, value: object) -> None:
    assert _step(Forged({**HEADER, key: value}).token) == "step 2: header"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[]",
        b'"alg"',
        b"null",
        b"\xff\xfe",
        b"[" * 9000,
        b'{"alg":"none","alg":"ES256","kid":"k1","typ":"t"}',
        b'{"alg":"ES256","kid":"k1","typ":"grant","typ":"t"}',
    ],
    ids=lambda header: repr(header[:24]),
)
def test_step_2_a_header_that_is_no_plain_object_is_refused(header: bytes) -> None:
    assert _step(Forged(header).token) == "step 2: header"


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c.d", "ä.b.c", "a b.c.d", "e30=.e30.AA", "e30\n.e30.AA"])
def test_step_2_what_is_not_three_segments_of_base64url_is_refused(token: str) -> None:
    assert _step(token) == "step 2: header"


@pytest.mark.parametrize("padding", range(4))
def test_step_2_a_token_in_json_cannot_pretend_to_another_type(padding: int) -> None:
    """The signed header says `t`; whoever reads up to the first dot would read the one in the object's first key."""
    header, payload, signature = Forged().token.split(".")
    pretended = _segment(json.dumps({**HEADER, "typ": "linkexchange-grant+jwt"}).encode() + b" " * padding)
    wrapped = {pretended: ".", "protected": header, "payload": payload, "signature": signature}
    assert _step(json.dumps(wrapped, separators=(",", ":"))) == "step 2: header"


@pytest.mark.parametrize(
    "alg", ["none", "None", "nOnE", "HS256", "RS256", "ES384", "ES256K", "PS256", "EdDSA", "es256", ""]
)
def test_i_08_step_3_any_other_algorithm_is_refused(alg: str) -> None:
    assert _step(Forged({**HEADER, "alg": alg}).token) == "step 3: algorithm"


def test_i_08_step_3_the_public_key_is_no_shared_secret() -> None:
    forged = Forged({**HEADER, "alg": "HS256"})
    for secret in (SIGNER.public.to_jwks().encode(), JWK.from_pyca(KEY.public_key()).export_to_pem()):
        forged.signature = hmac.digest(secret, forged.signed.encode(), hashlib.sha256)
        assert _step(forged.token) == "step 3: algorithm"


@pytest.mark.parametrize("kid", ["", "k2", "K1", "../../etc/passwd", "k1\x00", "k1' OR ''='"])
def test_step_4_a_key_that_is_not_pinned_is_not_believed(kid: str) -> None:
    assert _step(Forged({**HEADER, "kid": kid}).token) == "step 4: unknown key"


@pytest.mark.parametrize(
    "signature",
    [
        b"\x00" * 64,
        b"\x00" * 63 + b"\x01",
        b"\x00" * 31 + b"\x01" + b"\x00" * 32,
        ORDER.to_bytes(32, "big") * 2,
        b"\xff" * 64,
        b"\x01" * 63,
        b"\x01" * 65,
        KEY.sign(Forged().signed.encode(), ec.ECDSA(SHA256())),
    ],
    ids=["r=s=0", "r=0", "s=0", "the order", "beyond the order", "short", "long", "DER"],
)
def test_i_08_step_5_a_signature_that_proves_nothing_is_refused(signature: bytes) -> None:
    assert _step(Forged(signature=signature).token) == "step 5: signature"


def test_i_08_an_empty_signature_is_refused() -> None:
    assert _step(Forged(signature=b"").token) == "step 5: signature"


def test_step_5_a_signature_by_another_key_is_refused() -> None:
    assert _step(Forged(key=ec.generate_private_key(ec.SECP256R1())).token) == "step 5: signature"


def test_step_5_a_signature_over_another_payload_is_refused() -> None:
    header, _, signature = Forged().token.split(".")
    assert _step(f"{header}.{_segment(b'{}')}.{signature}") == "step 5: signature"


def test_step_5_a_signature_on_another_curve_is_refused() -> None:
    stranger = ec.generate_private_key(ec.BrainpoolP256R1())
    assert _step(Forged(key=stranger).token) == "step 5: signature"


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"1", b'"x"', b"null", b"{", b"\xff", b"[" * 9000, b'{"a":' * 1500, b'{"aud":"x","aud":"y"}'],
    ids=lambda payload: repr(payload[:16]),
)
def test_step_6_a_payload_that_is_no_plain_object_is_refused(payload: bytes) -> None:
    assert _step(Forged(payload=payload).token) == "step 6: payload"


def test_the_fault_holds_nothing_of_the_token() -> None:
    forged = Forged(key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(MessageFault) as fault:
        verify(forged.token, SIGNER.public)
    assert not [segment for segment in forged.token.split(".") if segment in str(fault.value)]


def test_a_signer_does_not_show_its_key() -> None:
    private = json.loads(SIGNER.key.export_private())["d"]
    assert private not in repr(SIGNER)
    assert '"d"' not in SIGNER.public.to_jwks()


@pytest.mark.parametrize("curve", OTHER_CURVES, ids=lambda curve: curve.name)
def test_a_key_on_another_curve_neither_signs_nor_is_believed(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    for refusing in (lambda: Signer.of(key, "k"), lambda: PublicKeys.of(key.public_key(), "k")):
        with pytest.raises(ValueError, match="P-256"):
            refusing()


def test_one_key_is_believed_under_the_name_that_it_is_given() -> None:
    keys = PublicKeys.of(KEY.public_key(), "k1")
    assert (list(keys.keys), verify(SIGNER.sign(CLAIMS, typ="t"), keys).claims) == (["k1"], CLAIMS)


def test_a_jwk_set_reads_back_as_it_was_written() -> None:
    both = PublicKeys({**SIGNER.public.keys, **Signer.of(ec.generate_private_key(ec.SECP256R1()), "k2").public.keys})
    read = PublicKeys.from_jwks(both.to_jwks())
    assert (set(read.keys), verify(Forged().token, read).claims) == ({"k1", "k2"}, CLAIMS)


def _public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = KEY, **change: Any) -> dict[str, Any]:
    row = {**json.loads(JWK.from_pyca(key.public_key()).export_public()), "kid": "k1", **change}
    return {name: value for name, value in row.items() if value is not None}


SETS: dict[str, Callable[[], object]] = {
    "no keys": lambda: {"keys": []},
    "no set": dict,
    "a list": list,
    "keys that are a number": lambda: {"keys": 3},
    "a key without a name": lambda: {"keys": [_public(kid=None)]},
    "an empty name": lambda: {"keys": [_public(kid="")]},
    "a name that is a number": lambda: {"keys": [_public(kid=1)]},
    "two keys of one name": lambda: {"keys": [_public(), _public(ec.generate_private_key(ec.SECP256R1()))]},
    "a point off the curve": lambda: {"keys": [_public(x="AA", y="AA")]},
    "a shared secret": lambda: {"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1", "crv": "P-256"}, _public()]},
    "RSA": lambda: {"keys": [_public(rsa.generate_private_key(65537, 2048))]},
    "one good and one bad": lambda: {"keys": [_public(), _public(ec.generate_private_key(ec.SECP384R1()), kid="k2")]},
    **{
        curve.name: lambda curve=curve: {"keys": [_public(ec.generate_private_key(curve))]}  # type: ignore[misc]
        for curve in OTHER_CURVES
    },
}


@pytest.mark.parametrize("kind", SETS)
def test_a_jwk_set_that_holds_anything_but_named_p_256_keys_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"P-256|name|curve"):
        PublicKeys.from_jwks(json.dumps(SETS[kind]()))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000], ids=["empty", "broken", "deep"])
def test_what_is_no_json_is_no_jwk_set(text: str) -> None:
    with pytest.raises(ValueError, match="P-256"):
        PublicKeys.from_jwks(text)


def test_a_key_by_itself_is_named_by_its_thumbprint_and_is_believed_under_both_names() -> None:
    by_itself = str(SIGNER.key.thumbprint())
    assert Signer.named(KEY).kid == by_itself
    assert set(SIGNER.public.by_thumbprint().keys) == {"k1", by_itself}
    assert verify(Signer.named(KEY).sign(CLAIMS, typ="t"), SIGNER.public.by_thumbprint()).claims == CLAIMS


def test_claims_can_be_read_unproven_and_only_of_the_type_that_is_wanted() -> None:
    spoilt = Forged().token.rpartition(".")[0] + "." + _segment(bytes(64))
    assert unproven(spoilt, typ="t") == CLAIMS
    with pytest.raises(MessageFault, match="step 2"):
        unproven(spoilt, typ="another")
    with pytest.raises(MessageFault, match="step 1"):
        unproven(spoilt, typ="t", max_bytes=len(spoilt) - 1)


def test_a_name_that_is_no_text_is_never_signed() -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical({"n": {1: "one"}})


def test_the_thumbprint_is_that_of_rfc_8705(tmp_path: Any) -> None:
    der = Authority(tmp_path).node(TelematikId("5-2-origin")).der
    assert certificate_der(x509.load_der_x509_certificate(der)) == der
    expected = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert (thumbprint(der), len(expected)) == (expected, 43)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.text()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.slow
@given(st.dictionaries(st.text(), _JSON))
def test_canonical_json_is_that_of_rfc_8785_by_whichever_way_it_is_written(value: dict[str, Any]) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("number", [2**53, -(2**53), float("nan")])
def test_a_number_that_others_would_read_differently_is_never_signed(number: float) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical({"n": [number]})
