from __future__ import annotations

import hashlib
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI, Request
from simulated_ti import serving, utc_now
from simulated_vau import CALLER

from ti_adapter.simulator.vau import VauServer
from ti_adapter.simulator.vau_app import BODY_MAX_BYTES, VauApp
from ti_adapter.simulator.vau_identity import VauIdentity
from ti_adapter.vau import ClientChannel, ClientHandshake, OuterRequest
from ti_adapter.vau.outer import CID_HEADER
from ti_adapter.vau.transport import VauTransport

pytestmark = pytest.mark.slow

inner = FastAPI()


@inner.post("/epa/echo/{name}")
async def echo(name: str, request: Request, turn: str = "") -> dict[str, str]:
    key_id = request.scope["extensions"]["vau"]["key_id"].hex()
    digest = hashlib.sha256(await request.body()).hexdigest()
    return {"name": name, "turn": turn, "key_id": key_id, "digest": digest, "np": request.headers.get("x-a", "")}


@pytest.fixture(scope="module")
def identity() -> VauIdentity:
    return VauIdentity.issue(utc_now())


@pytest.fixture(scope="module")
def origin(identity: VauIdentity) -> Iterator[str]:
    """A VAU that listens on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(VauApp(VauServer(identity), inner), listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def asking(origin: str, identity: VauIdentity) -> Iterator[tuple[httpx.Client, VauTransport]]:
    with httpx.Client(base_url=origin) as outer:
        transport = VauTransport(outer, lambda: identity.trust, CALLER, utc_now)
        with httpx.Client(base_url=origin, transport=transport) as client:
            yield client, transport


def test_a_client_asks_an_application_inside_over_a_real_line(origin: str, identity: VauIdentity) -> None:
    body = secrets.token_bytes(1_000_000)
    with asking(origin, identity) as (client, transport):
        answers = [client.post(f"/epa/echo/a?turn={turn}", content=body, headers={"x-a": "b"}) for turn in range(3)]
        name = transport.key_id.hex()
    assert [it.json() for it in answers] == [
        {"name": "a", "turn": str(turn), "key_id": name, "digest": hashlib.sha256(body).hexdigest(), "np": "b"}
        for turn in range(3)
    ]


def test_refusals_of_the_application_come_through(origin: str, identity: VauIdentity) -> None:
    with asking(origin, identity) as (client, _):
        assert [client.get(path).status_code for path in ("/epa/echo/a", "/none")] == [405, 404]


def opened(outer: httpx.Client, identity: VauIdentity) -> ClientChannel:
    """A channel without a transport around it."""

    def send(request: OuterRequest) -> httpx.Response:
        return outer.request(request.method, request.path, headers=request.headers, content=request.body)

    handshake = ClientHandshake(identity.trust, CALLER)
    m2 = send(handshake.start())
    cert_data = send(handshake.receive_m2(m2.content, m2.headers[CID_HEADER], utc_now()))
    return handshake.receive_m4(send(handshake.receive_cert_data(cert_data.content, utc_now())).content, utc_now())


ASKED = b"POST /epa/echo/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
WRONG = {
    "nothing of HTTP": b"nonsense",
    "a request that is not whole": ASKED[:-1],
    "two requests": ASKED + ASKED,
    "a request without host": b"GET / HTTP/1.1\r\n\r\n",
    "a request of an old protocol without host": b"GET / HTTP/1.0\r\n\r\n",
    "a host that is none": b"GET / HTTP/1.1\r\nHost: \xff:\xff\r\n\r\n",
    "a target that is none": b"GET \xff HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("plaintext", WRONG.values(), ids=WRONG)
def test_what_is_no_single_request_is_answered_inside_the_channel(
    plaintext: bytes, origin: str, identity: VauIdentity
) -> None:
    with httpx.Client(base_url=origin) as outer:
        pending = opened(outer, identity).seal(plaintext, utc_now())
        answer = outer.post(pending.request.path, headers=pending.request.headers, content=pending.request.body)
    assert pending.open(answer.content).startswith(b"HTTP/1.1 400 ")


def test_outside_the_channel_there_is_nothing_but_the_vau(origin: str) -> None:
    answer = httpx.post(f"{origin}/epa/echo/a", headers={"x-useragent": CALLER.user_agent})
    assert answer.status_code == 400
    assert httpx.get(f"{origin}/docs", headers={"x-useragent": CALLER.user_agent}).status_code == 404


def test_a_body_beyond_the_limit_is_refused(origin: str) -> None:
    answer = httpx.post(f"{origin}/VAU", content=bytes(BODY_MAX_BYTES + 1))
    assert answer.status_code == 413
