from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import cbor2
import httpx
import pytest
from simulated_vau import CALLER, NOW, identity

from ti_adapter.errors import CertificateRefused
from ti_adapter.simulator.vau import InnerRequest, VauServer
from ti_adapter.vau import (
    ChannelLimits,
    HandshakeRefused,
    MessageRefused,
    OuterRequest,
    VauRefused,
    VauSilent,
)
from ti_adapter.vau.transport import VauTransport
from ti_adapter.vau.trust import VauTrust

ORIGIN = "https://record.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

Answer = Callable[[httpx.Request], httpx.Response | None]


def said(status: int, body: bytes, **headers: str) -> httpx.Response:
    """As it comes from a line: unread."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


@dataclass
class Record:
    """A record system behind HTTP: its VAU, and what it answers inside; `first` may answer in its place."""

    vau: VauServer = field(default_factory=lambda: VauServer(identity()))
    inner: bytes = OK
    first: Answer = lambda _: None
    now: datetime = NOW
    plaintexts: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    outer: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        self.outer.append(request)
        return self.first(request) or self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        asked = OuterRequest(request.method, request.url.path, dict(request.headers), request.read())
        answer = self.vau.receive(asked, self.now)
        if isinstance(answer, InnerRequest):
            self.plaintexts.append(answer.plaintext)
            answer = self.vau.respond(answer, self.inner)
        return said(answer.status, answer.body, **answer.headers)

    def transport(self, trust: VauTrust | None = None, **settings: object) -> VauTransport:
        outer = httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(self.answer))
        return VauTransport(outer, lambda: trust or identity().trust, CALLER, lambda: self.now, **settings)  # type: ignore[arg-type]


def client(transport: VauTransport) -> httpx.Client:
    return httpx.Client(base_url=ORIGIN, transport=transport)


def handshakes(record: Record) -> int:
    return record.paths.count("/VAU")


def test_requests_travel_inside_the_channel_and_nothing_of_them_outside() -> None:
    record = Record()
    asking = client(record.transport())
    answer = asking.post("/epa/authz/v1/send_authcode_sc", json={"a": 1}, headers={"x-insurantid": "A123456789"})
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (200, {}, "application/json")
    head, _, body = record.plaintexts[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /epa/authz/v1/send_authcode_sc HTTP/1.1\r\nHost: record.example\r\n")
    assert (json.loads(body), b"x-insurantid: A123456789" in head, b"Accept-Encoding: identity" in head) == (
        {"a": 1},
        True,
        True,
    )
    outside = b"".join(it.url.raw_path + repr(it.headers).encode() + it.read() for it in record.outer)
    assert b"A123456789" not in outside
    assert b"send_authcode_sc" not in outside


def test_one_channel_serves_many_requests_of_many_threads() -> None:
    record = Record()
    asking = client(record.transport())
    with ThreadPoolExecutor(4) as threads:
        assert {it.status_code for it in threads.map(lambda _: asking.get("/"), range(40))} == {200}
    assert (handshakes(record), len(record.plaintexts)) == (1, 40)


def test_the_channel_is_renewed_when_its_day_is_over_and_when_its_counter_is_used_up() -> None:
    record = Record()
    transport = record.transport(limits=ChannelLimits(requests=2))
    asking, names = client(transport), []
    for _ in range(3):
        asking.get("/")
        names.append(transport.key_id)
    assert [names[0] == names[1], names[1] == names[2], handshakes(record)] == [True, False, 2]
    record.now += timedelta(hours=24)
    record.vau.identity = identity().signing(record.now)
    asking.get("/")
    assert handshakes(record) == 3


def test_the_pseudonym_of_a_login_goes_along_from_then_on() -> None:
    record = Record()
    transport = record.transport()
    client(transport).get("/")
    transport.pseudonym = "ab" * 32
    client(transport).get("/")
    assert [it.headers.get("VAU-NP") for it in record.outer if it.url.path.startswith("/VAU/")][1:] == [None, "ab" * 32]


def test_a_channel_that_the_vau_has_forgotten_is_an_error_and_the_next_request_opens_another() -> None:
    record = Record()
    transport = record.transport()
    asking = client(transport)
    asking.get("/")
    record.vau.connections.clear()
    with pytest.raises(VauRefused):
        asking.get("/")
    assert transport.key_id == b""
    assert asking.get("/").status_code == 200
    assert (handshakes(record), len(record.plaintexts)) == (2, 2)


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_an_answer_that_is_not_of_a_vau_is_silence_and_leaves_the_channel_as_it_was(status: int) -> None:
    record = Record()
    transport = record.transport()
    asking = client(transport)
    asking.get("/")
    name = transport.key_id
    record.first = lambda _: said(status, b"<html>", Location="https://other.example")
    with pytest.raises(VauSilent):
        asking.get("/")
    record.first = lambda _: None
    assert (asking.get("/").status_code, transport.key_id) == (200, name)


def test_a_line_that_breaks_is_the_error_of_httpx_and_leaves_the_channel_as_it_was() -> None:
    record = Record()
    transport = record.transport()
    client(transport).get("/")

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    record.first = broken
    with pytest.raises(httpx.ReadTimeout):
        client(transport).get("/")
    record.first = lambda _: None
    client(transport).get("/")
    assert handshakes(record) == 1


INNER = {
    "nothing of HTTP": b"nonsense",
    "a response that is not whole": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
    "two responses": OK + OK,
    "a response that is no answer yet": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a compressed response": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
}


@pytest.mark.parametrize("inner", INNER.values(), ids=INNER)
def test_an_inner_answer_that_is_no_single_response_is_refused_and_ends_the_channel(inner: bytes) -> None:
    record = Record(inner=inner)
    transport = record.transport()
    with pytest.raises(MessageRefused, match="step 9: inner-message"):
        client(transport).get("/")
    assert transport.key_id == b""


def test_an_inner_answer_without_length_ends_with_its_message() -> None:
    assert client(Record(inner=b"HTTP/1.1 200 OK\r\n\r\nall of it").transport()).get("/").text == "all of it"


def test_an_answer_beyond_the_limit_is_not_read_to_its_end() -> None:
    record = Record(inner=b"HTTP/1.1 200 OK\r\n\r\n" + bytes(20_000))
    with pytest.raises(VauSilent):
        client(record.transport(max_bytes=15_000)).get("/")


def test_a_vau_that_is_none_gets_no_request() -> None:
    record, stranger = Record(), VauServer(type(identity()).issue(NOW))
    with pytest.raises(CertificateRefused, match="issuer-key-unknown"):
        client(record.transport(stranger.identity.trust)).get("/secret")
    assert (record.plaintexts, len(record.paths)) == ([], 2)


def test_an_answer_without_channel_path_is_refused() -> None:
    record = Record()
    record.first = lambda request: said(200, record._answer(request).read())
    with pytest.raises(HandshakeRefused, match="step 7: cid"):
        client(record.transport()).get("/")


def test_an_error_message_in_the_handshake_is_told_by_its_number() -> None:
    record = Record()
    error = cbor2.dumps({"MessageType": "Error", "ErrorCode": 7, "ErrorMessage": "no"})
    record.first = lambda _: said(400, error)
    with pytest.raises(VauRefused) as refused:
        client(record.transport()).get("/")
    assert refused.value.code == 7
