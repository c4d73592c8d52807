"""Our VAU client and our simulated VAU, each with gematik's lib-vau at the other end.

    LIB_VAU=<class path> .venv/bin/python -m pytest tests/interoperability/with_lib_vau.py

Its name keeps it out of `make test`, since lib-vau is built outside of this project. With LINKEXCHANGE_RECORD=1 it
writes the exchanges down as vectors, which `tests/ti_adapter/vau/test_recorded.py` reads.
"""

from __future__ import annotations

import json
import os
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from interoperability.peer import LIB_VAU, Peer, PeerRefused
from simulated_vau import CALLER, said, untouched

from ti_adapter.simulator.vau import VauServer
from ti_adapter.simulator.vau_connection import WaitingHandshake
from ti_adapter.simulator.vau_identity import VauIdentity
from ti_adapter.vau import ClientChannel, ClientHandshake, HandshakeRefused, MessageRefused, OuterRequest
from ti_adapter.vau.kem import KemKeys
from ti_adapter.vau.outer import CBOR, CID_HEADER, post
from ti_adapter.vau.stages import Begun, Proven

VECTORS = Path(__file__).parents[1] / "ti_adapter" / "vau" / "recorded"
REQUEST, RESPONSE = b"GET /epa/authz/v1/getNonce HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n{}"


def now() -> datetime:
    return datetime.now(UTC)


def shown(identity: VauIdentity, folder: Path) -> Path:
    """What a server needs in order to sign its keys, as files."""
    key = identity.card.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.der").write_bytes(key)
    (folder / "certificate.der").write_bytes(identity.cert_data.certificate)
    (folder / "ocsp.der").write_bytes(identity.signed.ocsp_response)
    return folder


def record(name: str, **values: bytes) -> None:
    if os.environ.get("LINKEXCHANGE_RECORD"):
        VECTORS.mkdir(exist_ok=True)
        told = {"peer": f"lib-vau {LIB_VAU.version()}", "recorded": now().date().isoformat()}
        text = json.dumps({**told, **{key: value.hex() for key, value in values.items()}}, indent=1)
        (VECTORS / f"{name}.json").write_text(f"{text}\n")


def private(keys: KemKeys) -> dict[str, bytes]:
    return {
        "ecdh": keys.ecdh.private_numbers().private_value.to_bytes(32, "big"),
        "kyber": keys.kyber.private_bytes_raw(),
    }


def opened(client: ClientHandshake, lib_vau: Peer, identity: VauIdentity) -> tuple[ClientChannel, dict[str, bytes]]:
    """A handshake of our client with lib-vau's server; what was said, and the keys behind it."""
    m1 = client.start().body
    begun = client._stage
    assert isinstance(begun, Begun)
    m2 = lib_vau.say("handshake", m1)
    client.receive_m2(m2, "/VAU/1", now())
    m3 = client.receive_cert_data(identity.cert_data.encode(), now()).body
    proven = client._stage
    assert isinstance(proven, Proven)
    m4 = lib_vau.say("handshake", m3)
    second = b"".join(getattr(proven.second, each.name) for each in fields(proven.second))
    messages = {"m1": m1, "m2": m2, "m3": m3, "m4": m4, "second": second}
    return client.receive_m4(m4, now()), {**private(begun.own), **messages}


def test_our_client_exchanges_messages_with_their_server(tmp_path: Path) -> None:
    identity = VauIdentity.issue(now())
    client = ClientHandshake(identity.trust, CALLER)
    with LIB_VAU.running("server", shown(identity, tmp_path)) as lib_vau:
        channel, told = opened(client, lib_vau, identity)
        for _ in range(3):
            pending = channel.seal(REQUEST, now())
            assert lib_vau.say("decrypt", pending.request.body) == REQUEST
            response = lib_vau.say("encrypt", RESPONSE)
            assert pending.open(response) == RESPONSE
    certificate = identity.cert_data.certificate
    record("their-server", **told, certificate=certificate, request=pending.request.body, response=response)


