"""Limits around an application that counts what reaches it; without a wire, since sizes and times are the point."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from linkexchange.problem import MEDIA_TYPE
from linkexchange.web.limits import HUB, Allowance, Allowances, Limits
from linkexchange.web.rates import Rate, Rates

JSON = {"content-type": "application/json"}
SMALL = Allowances({"/large": Allowance(1 << 20, 5.0, frozenset({"text/plain"}))}, Allowance(100, 0.2))


@dataclass
class Counting:
    """Answers 204 to all, and remembers the bodies."""

    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies.append(await Request(scope, receive).body())
        await Response(status_code=204)(scope, receive, send)


def _ask(
    app: Counting,
    *,
    path: str = "/",
    headers: dict[str, str] | None = None,
    content: bytes | AsyncIterator[bytes] | None = None,
    rates: Rates | None = None,
    times: int = 1,
) -> list[httpx.Response]:
    limited = Limits(app, SMALL, rates)

    async def asked() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(limited), base_url="http://hub") as client:
            return [await client.post(path, content=content, headers=headers) for _ in range(times)]

    return asyncio.run(asked())


async def _chunks(chunks: Iterable[bytes], *, pause: float = 0.0) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(pause)
        yield chunk


def _code(answer: httpx.Response) -> tuple[int, str]:
    assert (answer.headers["content-type"], answer.headers["connection"]) == (MEDIA_TYPE, "close")
    return answer.status_code, answer.json()["code"]


def test_what_is_allowed_reaches_the_application_as_it_was_sent() -> None:
    app = Counting()
    bodies = (b'{"a": 1}', None, _chunks([b'{"a"', b": 1}"]))
    assert [_ask(app, content=body, headers=JSON)[0].status_code for body in bodies] == [204] * 3
    assert app.bodies == [b'{"a": 1}', b"", b'{"a": 1}']


@pytest.mark.parametrize("length", ["101", "4294967296", "9" * 30, "-1", "1x", "+1", "²"])
def test_w_05_a_declared_length_beyond_the_limit_is_refused_before_a_byte_is_read(length: str) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("it was read")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "client": ("192.0.2.1", 1)}
    headers = [(b"content-length", length.encode("latin-1", "replace"))]
    asyncio.run(Limits(Counting(), SMALL)({**scope, "headers": headers}, receive, send))
    assert sent[0]["status"] == 413


def test_w_05_a_body_that_goes_on_and_on_is_dropped_at_the_limit() -> None:
    app = Counting()
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield b" " * 60

    assert _code(_ask(app, content=endless(), headers=JSON)[0]) == (413, "body-too-large")
    assert (app.bodies, len(read)) == ([], 2)


def test_routes_that_take_more_take_more() -> None:
    app = Counting()
    assert _ask(app, path="/large", content=b"x" * (1 << 20), headers={"content-type": "text/plain"})[0].is_success
    assert len(app.bodies[0]) == 1 << 20


def test_w_05_nothing_is_unpacked() -> None:
    app = Counting()
    bomb = gzip.compress(b" " * 100_000)[:100]
    for encoding in ("gzip", "deflate", "br", "identity, gzip"):
        answer = _ask(app, content=bomb, headers={**JSON, "content-encoding": encoding})[0]
        assert _code(answer) == (415, "media-refused")
    assert app.bodies == []


@pytest.mark.parametrize(
    "kind", ["text/html", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
)
def test_w_05_another_kind_of_body_is_refused_and_not_parsed(kind: str) -> None:
    app = Counting()
    headers = {"content-type": kind} if kind else {}
    assert _code(_ask(app, content=b'{"a": 1}', headers=headers)[0]) == (415, "media-refused")
    assert app.bodies == []


def test_t29_a_body_that_drips_is_dropped_in_time() -> None:
    app = Counting()
    slow = _chunks([b"{", *[b" "] * 50], pause=0.02)
    assert _code(_ask(app, content=slow, headers=JSON)[0]) == (408, "body-too-slow")
    assert app.bodies == []


def test_l_08_json_that_is_not_well_formed_reaches_nobody() -> None:
    app = Counting()
    for content in (b'{"a": 1, "a": 2}', b"[" * 40 + b"]" * 40, b'{"a": NaN}'):
        assert _code(_ask(app, content=content, headers=JSON)[0]) == (422, "message-fault")
    assert app.bodies == []


def test_n_01_who_asks_too_often_is_told_when_to_come_again() -> None:
    app = Counting()
    answers = _ask(app, rates=Rates(address=Rate(0.5, 3)), times=5)
    assert [answer.status_code for answer in answers] == [204, 204, 204, 429, 429]
    assert _code(answers[3]) == (429, "too-many-requests")
    assert answers[3].headers["retry-after"] == "2"


def test_a_route_of_fhir_is_refused_in_the_form_of_fhir() -> None:
    answer = _ask(Counting(), path="/fhir/Endpoint", content=b"x" * 101, headers=JSON)[0]
    assert (answer.headers["content-type"], answer.json()["issue"][0]["code"]) == ("application/fhir+json", "too-long")


def test_a_client_that_hangs_up_in_the_middle_reaches_nobody() -> None:
    app, sent = Counting(), []
    messages: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "client": None}
    asyncio.run(Limits(app, SMALL)({**scope, "headers": [(b"transfer-encoding", b"chunked")]}, receive, send))
    assert (app.bodies, sent) == ([], [])


def test_l_08_a_body_of_a_hundred_megabytes_costs_no_memory() -> None:
    text = _chunks(b"x" * (1 << 20) for _ in range(100))
    tracemalloc.start()
    try:
        answer = _ask(Counting(), content=text, headers=JSON)[0]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status_code, peak < 8 << 20) == (413, True)


def test_the_receipts_of_the_hub_are_larger_than_all_else_and_hold_no_json() -> None:
    receipt, other = HUB.of("/ledger/receipts"), HUB.of("/resolver/grants")
    assert (receipt.max_bytes, other.max_bytes) == (64 << 20, 64 << 10)
    assert not receipt.media_types & other.media_types
