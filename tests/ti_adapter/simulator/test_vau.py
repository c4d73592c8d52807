from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest
from simulated_vau import CALLER, NOW, ask, asked, before_m4, edited, handshake, identity, said, spoiling, untouched

from ti_adapter.simulator.vau import CONNECTIONS_MAX, OuterAnswer, VauErrorCode, VauServer
from ti_adapter.vau import ClientHandshake, Environment, HandshakeRefused, MessageRefused, OuterRequest, Reason
from ti_adapter.vau.errors import OuterRefused

VAU = identity()


def last_bit(name: str) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        value = cbor2.loads(body)[name]
        return edited(body, **{name: value[:-1] + bytes([value[-1] ^ 1])})

    return change


HANDSHAKES = {
    "M1 that is none": ("m1", lambda _: b"", 3, Reason.FORM),
    "an error in the place of M1": ("m1", lambda _: cbor2.dumps({"MessageType": "Error"}), 4, Reason.MESSAGE_TYPE),
    "M1 without Kyber key": ("m1", lambda body: edited(body, Kyber768_PK=None), 5, Reason.FIELDS),
    "M1 with a Kyber key out of range": ("m1", lambda body: edited(body, Kyber768_PK=b"\xff" * 1184), 6, "kyber-key"),
    "M3 of another kind": ("m3", lambda body: edited(body, MessageType="M1"), 4, Reason.MESSAGE_TYPE),
    "M3 without confirmation": ("m3", lambda body: edited(body, AEAD_ct_key_confirmation=None), 5, Reason.FIELDS),
    "M3 changed": ("m3", last_bit("AEAD_ct"), 8, Reason.DECRYPTION),
    "M3 with another confirmation": ("m3", last_bit("AEAD_ct_key_confirmation"), 15, Reason.KEY_CONFIRMATION),
}


@pytest.mark.parametrize(("message", "change", "step", "reason"), HANDSHAKES.values(), ids=HANDSHAKES)
def test_a_handshake_is_refused_by_the_vau_at_its_own_step(
    message: str, change: Callable[[bytes], bytes], step: int, reason: Reason
) -> None:
    with pytest.raises(HandshakeRefused) as refused:
        handshake(VauServer(VAU), spoiling(message, change))
    assert (refused.value.step, refused.value.reason) == (step, reason)


def test_a_refusal_travels_as_an_error_message_with_a_number() -> None:
    server = VauServer(VAU)
    answer = server.receive(OuterRequest("POST", "/VAU", ClientHandshake(VAU.trust, CALLER).start().headers, b""), NOW)
    assert isinstance(answer, OuterAnswer)
    assert answer.status == 400
    assert cbor2.loads(answer.body) == {
        "MessageType": "Error",
        "ErrorCode": VauErrorCode.DECODING,
        "ErrorMessage": "VAU handshake, step 3: form",
    }


def test_m3_comes_once_and_neither_again_nor_for_another_handshake() -> None:
    server = VauServer(VAU)
    m3 = before_m4(ClientHandshake(VAU.trust, CALLER), server)
    other = before_m4(ClientHandshake(VAU.trust, CALLER), server)
    said(server, m3, "", untouched, NOW)
    with pytest.raises(HandshakeRefused, match="step 1: out-of-turn"):
        said(server, m3, "", untouched, NOW)
    with pytest.raises(HandshakeRefused, match="step 8: decryption"):
        said(server, replace(m3, path=other.path), "", untouched, NOW)
    with pytest.raises(HandshakeRefused, match="step 7: cid"):
        said(server, other, "", untouched, NOW)


def test_the_keys_of_an_identity_serve_the_handshakes_that_began_with_them() -> None:
    server = VauServer(VAU)
    client = ClientHandshake(VAU.trust, CALLER)
    m3 = before_m4(client, server)
    server.identity = VAU.issue(NOW)
    client.receive_m4(said(server, m3, "", untouched, NOW).body, NOW)


def spoiled(request: OuterRequest, **changes: object) -> OuterRequest:
    """With other headers (a name with underscores, None takes it out), path, method or body."""
    headers = {
        name.replace("_", "-"): value for name, value in changes.items() if name not in {"path", "method", "body"}
    }
    kept = {name: value for name, value in {**request.headers, **headers}.items() if value is not None}
    rest = {name: value for name, value in changes.items() if name in {"path", "method", "body"}}
    return replace(request, headers=kept, **rest)  # type: ignore[arg-type]


