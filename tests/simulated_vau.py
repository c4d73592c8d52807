"""Both ends of a VAU in one process: whatever the one says is handed to the other, and may be spoiled on its way.

server = VauServer(identity())
channel = handshake(server)
ask(server, channel, b"GET / HTTP/1.1\r\n\r\n")
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache

import cbor2

from ti_adapter.simulator.vau import InnerRequest, OuterAnswer, VauServer
from ti_adapter.simulator.vau_identity import VauIdentity
from ti_adapter.vau import Caller, ClientChannel, ClientHandshake, Environment, OuterRequest, VauTrust
from ti_adapter.vau.outer import CID_HEADER

NOW = datetime(2026, 3, 1, 4, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=13)))
CALLER = Caller("ABCDEFGHIJKLMNOPQRST/0.1", Environment.NON_PU)

Spoil = Callable[[str, bytes], bytes]


@cache
def identity() -> VauIdentity:
    """One VAU for all tests: making its keys costs more than talking to it."""
    return VauIdentity.issue(NOW)


def untouched(_: str, body: bytes) -> bytes:
    return body


def edited(body: bytes, **changes: object) -> bytes:
    """A message with other values for some of its fields; None takes one out."""
    fields = {**cbor2.loads(body), **changes}
    return cbor2.dumps({name: value for name, value in fields.items() if value is not None})


def spoiling(message: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Changes one of the messages m1, m2, cid, cert, m3 and m4."""
    return lambda name, body: change(body) if name == message else body


def handshake(
    server: VauServer,
    spoil: Spoil = untouched,
    *,
    trust: VauTrust | None = None,
    caller: Caller = CALLER,
    now: datetime = NOW,
) -> ClientChannel:
    """A whole handshake; raises what the client raises, or what the server has refused by."""
    client = ClientHandshake(trust or server.identity.trust, caller)
    at_m4 = before_m4(client, server, spoil, now)
    return client.receive_m4(spoil("m4", said(server, at_m4, "m3", spoil, now).body), now)


def before_m4(
    client: ClientHandshake, server: VauServer, spoil: Spoil = untouched, now: datetime = NOW
) -> OuterRequest:
    """A handshake up to M3, which is given."""
    m2 = said(server, client.start(), "m1", spoil, now)
    cid = spoil("cid", m2.headers[CID_HEADER].encode()).decode()
    asked = client.receive_m2(spoil("m2", m2.body), cid, now)
    return client.receive_cert_data(spoil("cert", said(server, asked, "", spoil, now).body), now)


def said(server: VauServer, request: OuterRequest, name: str, spoil: Spoil, now: datetime) -> OuterAnswer:
    """What the server answers to a message of a handshake; raises what it refuses by."""
    spoiled = OuterRequest(request.method, request.path, request.headers, spoil(name, request.body))
    answer = server.receive(spoiled, now)
    assert isinstance(answer, OuterAnswer)
    if answer.refused:
        raise answer.refused
    return answer


def asked(server: VauServer, request: OuterRequest, now: datetime = NOW) -> InnerRequest:
    """What was asked inside the channel; raises what it is refused by."""
    answer = server.receive(request, now)
    if isinstance(answer, InnerRequest):
        return answer
    assert answer.refused
    raise answer.refused


def ask(
    server: VauServer, channel: ClientChannel, plaintext: bytes, response: bytes = b"HTTP/1.1 204 No Content"
) -> bytes:
    """There and back: the server must read what was asked; what the client reads is given."""
    pending = channel.seal(plaintext, NOW)
    inner = asked(server, pending.request)
    assert inner.plaintext == plaintext
    return pending.open(server.respond(inner, response).body)
