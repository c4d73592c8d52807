from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_vau import CALLER, NOW, ask, before_m4, edited, handshake, identity, said, spoiling, untouched

from ti_adapter.errors import CertificateRefused, CertificateRevoked, ProofFailed
from ti_adapter.simulator.ocsp_answer import AnswerShape
from ti_adapter.simulator.vau import VauServer
from ti_adapter.simulator.vau_identity import SERVICE, SHAPE, KeyShape, VauIdentity
from ti_adapter.vau import (
    Caller,
    ClientHandshake,
    Environment,
    HandshakeRefused,
    Reason,
    State,
    VauRefused,
    VauTrust,
)
from ti_adapter.vau.messages import M4, CertData
from ti_adapter.vau.outer import CID_HEADER

pytestmark = pytest.mark.slow

VAU = identity()
OTHER = VAU.pki.card(SERVICE, SHAPE)
SKEW = timedelta(seconds=37.5)
DAY = timedelta(days=1)


def shown(vau: VauIdentity, **changes: object) -> VauServer:
    """A server whose signed keys have other values."""
    return VauServer(replace(vau, signed=replace(vau.signed, **changes)))  # type: ignore[arg-type]


def keyed(**wrong: object) -> VauServer:
    return VauServer(VAU.signing(NOW, KeyShape(**wrong)))  # type: ignore[arg-type]


def other_certificate(body: bytes) -> bytes:
    return replace(CertData.decode(body), certificate=OTHER.certificate.public_bytes(Encoding.DER)).encode()


def last_bit(name: str) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        value = cbor2.loads(body)[name]
        return edited(body, **{name: value[:-1] + bytes([value[-1] ^ 1])})

    return change


def swapped_coordinates(body: bytes) -> bytes:
    point = cbor2.loads(body)["ECDH_ct"]
    return edited(body, ECDH_ct={**point, "x": point["y"], "y": point["x"]})


def of_another_handshake(body: bytes) -> bytes:
    """A whole M4 that another client got."""
    client, server = ClientHandshake(VAU.trust, CALLER), VauServer(VAU)
    return said(server, before_m4(client, server), "m3", untouched, NOW).body


RIGHT = VauServer(VAU)
MATRIX = {
    "M2 too large": (RIGHT, spoiling("m2", lambda body: body + bytes(2**16)), 2, Reason.SIZE),
    "M2 cut off": (RIGHT, spoiling("m2", lambda body: body[:-1]), 3, Reason.FORM),
    "M4 in the place of M2": (RIGHT, spoiling("m2", lambda _: M4(b"").encode()), 4, Reason.MESSAGE_TYPE),
    "M2 without ciphertext": (RIGHT, spoiling("m2", lambda body: edited(body, Kyber768_ct=None)), 5, Reason.FIELDS),
    "M2 with a point beside the curve": (RIGHT, spoiling("m2", swapped_coordinates), 6, Reason.POINT),
    "no VAU-CID": (RIGHT, spoiling("cid", lambda _: b""), 7, Reason.CID),
    "a VAU-CID without slash": (RIGHT, spoiling("cid", lambda _: b"VAU"), 7, Reason.CID),
    "a VAU-CID with a host": (RIGHT, spoiling("cid", lambda _: b"//localhost/VAU"), 7, Reason.CID),
    "a VAU-CID with a query": (RIGHT, spoiling("cid", lambda _: b"/VAU?a=b"), 7, Reason.CID),
    "a VAU-CID that climbs": (RIGHT, spoiling("cid", lambda _: b"/../VAU"), 7, Reason.CID),
    "a VAU-CID with a line feed": (RIGHT, spoiling("cid", lambda cid: cid + b"\n"), 7, Reason.CID),
    "a VAU-CID that is too long": (RIGHT, spoiling("cid", lambda _: b"/" + b"a" * 201), 7, Reason.CID),
    "signed keys for another": (RIGHT, spoiling("m2", last_bit("AEAD_ct")), 8, Reason.DECRYPTION),
    "another Kyber ciphertext": (RIGHT, spoiling("m2", last_bit("Kyber768_ct")), 8, Reason.DECRYPTION),
    "signed keys without hash": (shown(VAU, cert_hash=b""), spoiling("", bytes), 9, Reason.SIGNED_KEYS),
    "signed keys with a short signature": (shown(VAU, signature=b"rs"), spoiling("", bytes), 9, Reason.SIGNED_KEYS),
    "keys that are none": (shown(VAU, signed=b"\x00"), spoiling("", bytes), 10, Reason.VAU_KEYS),
    "keys for more than 30 days": (keyed(expires=30 * DAY + SKEW), spoiling("", bytes), 11, Reason.KEYS_LIFETIME),
    "keys that end before they begin": (keyed(expires=-DAY), spoiling("", bytes), 11, Reason.KEYS_LIFETIME),
    "keys of tomorrow": (keyed(issued=DAY, expires=2 * DAY), spoiling("", bytes), 11, Reason.KEYS_NOT_YET_VALID),
    "keys of yesterday": (keyed(issued=-2 * DAY, expires=-DAY), spoiling("", bytes), 11, Reason.KEYS_EXPIRED),
    "CertData that is none": (RIGHT, spoiling("cert", lambda _: b"<html>"), 3, Reason.FORM),
    "CertData without certificate": (RIGHT, spoiling("cert", lambda body: edited(body, cert=None)), 5, Reason.FIELDS),
    "another certificate of a VAU": (RIGHT, spoiling("cert", other_certificate), 12, Reason.CERT_HASH),
    "keys signed by another": (keyed(signer=OTHER), spoiling("", bytes), 14, Reason.SIGNATURE),
    "keys with the signature zero": (shown(VAU, signature=bytes(64)), spoiling("", bytes), 14, Reason.SIGNATURE),
    "M4 that is none": (RIGHT, spoiling("m4", lambda _: b""), 3, Reason.FORM),
    "M2 in the place of M4": (
        RIGHT,
        spoiling("m4", lambda body: edited(body, MessageType="M2")),
        4,
        Reason.MESSAGE_TYPE,
    ),
    "M4 without confirmation": (RIGHT, spoiling("m4", lambda _: b"\xa1\x6bMessageType\x62M4"), 5, Reason.FIELDS),
    "M4 changed": (RIGHT, spoiling("m4", last_bit("AEAD_ct_key_confirmation")), 15, Reason.KEY_CONFIRMATION),
    "M4 of another handshake": (RIGHT, spoiling("m4", of_another_handshake), 15, Reason.KEY_CONFIRMATION),
}


