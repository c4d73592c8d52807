"""What is fuzzed of the VAU: each target takes bytes, and only a `TiError` may come out of it.

What lies behind a key is sealed here, so that the fuzzer reaches it. Where something is believed, it has to be what was
sealed, signed or said. `PLANTED` leaves out a check, by which a fuzzer shows that it would find that.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

import cbor2
import h11
import httpx
from simulated_vau import CALLER, NOW, identity

from ti_adapter.errors import TiError
from ti_adapter.simulator import vau_app
from ti_adapter.simulator.vau_connection import WaitingHandshake
from ti_adapter.vau import cbor, codec, inner, keys
from ti_adapter.vau.channel import PendingRequest
from ti_adapter.vau.codec import Direction, Lane
from ti_adapter.vau.errors import HandshakeRefused, MessageRefused, Reason
from ti_adapter.vau.inner import Exchange, InnerRequest, InnerResponse
from ti_adapter.vau.keys import FirstKeys
from ti_adapter.vau.messages import M2, M3, M4, CertData, SecondCiphertexts, SignedKeys, VauKeys
from ti_adapter.vau.outer import CID_HEADER, OuterRequest
from ti_adapter.vau.stages import KEYS_LIFETIME_MAX, Begun
from ti_adapter.vau.transport import VauTransport

VAU = identity()
ORIGIN = httpx.URL("https://epa.example")
CID = "/VAU/0123456789abcdef"
_BEGUN = Begun.anew()
_WAITING, _M2 = WaitingHandshake.answer(_BEGUN.said, VAU)
_CIPHERTEXTS = M2.decode(_M2).ciphertexts
_SHOWN = _BEGUN.receive_m2(_M2, CID, NOW)
_PROVEN = _SHOWN.receive_cert_data(VAU.cert_data.encode(), VAU.trust, NOW)
_, _M4 = _WAITING.finish(_PROVEN.m3, CALLER.environment, NOW)
_SAID = sha256(_PROVEN.said).digest()
_RESPONSES = Lane(Direction.RESPONSE, CALLER.environment, _PROVEN.second.key_id, _PROVEN.second.s2c_app_data)
_COUNTER, _ANSWER = 7, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"
_ASKED = InnerRequest(b"GET", b"/epa/authz/v1/getNonce", [(b"Host", b"epa.example")])
_SECONDS_MAX = 40


def fields(content: bytes) -> None:
    """Any map: its fields are as many as it says, and nothing stands behind them."""
    read = cbor.read_map(content)
    stated = content[0] - 0xA0
    assert stated == len(read) or stated > 0x17
    with suppress(HandshakeRefused):
        cbor.read_map(content[:-1])
        raise AssertionError("a map with something behind it")


def m1(content: bytes) -> None:
    """M1, as the simulated VAU reads it."""
    WaitingHandshake.answer(content, VAU)


def m2(content: bytes) -> None:
    """M2 as it comes: what it hides is what the VAU has hidden."""
    assert _BEGUN.receive_m2(content, CID, NOW).signed == VAU.signed


def cid(content: bytes) -> None:
    """The header VAU-CID: it names no other host."""
    shown = _BEGUN.receive_m2(_M2, content.decode("latin-1"), NOW)
    assert ORIGIN.join(shown.path) == ORIGIN.copy_with(path=shown.path)


def signed_keys(content: bytes) -> None:
    """What M2 hides."""
    hidden = keys.encrypt(FirstKeys.derive(_SHOWN.first).s2c, content)
    _BEGUN.receive_m2(M2(_CIPHERTEXTS, hidden).encode(), CID, NOW)


def vau_keys(content: bytes) -> None:
    """What the VAU has signed: keys that are used now, and for 30 days at most."""
    signed = VAU.signed
    signed_keys(SignedKeys(content, signed.signature, signed.cert_hash, signed.cdv, signed.ocsp_response).encode())
    read, now = VauKeys.decode(content), NOW.timestamp()
    assert read.issued - _SECONDS_MAX < now < read.expires + _SECONDS_MAX
    assert read.expires - read.issued <= KEYS_LIFETIME_MAX.total_seconds()


def cert_data(content: bytes) -> None:
    """The certificate of the VAU, which M2 has named by its hash."""
    _SHOWN.receive_cert_data(content, VAU.trust, NOW)
    assert CertData.decode(content).certificate == VAU.cert_data.certificate


def m3(content: bytes) -> None:
    """M3, as the simulated VAU reads it: only the client's own is believed."""
    _WAITING.finish(content, CALLER.environment, NOW)
    assert M3.decode(content) == M3.decode(_PROVEN.m3)


def ciphertexts(content: bytes) -> None:
    """What M3 hides, as the simulated VAU reads it."""
    VAU.keys.decapsulate(SecondCiphertexts.decode(content).ciphertexts)


def m4(content: bytes) -> None:
    """M4 as it comes: only the VAU's own is believed."""
    _PROVEN.receive_m4(content)
    assert M4.decode(content) == M4.decode(_M4)