def test_our_client_finds_what_was_changed_on_the_way_from_their_server(tmp_path: Path) -> None:
    identity = VauIdentity.issue(now())
    with LIB_VAU.running("server", shown(identity, tmp_path)) as lib_vau:
        channel, _ = opened(ClientHandshake(identity.trust, CALLER), lib_vau, identity)
        pending = channel.seal(REQUEST, now())
        lib_vau.say("decrypt", pending.request.body)
        response = lib_vau.say("encrypt", RESPONSE)
        with pytest.raises(MessageRefused, match="tag"):
            pending.open(response[:-1] + bytes([response[-1] ^ 1]))


def test_our_client_refuses_their_server_when_another_has_signed_its_keys(tmp_path: Path) -> None:
    identity, other = VauIdentity.issue(now()), VauIdentity.issue(now())
    folder = shown(identity, tmp_path)
    key = other.card.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.der").write_bytes(key)
    with LIB_VAU.running("server", folder) as lib_vau, pytest.raises(HandshakeRefused, match="step 14: signature"):
        opened(ClientHandshake(identity.trust, CALLER), lib_vau, identity)


def test_their_server_refuses_our_messages_when_they_were_changed(tmp_path: Path) -> None:
    identity = VauIdentity.issue(now())
    with LIB_VAU.running("server", shown(identity, tmp_path)) as lib_vau:
        channel, _ = opened(ClientHandshake(identity.trust, CALLER), lib_vau, identity)
        message = channel.seal(REQUEST, now()).request.body
        with pytest.raises(PeerRefused, match="VauDecryptionException"):
            lib_vau.say("decrypt", message[:-1] + bytes([message[-1] ^ 1]))


def arriving(path: str, body: bytes) -> OuterRequest:
    return post(path, CBOR, body, CALLER.headers())


def test_their_client_exchanges_messages_with_our_simulated_vau() -> None:
    server = VauServer(VauIdentity.issue(now()))
    with LIB_VAU.running("client") as lib_vau:
        m1 = lib_vau.say("m1")
        answer = said(server, arriving("/VAU", m1), "", untouched, now())
        cid = answer.headers[CID_HEADER]
        waiting = server.connections[cid]
        assert isinstance(waiting, WaitingHandshake)
        m3 = lib_vau.say("m2", answer.body)
        m4 = said(server, arriving(cid, m3), "", untouched, now()).body
        lib_vau.say("m4", m4)
        channel = server.connections[cid]
        assert not isinstance(channel, WaitingHandshake)
        for _ in range(3):
            message = lib_vau.say("encrypt", REQUEST)
            inner = channel.open(message)
            assert inner.plaintext == REQUEST
            assert lib_vau.say("decrypt", inner.seal(RESPONSE)) == RESPONSE
    keys = private(server.identity.keys)
    record("their-client", **keys, m1=m1, m2=answer.body, m3=m3, first=waiting.first, request=message)


def test_our_simulated_vau_finds_what_was_changed_on_the_way_from_their_client() -> None:
    server = VauServer(VauIdentity.issue(now()))
    with LIB_VAU.running("client") as lib_vau:
        answer = said(server, arriving("/VAU", lib_vau.say("m1")), "", untouched, now())
        m3 = lib_vau.say("m2", answer.body)
        with pytest.raises(HandshakeRefused, match="step 15: key-confirmation"):
            said(
                server,
                arriving(answer.headers[CID_HEADER], m3[:-2] + bytes([m3[-2] ^ 1]) + m3[-1:]),
                "",
                untouched,
                now(),
            )


def test_their_client_refuses_our_m4_when_it_was_changed() -> None:
    server = VauServer(VauIdentity.issue(now()))
    with LIB_VAU.running("client") as lib_vau:
        answer = said(server, arriving("/VAU", lib_vau.say("m1")), "", untouched, now())
        m3 = lib_vau.say("m2", answer.body)
        m4 = said(server, arriving(answer.headers[CID_HEADER], m3), "", untouched, now()).body
        with pytest.raises(PeerRefused, match="IllegalArgumentException"):
            lib_vau.say("m4", m4[:-1] + bytes([m4[-1] ^ 1]))
