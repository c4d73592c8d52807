from __future__ import annotations

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_vau import edited

from ti_adapter.vau import HandshakeRefused, Reason, VauRefused
from ti_adapter.vau.cbor import MESSAGE_MAX_BYTES
from ti_adapter.vau.kem import KemKeys, encapsulate
from ti_adapter.vau.messages import M1, M2, M3, M4, CertData, SecondCiphertexts, SignedKeys, VauKeys

KEYS = KemKeys.generate().public
CIPHERTEXTS, _ = encapsulate(KEYS)
M1_BODY, M2_BODY = M1(KEYS).encode(), M2(CIPHERTEXTS, b"sealed").encode()
POINT = cbor2.loads(M1_BODY)["ECDH_PK"]


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_messages_come_back_as_they_were(one: bytes, other: bytes) -> None:
    for message in (M2(CIPHERTEXTS, one), M3(one, other), M4(one), CertData(one, other, (one, other))):
        assert type(message).decode(message.encode()) == message


@given(st.binary(max_size=300), st.integers(1, 2**64 - 1))
def test_signed_keys_come_back_as_they_were(content: bytes, cdv: int) -> None:
    signed = SignedKeys(content, b"s" * 64, b"h" * 32, cdv, content)
    assert SignedKeys.decode(signed.encode()) == signed


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.text(max_size=20))
@settings(max_examples=30)
def test_the_keys_of_a_vau_come_back_as_they_were(issued: int, expires: int, comment: str) -> None:
    body = VauKeys(KEYS, issued, expires, comment).encode()
    assert VauKeys.decode(body).encode() == body


def test_points_are_32_bytes_each_even_where_a_coordinate_is_short() -> None:
    assert all(len(cbor2.loads(M1(KemKeys.generate().public).encode())["ECDH_PK"]["x"]) == 32 for _ in range(400))


def test_maps_of_indefinite_length_are_read_since_others_write_them() -> None:
    assert M2.decode(cbor2.dumps(cbor2.loads(M2_BODY), indefinite_containers=True)) == M2(CIPHERTEXTS, b"sealed")


def test_a_key_that_nobody_asks_for_is_ignored() -> None:
    assert M4.decode(edited(M4(b"sealed").encode(), more=1)) == M4(b"sealed")


WRONG = {
    "too large": (bytes(MESSAGE_MAX_BYTES + 1), 2, Reason.SIZE),
    "empty": (b"", 3, Reason.FORM),
    "no CBOR": (b"\xff\xff", 3, Reason.FORM),
    "something behind it": (M1_BODY + b"\x00", 3, Reason.FORM),
    "cut off": (M1_BODY[:-1], 3, Reason.FORM),
    "no map": (cbor2.dumps(["M1"]), 3, Reason.FORM),
    "a number as key": (cbor2.dumps({1: 2}), 3, Reason.FORM),
    "a key twice": (b"\xa2" + cbor2.dumps("a") + b"\x00" + cbor2.dumps("a") + b"\x01", 3, Reason.FORM),
    "deep": (b"\xa1\x61a" + b"\x81" * 2000 + b"\x00", 3, Reason.FORM),
    "a time that is none": (b"\xa1\x61a\xc0\x61x", 3, Reason.FORM),
    "an expression that is none": (b"\xa1\x61a\xd8\x23\x61(", 3, Reason.FORM),
    "M2": (M2_BODY, 4, Reason.MESSAGE_TYPE),
    "no type": (edited(M1_BODY, MessageType=None), 4, Reason.MESSAGE_TYPE),
    "no point": (edited(M1_BODY, ECDH_PK=None), 5, Reason.FIELDS),
    "text as point": (edited(M1_BODY, ECDH_PK="P-256"), 5, Reason.FIELDS),
    "another curve": (edited(M1_BODY, ECDH_PK={**POINT, "crv": "BP-256"}), 5, Reason.FIELDS),
    "a short coordinate": (edited(M1_BODY, ECDH_PK={**POINT, "x": b"x"}), 5, Reason.FIELDS),
    "no Kyber key": (edited(M1_BODY, Kyber768_PK=None), 5, Reason.FIELDS),
    "a short Kyber key": (edited(M1_BODY, Kyber768_PK=bytes(1183)), 5, Reason.FIELDS),
    "a point beside the curve": (edited(M1_BODY, ECDH_PK={**POINT, "y": POINT["x"]}), 6, Reason.POINT),
    "the point zero": (edited(M1_BODY, ECDH_PK={**POINT, "x": bytes(32), "y": bytes(32)}), 6, Reason.POINT),
    "a Kyber key out of range": (edited(M1_BODY, Kyber768_PK=b"\xff" * 1184), 6, Reason.KYBER_KEY),
}


