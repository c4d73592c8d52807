from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from konnektor_bench import CARD, CONTEXT, OTHER_CARD
from simulated_ti import utc_now

from ti_adapter.konnektor.errors import SignatureWrong
from ti_adapter.konnektor.names import SPOKEN, Service
from ti_adapter.konnektor.signing import check_signature, external_authenticate, jose_signature

DIGEST = hashlib.sha256(b"to be signed").digest()
SCALARS = st.integers(1, 2**256 - 1)


@given(SCALARS, SCALARS)
def test_jose_has_r_and_s_side_by_side_whatever_their_length(r: int, s: int) -> None:
    joined = jose_signature(encode_dss_signature(r, s))
    assert (len(joined), int.from_bytes(joined[:32], "big"), int.from_bytes(joined[32:], "big")) == (64, r, s)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes(64),
        encode_dss_signature(2**256, 1),
        b"\x30\x06\x02\x01\x01\x02\x01\xff",
        encode_dss_signature(1, 1) + b"\x00",
    ],
    ids=["nothing", "no DER", "too long", "negative", "something behind"],
)
def test_what_is_no_signature_of_256_bits_has_no_jose_form(signature: bytes) -> None:
    with pytest.raises(SignatureWrong):
        jose_signature(signature)


def test_a_signature_of_the_card_is_believed() -> None:
    check_signature(CARD.external_authenticate(DIGEST), DIGEST, CARD.certificate)


def test_i08_a_signature_that_is_not_the_cards_is_refused() -> None:
    r, s = decode_dss_signature(CARD.external_authenticate(DIGEST))
    wrong = [
        OTHER_CARD.external_authenticate(DIGEST),
        CARD.external_authenticate(bytes(32)),
        encode_dss_signature(r, s + 1),
        encode_dss_signature(0, 0),
        b"",
    ]
    for signature in wrong:
        with pytest.raises(SignatureWrong):
            check_signature(signature, DIGEST, CARD.certificate)


def test_a_card_of_the_old_generation_has_no_signature_that_is_believed() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = CARD.certificate.subject
    now = utc_now()
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now)
    with pytest.raises(SignatureWrong):
        check_signature(CARD.external_authenticate(DIGEST), DIGEST, builder.sign(key, SHA256()))


@pytest.mark.parametrize("digest", [b"", b"a text", bytes(31), bytes(48)])
def test_only_a_sha_256_digest_is_sent_to_be_signed(digest: bytes) -> None:
    dialect = SPOKEN[Service.AUTH_SIGNATURE][0]
    with pytest.raises(ValueError, match="SHA-256"):
        external_authenticate(dialect, CONTEXT, "handle", digest)