@pytest.mark.parametrize(("server", "spoil", "step", "reason"), MATRIX.values(), ids=MATRIX)
def test_a_handshake_is_refused_at_its_own_step_with_its_own_code(
    server: VauServer, spoil: Callable[[str, bytes], bytes], step: int, reason: Reason
) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        handshake(server, spoil)
    assert (refused.value.step, refused.value.reason) == (step, reason)


def test_a_whole_handshake_opens_a_channel_for_an_exchange_both_ways() -> None:
    server = VauServer(VAU)
    channel = handshake(server)
    assert (
        ask(server, channel, b"GET /epa/authz/v1/getNonce HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK") == b"HTTP/1.1 200 OK"
    )


def test_the_outer_requests_go_where_gematik_says() -> None:
    client, server = ClientHandshake(VAU.trust, CALLER), VauServer(VAU)
    m1 = client.start()
    m2 = said(server, m1, "", untouched, NOW)
    cert_data = client.receive_m2(m2.body, m2.headers[CID_HEADER], NOW)
    m3 = client.receive_cert_data(said(server, cert_data, "", untouched, NOW).body, NOW)
    assert [(it.method, it.path, it.headers.get("Content-Type")) for it in (m1, cert_data, m3)] == [
        ("POST", "/VAU", "application/cbor"),
        ("GET", f"/CertData.{VAU.signed.cert_hash.hex()}-1", None),
        ("POST", m2.headers[CID_HEADER], "application/cbor"),
    ]
    assert all(it.headers["x-useragent"] == CALLER.user_agent for it in (m1, cert_data, m3))


def test_a_handshake_after_a_login_names_the_pseudonym_of_the_user() -> None:
    again = replace(CALLER, pseudonym="0f" * 32)
    assert ClientHandshake(VAU.trust, again).start().headers["VAU-NP"] == "0f" * 32
    assert "VAU-NP" not in ClientHandshake(VAU.trust, CALLER).start().headers


@pytest.mark.parametrize(
    ("user_agent", "pseudonym"), [("", ""), ("A B/1", ""), ("A/1\r\n", ""), ("A/1", "short"), ("A/1", "0" * 63 + "\n")]
)
def test_what_may_not_stand_in_a_header_is_a_value_error(user_agent: str, pseudonym: str) -> None:
    with pytest.raises(ValueError, match=r"user"):
        Caller(user_agent, Environment.PU, pseudonym)


def test_keys_37_seconds_from_their_times_are_within_the_tolerance() -> None:
    near = timedelta(seconds=37)
    handshake(keyed(issued=near, expires=DAY))
    handshake(keyed(issued=-DAY, expires=-near))


def test_the_certificate_and_its_ocsp_answer_are_checked_within_the_handshake() -> None:
    with pytest.raises(CertificateRefused, match="issuer-key-unknown"):
        handshake(RIGHT, trust=VauTrust(VAU.responder.named_in(VAU.pki.look_alike().trust)))
    with pytest.raises(CertificateRevoked):
        handshake(VauServer(VAU.signing(NOW, ocsp=AnswerShape(revoked=timedelta(0)))))