@pytest.mark.parametrize(("body", "step", "reason"), WRONG.values(), ids=WRONG)
def test_m1_is_refused_at_its_own_step_with_its_own_code(body: bytes, step: int, reason: Reason) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        M1.decode(body)
    assert (refused.value.step, refused.value.reason) == (step, reason)


SIGNED = SignedKeys(b"k", b"s" * 64, b"h" * 32, 1, b"").encode()
SECOND = SecondCiphertexts(CIPHERTEXTS).encode()
MISSING = [
    (M2, edited(M2_BODY, AEAD_ct=None)),
    (M2, edited(M2_BODY, Kyber768_ct=bytes(1089))),
    (M2, edited(M2_BODY, AEAD_ct="text")),
    (M3, edited(M3(b"a", b"b").encode(), AEAD_ct_key_confirmation=None)),
    (M4, edited(M4(b"a").encode(), AEAD_ct_key_confirmation=None)),
    (SignedKeys, edited(SIGNED, cdv=0)),
    (SignedKeys, edited(SIGNED, cdv=True)),
    (SignedKeys, edited(SIGNED, cert_hash=b"short")),
    (SignedKeys, edited(SIGNED, **{"signature-ES256": b"s" * 63})),
    (SignedKeys, edited(SIGNED, ocsp_response=None)),
    (VauKeys, edited(VauKeys(KEYS, 1, 2, "").encode(), exp=1.5)),
    (VauKeys, edited(VauKeys(KEYS, 1, 2, "").encode(), iat=True)),
    (CertData, edited(CertData(b"c", b"a").encode(), rca_chain=["text"])),
    (CertData, edited(CertData(b"c", b"a").encode(), ca=None)),
    (SecondCiphertexts, edited(SECOND, ERP=True)),
    (SecondCiphertexts, edited(SECOND, ESO=1)),
]


@pytest.mark.parametrize(("kind", "body"), MISSING)
def test_a_field_that_is_missing_or_of_another_type_or_length_is_step_5(kind: type[M2], body: bytes) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        kind.decode(body)
    assert (refused.value.step, refused.value.reason) == (5, Reason.FIELDS)


@pytest.mark.parametrize(("sent", "kept"), [(8, 8), ("eight", 0), (None, 0), (True, 0)])
def test_an_error_message_is_an_error_of_its_own_with_the_number_and_without_its_text(sent: object, kept: int) -> None:
    body = cbor2.dumps({"MessageType": "Error", "ErrorCode": sent, "ErrorMessage": "A123456789"})
    with pytest.raises(VauRefused) as refused:
        M2.decode(body)
    assert refused.value.code == kept
    assert "A123456789" not in str(refused.value)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_and_never_crash(body: bytes) -> None:
    for kind in (M1, M2, M3, M4, SignedKeys, VauKeys, CertData, SecondCiphertexts):
        with pytest.raises((HandshakeRefused, VauRefused)):
            kind.decode(body)


def test_the_path_of_the_certificate_names_its_hash_and_version() -> None:
    assert SignedKeys(b"", b"", bytes([0xAB]) * 32, 7, b"").cert_data_path == f"/CertData.{'ab' * 32}-7"