def confirmation(content: bytes) -> None:
    """What M4 hides."""
    _PROVEN.receive_m4(M4(keys.encrypt(_PROVEN.second.s2c_key_confirmation, content)).encode())
    assert content == _SAID


def message(content: bytes) -> None:
    """A message in the channel: what is opened is what was sealed."""
    pending = PendingRequest(OuterRequest("POST", CID, {}), _RESPONSES, _COUNTER)
    assert pending.open(content) == _ANSWER


def response(content: bytes) -> None:
    """The HTTP in the channel: one response, whole, not compressed, nothing behind it."""
    exchange = Exchange(_ASKED)
    exchange.write()
    read = exchange.read(content)
    assert all(value == b"identity" for name, value in read.headers if name == b"content-encoding")
    assert b"transfer-encoding" in dict(read.headers) or content.endswith(read.body)
    assert httpx.Response(read.status, headers=read.headers, content=read.body).content == read.body


def request(content: bytes) -> None:
    """The HTTP in the channel, as the simulated VAU reads it: a request, or none."""
    with suppress(h11.RemoteProtocolError):
        vau_app._read(h11.Connection(h11.SERVER), content)


def outer(content: bytes) -> None:
    """The first outer answer: three digits of its status, a line of VAU-CID, its body."""
    status, (line, _, body) = content[:3], content[3:].partition(b"\n")
    if not status.isdigit() or not 200 <= int(status) <= 599:
        return
    answer = httpx.Response(int(status), headers=[(CID_HEADER.encode(), line)], stream=httpx.ByteStream(body))
    with httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(lambda _: answer)) as client:
        transport = VauTransport(client, lambda: VAU.trust, CALLER, lambda: NOW)
        transport.handle_request(httpx.Request("GET", ORIGIN))


_WRITTEN = b"POST /a HTTP/1.1\r\nHost: epa.example\r\nContent-Length: 2\r\n\r\n{}"
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\nX: y\r\n\r\n"
_REFUSAL = cbor2.dumps({"MessageType": "Error", "ErrorCode": 4, "ErrorMessage": "no"})

Target = Callable[[bytes], None]
SEEDS: Mapping[Target, tuple[bytes, ...]] = {
    fields: (cbor2.dumps({"a": 1, "b": b"2"}), _REFUSAL, b"\xbf\x61a\x61b\xff", cbor2.dumps({"a": {"b": ["c", 1.5]}})),
    m1: (_BEGUN.said,),
    m2: (_M2, _REFUSAL),
    cid: (CID.encode(),),
    signed_keys: (VAU.signed.encode(),),
    vau_keys: (VAU.signed.signed,),
    cert_data: (VAU.cert_data.encode(),),
    m3: (_PROVEN.m3,),
    ciphertexts: (SecondCiphertexts(_CIPHERTEXTS).encode(),),
    m4: (_M4, _REFUSAL),
    confirmation: (_SAID,),
    message: (codec.seal_message(_RESPONSES, _ANSWER, request=_COUNTER, encryption=1),),
    response: (_ANSWER, _CHUNKED, b"HTTP/1.1 204 No Content\r\nContent-Encoding: identity\r\n\r\n"),
    request: (
        _WRITTEN,
        b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ),
    outer: (b"200" + CID.encode() + b"\n" + _M2, b"400\n" + _REFUSAL, b"302\n"),
}
TARGETS = tuple(SEEDS)


def one_input(content: bytes) -> None:
    """The first byte says which target gets the rest."""
    if content:
        with suppress(TiError):
            TARGETS[content[0] % len(TARGETS)](content[1:])


def seeds() -> Iterator[bytes]:
    """Well-formed inputs for each target."""
    for number, rows in enumerate(SEEDS.values()):
        yield from (bytes((number,)) + row for row in rows)


# --- planted bugs: each leaves out one check that the product makes --------------------------------------------------


def _without_an_end(body: bytes) -> Mapping[str, object]:
    try:
        decoded = cbor2.load(io.BytesIO(body), max_depth=4)
    except Exception as wrong:
        raise HandshakeRefused(3, Reason.FORM) from wrong
    if not isinstance(decoded, dict) or not all(isinstance(key, str) for key in decoded):
        raise HandshakeRefused(3, Reason.FORM)
    return decoded


def _without_kind(fields: Mapping[str, object], name: str, _: type) -> object:
    return fields[name]


def _without_encoding(self: Exchange) -> InnerResponse:
    head, body = self._connection.next_event(), bytearray()
    if not isinstance(head, h11.Response):
        raise MessageRefused(9, Reason.INNER)
    while isinstance(event := self._connection.next_event(), h11.Data):
        body += event.data
    return InnerResponse(head.status_code, list(head.headers), bytes(body))


def plant(name: str) -> None:
    """Put one bug into the product, in this process."""
    where, attribute, bug = PLANTED[name]
    setattr(where, attribute, bug)


PLANTED: Mapping[str, tuple[Any, str, Any]] = {
    "map": (cbor, "read_map", _without_an_end),
    "kind": (cbor, "field", _without_kind),
    "encoding": (inner.Exchange, "_response", _without_encoding),
}