def test_an_error_message_of_the_vau_ends_the_handshake_with_its_number() -> None:
    client = ClientHandshake(VAU.trust, CALLER)
    client.start()
    with pytest.raises(VauRefused) as refused:
        client.receive_m2(cbor2.dumps({"MessageType": "Error", "ErrorCode": 4, "ErrorMessage": ""}), "/VAU/1", NOW)
    assert (refused.value.code, client.state) == (4, State.OVER)


AGAIN: dict[str, Callable[[ClientHandshake], object]] = {
    "start": lambda client: client.start(),
    "M2": lambda client: client.receive_m2(b"", "/VAU", NOW),
    "CertData": lambda client: client.receive_cert_data(VAU.cert_data.encode(), NOW),
    "M4": lambda client: client.receive_m4(b"", NOW),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_whatever_comes_again_after_the_channel_is_open_is_out_of_its_turn(
    again: Callable[[ClientHandshake], object],
) -> None:
    client, server = ClientHandshake(VAU.trust, CALLER), VauServer(VAU)
    client.receive_m4(said(server, before_m4(client, server), "", untouched, NOW).body, NOW)
    assert client.state is State.OPEN
    with pytest.raises(HandshakeRefused, match="step 1: out-of-turn"):
        again(client)


def test_messages_in_another_order_are_out_of_their_turn_and_end_the_handshake() -> None:
    client = ClientHandshake(VAU.trust, CALLER)
    m2 = said(VauServer(VAU), client.start(), "", untouched, NOW)
    with pytest.raises(HandshakeRefused, match="step 1: out-of-turn"):
        client.receive_m4(b"", NOW)
    with pytest.raises(HandshakeRefused, match="step 1: out-of-turn"):
        client.receive_m2(m2.body, m2.headers[CID_HEADER], NOW)


def test_a_handshake_that_was_refused_is_over() -> None:
    client = ClientHandshake(VAU.trust, CALLER)
    m2 = said(VauServer(VAU), client.start(), "", untouched, NOW)
    with pytest.raises(HandshakeRefused, match="cid"):
        client.receive_m2(m2.body, "", NOW)
    with pytest.raises(HandshakeRefused, match="out-of-turn"):
        client.receive_m2(m2.body, m2.headers[CID_HEADER], NOW)


def refuses(spoil: Callable[[str, bytes], bytes]) -> None:
    with pytest.raises((ProofFailed, VauRefused)):
        handshake(VauServer(VAU), spoil)


def flipping(index: int, bit: int) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        at = index % len(body)
        return body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :]

    return change


@pytest.mark.parametrize("message", ["m1", "m2", "m3", "m4"])
@given(index=st.integers(0, 5000), bit=st.integers(0, 7))
@settings(max_examples=60)
def test_a_flipped_bit_anywhere_in_the_handshake_is_refused_by_one_of_the_two(
    message: str, index: int, bit: int
) -> None:
    refuses(spoiling(message, flipping(index, bit)))


@pytest.mark.parametrize("message", ["m1", "m2", "m3", "m4", "cert"])
@given(length=st.integers(1, 5000))
@settings(max_examples=20)
def test_a_handshake_message_that_was_cut_off_is_refused(message: str, length: int) -> None:
    refuses(spoiling(message, lambda body: body[: -1 - length % len(body)]))


@pytest.mark.parametrize("name", ["cert", "ca"])
def test_a_flipped_bit_anywhere_in_the_certificates_is_refused(name: str) -> None:
    client, server = ClientHandshake(VAU.trust, CALLER), VauServer(VAU)
    body = VAU.cert_data.encode()
    m2 = said(server, client.start(), "", untouched, NOW)
    client.receive_m2(m2.body, m2.headers[CID_HEADER], NOW)
    stage = client._stage
    for index in range(len(cbor2.loads(body)[name])):
        der = bytearray(cbor2.loads(body)[name])
        der[index] ^= 1 << index % 8
        client._stage = stage
        with pytest.raises(HandshakeRefused, match=r"step (12: cert-hash|13: authority)"):
            client.receive_cert_data(edited(body, **{name: bytes(der)}), NOW)


def test_every_bit_of_m4_counts() -> None:
    client, server = ClientHandshake(VAU.trust, CALLER), VauServer(VAU)
    m4 = said(server, before_m4(client, server), "", untouched, NOW).body
    stage = client._stage
    for position in range(8 * len(m4)):
        client._stage = stage
        with pytest.raises(HandshakeRefused):
            client.receive_m4(flipping(position // 8, position % 8)(m4), NOW)
    client._stage = stage
    client.receive_m4(m4, NOW)


def test_the_chain_above_the_ca_is_ignored_since_the_ca_itself_is_trusted() -> None:
    handshake(VauServer(VAU), spoiling("cert", lambda body: edited(body, rca_chain=[b"nonsense"])))