OUTER = {
    "another method": ({"method": "PUT"}, 1, Reason.PATH),
    "a path to get that is none": ({"method": "GET"}, 1, Reason.PATH),
    "no user agent": ({"x_useragent": None}, 2, Reason.USER_AGENT),
    "another user agent": ({"x_useragent": "curl"}, 2, Reason.USER_AGENT),
    "no media type": ({"Content_Type": None}, 3, Reason.MEDIA_TYPE),
    "JSON": ({"Content_Type": "application/json"}, 3, Reason.MEDIA_TYPE),
    "no keys for tracing": ({"VAU_nonPU_Tracing": None}, 4, Reason.TRACING),
    "other keys for tracing": ({"VAU_nonPU_Tracing": "YQ== YQ=="}, 4, Reason.TRACING),
}


@pytest.mark.parametrize(("changes", "step", "reason"), OUTER.values(), ids=OUTER)
def test_an_outer_request_is_refused_at_its_own_step(changes: dict[str, object], step: int, reason: Reason) -> None:
    server = VauServer(VAU)
    request = handshake(server).seal(b"GET", NOW).request
    with pytest.raises(OuterRefused) as refused:
        asked(server, spoiled(request, **changes))
    assert (refused.value.step, refused.value.reason) == (step, reason)


def test_in_production_keys_for_tracing_are_refused_and_all_else_works() -> None:
    server, caller = VauServer(VAU, Environment.PU), replace(CALLER, environment=Environment.PU)
    channel = handshake(server, caller=caller)
    ask(server, channel, b"GET")
    with pytest.raises(OuterRefused, match="step 4: tracing-header"):
        asked(server, spoiled(channel.seal(b"GET", NOW).request, VAU_nonPU_Tracing="YQ== YQ=="))


def test_a_request_of_the_test_environment_is_refused_in_production() -> None:
    server = VauServer(VAU)
    channel = handshake(server)
    server.environment = Environment.PU
    with pytest.raises(OuterRefused, match="tracing"):
        asked(server, channel.seal(b"GET", NOW).request)


def test_a_channel_of_the_other_environment_is_refused() -> None:
    server = VauServer(VAU)
    channel = handshake(server, caller=replace(CALLER, environment=Environment.PU))
    with pytest.raises(OuterRefused, match="tracing"):
        asked(server, channel.seal(b"GET", NOW).request)


def test_a_replayed_request_is_refused_and_requests_in_another_order_are_not() -> None:
    server = VauServer(VAU)
    channel = handshake(server)
    first, second = channel.seal(b"one", NOW), channel.seal(b"two", NOW)
    assert [asked(server, it.request).plaintext for it in (second, first)] == [b"two", b"one"]
    for again in (first, second):
        with pytest.raises(MessageRefused, match="step 6: counter"):
            asked(server, again.request)


def test_a_forged_request_neither_uses_a_counter_up_nor_ends_the_channel() -> None:
    server = VauServer(VAU)
    channel = handshake(server)
    pending = channel.seal(b"GET", NOW)
    with pytest.raises(MessageRefused, match="step 7: tag"):
        asked(server, spoiled(pending.request, body=pending.request.body[:-1] + bytes([pending.request.body[-1] ^ 1])))
    assert asked(server, pending.request).plaintext == b"GET"


def test_a_request_before_the_handshake_is_over_is_out_of_its_turn() -> None:
    server = VauServer(VAU)
    m3 = before_m4(ClientHandshake(VAU.trust, CALLER), server)
    with pytest.raises(HandshakeRefused, match="step 1: out-of-turn"):
        asked(server, spoiled(m3, Content_Type="application/octet-stream"))


def test_a_channel_that_nobody_knows_or_whose_day_is_over_is_not_found() -> None:
    server = VauServer(VAU)
    request = handshake(server).seal(b"GET", NOW).request
    with pytest.raises(HandshakeRefused, match="step 7: cid"):
        asked(server, replace(request, path="/VAU/unknown"))
    with pytest.raises(HandshakeRefused, match="step 7: cid"):
        asked(server, request, NOW + timedelta(hours=24))
    with pytest.raises(HandshakeRefused, match="step 7: cid"):
        asked(server, request)


def test_the_oldest_of_too_many_connections_makes_room() -> None:
    server = VauServer(VAU)
    oldest, client = handshake(server), ClientHandshake(VAU.trust, CALLER)
    m1 = client.start()
    for _ in range(CONNECTIONS_MAX):
        said(server, m1, "", untouched, NOW)
    assert len(server.connections) == CONNECTIONS_MAX
    with pytest.raises(HandshakeRefused, match="step 7: cid"):
        asked(server, oldest.seal(b"GET", NOW).request)
