"""The nested, sealed token: round trips, flipped bits, and a second reader that is not the JOSE library."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    BrainpoolP256R1,
    EllipticCurvePublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from hypothesis import given
from hypothesis import strategies as st
from simulated_idp import NOW

from ti_adapter import compact
from ti_adapter.idp import jwe
from ti_adapter.idp.errors import EnvelopeRefused
from ti_adapter.idp.keys import EncryptionKey
from ti_adapter.idp.reason import Reason
from ti_adapter.simulator.idp.draft import Seal

pytestmark = pytest.mark.slow

PRIVATE = generate_private_key(BrainpoolP256R1())
KEY = EncryptionKey("puk_idp_enc", PRIVATE.public_key())
TOKEN_KEY = bytes(range(32))
SECONDS = int(NOW.timestamp())
HEADER = {"alg": "dir", "enc": "A256GCM", "cty": "NJWT", "exp": SECONDS + 300}
SEALED = jwe.encrypt(jwe.nest("e30.e30.AA"), KEY, cty="NJWT", expires=SECONDS + 180)
SEALED_DIRECTLY = Seal(HEADER, jwe.nest("e30.e30.AA"), TOKEN_KEY).close()


def header_of(token: str) -> dict[str, object]:
    return compact.json_object(compact.content_of(token.split(".", maxsplit=1)[0]))


def refusal(token: str, key: object = PRIVATE) -> tuple[int, str]:
    with pytest.raises(EnvelopeRefused) as refused:
        jwe.decrypt(token, key, NOW)  # type: ignore[arg-type]
    return refused.value.step, refused.value.reason


def with_header(**changes: object) -> str:
    """The agreed seal with another header, which its tag no longer fits."""
    header = {**header_of(SEALED), **changes}
    kept = {name: value for name, value in header.items() if value is not None}
    return f"{compact.segment(json.dumps(kept).encode())}.{SEALED.partition('.')[2]}"


def opened_by_hand(token: str) -> bytes:
    """ECDH-ES and A256GCM as RFC 7518, section 4.6, and RFC 5639 have it, without the JOSE library."""
    protected, _, iv, content, tag = token.split(".")
    key = header_of(token)["epk"]
    assert isinstance(key, dict)
    x, y = (int.from_bytes(compact.content_of(key[name])) for name in ("x", "y"))
    shared = PRIVATE.exchange(ECDH(), EllipticCurvePublicNumbers(x, y, BrainpoolP256R1()).public_key())
    name = b"A256GCM"
    info = len(name).to_bytes(4) + name + bytes(4) + bytes(4) + (256).to_bytes(4)
    agreed = ConcatKDFHash(SHA256(), 32, info).derive(shared)
    sealed = compact.content_of(content) + compact.content_of(tag)
    return AESGCM(agreed).decrypt(compact.content_of(iv), sealed, protected.encode())


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_what_is_nested_and_sealed_to_the_idp_comes_out_as_it_went_in(token: str) -> None:
    sealed = jwe.encrypt(jwe.nest(token), KEY, cty="NJWT", expires=SECONDS + 180)
    assert jwe.unnest(jwe.decrypt(sealed, PRIVATE, NOW)) == token


@given(st.text(alphabet=st.characters(codec="utf-8")), st.binary(min_size=32, max_size=32))
def test_what_is_nested_and_sealed_to_the_client_comes_out_as_it_went_in(token: str, key: bytes) -> None:
    assert jwe.unnest(jwe.decrypt(Seal(HEADER, jwe.nest(token), key).close(), key, NOW)) == token


@given(st.binary(min_size=1))
def test_what_is_sealed_to_the_idp_is_read_without_the_library(content: bytes) -> None:
    assert opened_by_hand(jwe.encrypt(content, KEY, cty="NJWT")) == content


@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    sealed, key = data.draw(st.sampled_from([(SEALED, PRIVATE), (SEALED_DIRECTLY, TOKEN_KEY)]))
    segments = sealed.split(".")
    position = data.draw(st.sampled_from([number for number, text in enumerate(segments) if text]))
    content = bytearray(compact.content_of(segments[position]))
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    segments[position] = compact.segment(bytes(content))
    with pytest.raises(EnvelopeRefused):
        jwe.decrypt(".".join(segments), key, NOW)


@given(st.data())
def test_a_character_of_another_spelling_is_refused(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(SEALED) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda it: it != SEALED[position]))
    with pytest.raises(EnvelopeRefused):
        jwe.decrypt(SEALED[:position] + other + SEALED[position + 1 :], PRIVATE, NOW)


@given(st.one_of(st.text(), st.from_regex(r"(?a:[\w-]{0,40}\.){4}[\w-]{0,40}", fullmatch=True)))
def test_whatever_comes_is_refused_as_an_envelope_and_nothing_else(text: str) -> None:
    for key in (PRIVATE, TOKEN_KEY):
        with pytest.raises(EnvelopeRefused):
            jwe.decrypt(text, key, NOW)  # type: ignore[arg-type]


def test_neither_ephemeral_key_nor_iv_is_used_twice() -> None:
    made = [jwe.encrypt(b"content", KEY, cty="NJWT") for _ in range(100)]
    assert len({str(header_of(token)["epk"]) for token in made}) == 100
    assert len({token.split(".")[2] for token in made}) == 100


def test_the_header_says_what_gematik_asks_for_with_the_end_as_a_number() -> None:
    header = header_of(SEALED)
    key = header.pop("epk")
    assert header == {"alg": "ECDH-ES", "enc": "A256GCM", "cty": "NJWT", "exp": SECONDS + 180}
    assert isinstance(key, dict)
    assert (key["kty"], key["crv"], set(key)) == ("EC", "BP-256", {"kty", "crv", "x", "y"})


POINT = generate_private_key(SECP256R1()).public_key().public_numbers()
OTHER_POINT = {
    "kty": "EC",
    "crv": "BP-256",
    "x": compact.segment(POINT.x.to_bytes(32)),
    "y": compact.segment(POINT.y.to_bytes(32)),
}


@pytest.mark.parametrize(
    ("token", "step", "reason"),
    [
        pytest.param(with_header(epk=None), 5, Reason.CURVE, id="no ephemeral key"),
        pytest.param(with_header(epk="key"), 5, Reason.CURVE, id="an ephemeral key that is text"),
        pytest.param(with_header(epk={**OTHER_POINT, "crv": "P-256"}), 5, Reason.CURVE, id="another curve"),
        pytest.param(with_header(epk=OTHER_POINT), 7, Reason.DECRYPTION, id="a point of another curve"),
        pytest.param(with_header(epk={"kty": "EC", "crv": "BP-256"}), 7, Reason.DECRYPTION, id="no point"),
        pytest.param(with_header(alg="ECDH-ES+A256KW"), 4, Reason.ALGORITHM, id="a wrapped key"),
        pytest.param(with_header(alg="dir"), 4, Reason.ALGORITHM, id="the other way"),
        pytest.param(with_header(enc="A128CBC-HS256"), 4, Reason.ENCRYPTION, id="another encryption"),
        pytest.param(with_header(exp=SECONDS - 38), 6, Reason.EXPIRED, id="ended 38 seconds ago"),
        pytest.param(with_header(exp=SECONDS - 37), 7, Reason.DECRYPTION, id="ended 37 seconds ago"),
        pytest.param(with_header(exp=True), 6, Reason.HEADER, id="an end that is true"),
        pytest.param(with_header(zip="DEF"), 3, Reason.COMPRESSION, id="compression"),
        pytest.param(with_header(crit=["exp"]), 3, Reason.CRITICAL, id="a critical header"),
        pytest.param(with_header(jku="https://x.example"), 3, Reason.EMBEDDED_KEY, id="the address of a key"),
        pytest.param("e" * 10_000_000, 1, Reason.SIZE, id="ten megabytes"),
        pytest.param(SEALED_DIRECTLY, 4, Reason.ALGORITHM, id="sealed with a shared key"),
    ],
)
def test_i10_what_is_not_sealed_as_it_should_be_is_refused_at_its_step(token: str, step: int, reason: Reason) -> None:
    assert refusal(token) == (step, reason)


def test_an_empty_content_is_no_content() -> None:
    assert refusal(Seal(HEADER, b"", TOKEN_KEY).close(), TOKEN_KEY) == (7, Reason.DECRYPTION)
