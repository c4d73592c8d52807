from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import listening
import peers
import pytest
from anyio import create_task_group
from certificates import Authority
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from linkexchange.errors import IdentityRefused
from linkexchange.listener import GRACE_SECONDS, client_certificate
from linkexchange.model.identifiers import TelematikId

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Answered:
    headers: Message
    body: bytes


A, B = TelematikId("5-2-hospital-a"), TelematikId("1-2-practice-b")


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def certificate(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the client's certificate and address."""
    if scope["type"] != "http":
        return
    request = Request(scope, receive)
    body = client_certificate(scope)
    await Response(body, headers={"client": str(request.client and request.client.host)})(scope, receive, send)


def test_the_application_sees_the_certificate_of_each_client(ca: Authority) -> None:
    with listening.on(certificate, _server(ca)) as port:
        for node in (ca.node(A), ca.node(B)):
            context = node.client_context()
            assert _get(HTTPSConnection("localhost", port, context=context, timeout=5)).body == node.der


def test_all_requests_of_a_connection_have_it(ca: Authority) -> None:
    node = ca.node(B)
    with listening.on(certificate, _server(ca)) as port:
        context = node.client_context()
        connection = HTTPSConnection("localhost", port, context=context, timeout=5)
        assert {_get(connection, close=False).body for _ in range(3)} == {node.der}
        connection.close()


def test_a_client_without_a_certificate_does_not_reach_the_application(ca: Authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca.certificate)
    with listening.on(certificate, _server(ca)) as port, pytest.raises((ssl.SSLError, ConnectionError)):
        _get(HTTPSConnection("localhost", port, context=context, timeout=5))


def test_a_header_that_claims_another_address_is_not_believed(ca: Authority) -> None:
    node = ca.node(B)
    with listening.on(certificate, _server(ca)) as port:
        context = node.client_context()
        connection = HTTPSConnection("localhost", port, context=context, timeout=5)
        response = _get(connection, headers={"X-Forwarded-For": "192.0.2.1"})
    assert response.headers["client"] == "127.0.0.1"
    assert response.headers["server"] is None


def test_pages_are_served_without_tls() -> None:
    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await Response(b"page")(scope, receive, send)

    with listening.on(page, None) as port:
        assert _get(HTTPConnection("localhost", port, timeout=5)).body == b"page"


def test_of_a_bug_kind_and_place_are_logged_and_not_its_text(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def buggy(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        if scope["type"] == "http":
            async with create_task_group():
                raise KeyError("Anna Musterfrau")

    with listening.on(buggy, None) as port:
        assert _get(HTTPConnection("localhost", port, timeout=5)).body == b"Internal Server Error"
    logged = "".join(capfd.readouterr()) + caplog.text
    assert "KeyError" in logged
    assert "test_listener.py" in logged
    assert "Musterfrau" not in logged


@pytest.mark.parametrize("scope", [{}, {"extensions": {}}, {"extensions": {"tls": {}}}], ids=str)
def test_without_a_certificate_there_is_no_identity(scope: Scope) -> None:
    with pytest.raises(IdentityRefused):
        client_certificate(scope)


def test_f_22_a_request_in_flight_ends_before_the_process_does(tmp_path: Path) -> None:
    port = peers.free_port()
    process = _process(tmp_path, port)
    try:
        connection = _connected(port)
        connection.request("GET", "/secret-study")
        assert _appears(tmp_path / "begun")
        process.send_signal(signal.SIGTERM)
        assert connection.getresponse().read() == b"whole"
        connection.close()
        assert process.wait(10) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()


def test_an_idle_client_does_not_hold_up_the_end(ca: Authority) -> None:
    node = ca.node(B)
    context = node.client_context()
    with listening.on(certificate, _server(ca)) as port:
        connection = HTTPSConnection("localhost", port, context=context, timeout=5)
        assert _get(connection, close=False).body == node.der
        begun = time.monotonic()
    assert time.monotonic() - begun < GRACE_SECONDS
    connection.close()


def test_addresses_are_not_logged(tmp_path: Path) -> None:
    port = peers.free_port()
    process = _process(tmp_path, port)
    try:
        connection = _connected(port)
        connection.request("GET", "/secret-study")
        connection.getresponse().read()
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    assert "secret-study" not in (tmp_path / "log").read_text()


def test_two_processes_answer_at_one_place_and_one_goes_on_alone(tmp_path: Path) -> None:
    port = peers.free_port()
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    processes = [_process(folder, port, serve="serve_together") for folder in folders]
    try:
        assert all(_appears(folder / "listens") for folder in folders)
        deadline = time.monotonic() + 60
        while not all((folder / "begun").exists() for folder in folders):
            assert time.monotonic() < deadline, "one of them is never asked"
            _ask(port)
        processes[0].kill()
        processes[0].wait(10)
        _ask(port)
    finally:
        for process in processes:
            process.kill()
            process.wait(10)


def _ask(port: int) -> None:
    connection = _connected(port)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"whole"
    connection.close()


SCRIPT = """
    import asyncio, logging, pathlib, sys
    from starlette.responses import Response
    from linkexchange.listener import {serve}

    async def slow(scope, receive, send):
        if scope["type"] == "lifespan":
            pathlib.Path(sys.argv[2], "listens").touch()
        if scope["type"] == "http":
            pathlib.Path(sys.argv[2], "begun").touch()
            await asyncio.sleep(0.5)
            await Response(b"whole")(scope, receive, send)

    logging.basicConfig(level=logging.DEBUG)
    {serve}(slow, host="127.0.0.1", port=int(sys.argv[1]), context=None)
"""


def _process(folder: Path, port: int, serve: str = "serve") -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-c", textwrap.dedent(SCRIPT).replace("{serve}", serve), str(port), str(folder)]
        return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)


def _connected(port: int) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    deadline = time.monotonic() + 10
    while True:
        try:
            connection.connect()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return connection


def _appears(path: Path) -> bool:
    deadline = time.monotonic() + 10
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.exists()


def _server(ca: Authority) -> ssl.SSLContext:
    node = ca.node(A)
    return node.server_context()


def _get(connection: HTTPConnection, *, headers: dict[str, str] | None = None, close: bool = True) -> Answered:
    try:
        connection.request("GET", "/", headers=headers or {})
        response = connection.getresponse()
        return Answered(response.headers, response.read())
    finally:
        if close:
            connection.close()
