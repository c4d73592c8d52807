from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPSConnection, IncompleteRead
from pathlib import Path

import listening
import peers
import pytest
from certificates import Authority, NodeCertificate
from structlog.testing import capture_logs

from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Brake
from linkexchange.threaded import Answer, Request
from linkexchange.threaded import server as threaded_server
from linkexchange.threaded.connection import Limits
from linkexchange.tls import client_context

pytestmark = pytest.mark.slow

IMPATIENT = Limits(handshake=0.5, head=0.5, between=1.0, stalled=1.0)


@dataclass
class Application:
    """Answers by path, and remembers what it was asked."""

    asked: list[Request] = field(default_factory=list)
    brakes: list[Brake] = field(default_factory=list)
    waits: threading.Event = field(default_factory=threading.Event)
    braked: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def __call__(self, request: Request, brake: Brake) -> Answer:
        self.asked.append(request)
        match request.path:
            case "/bug":
                raise RuntimeError("Mustermann^Erika")
            case "/wait":
                with brake.stops(self.braked.set):
                    self.waits.set()
                    self.braked.wait(20)
                return Answer(204)
            case "/endless":
                self.brakes.append(brake)
                return Answer(200, {}, self._endless())
            case "/blocks" | "/fault" | "/late-bug" as path:
                return Answer(200, {"content-type": "text/plain"}, self._blocks(path), "a name")
        return Answer(200, {"content-type": "text/plain"}, request.path.encode())

    def _endless(self) -> Generator[bytes, None, None]:
        try:
            while True:
                yield bytes(1 << 20)
        finally:
            self.closed.set()

    def _blocks(self, path: str) -> Generator[bytes, None, None]:
        try:
            yield b"first "
            if path == "/fault":
                raise PacsUnavailable
            if path == "/late-bug":
                raise RuntimeError("Mustermann^Erika")
            yield b"second"
        finally:
            self.closed.set()


@dataclass
class Place:
    """A server with the application behind it, and whose certificate its clients have."""

    application: Application
    port: int
    own: NodeCertificate

    @property
    def context(self) -> ssl.SSLContext:
        return client_context(self.own.certificate, self.own.key, self.own.ca)

    def connection(self) -> HTTPSConnection:
        return HTTPSConnection("localhost", self.port, context=self.context, timeout=10)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = self.connection()
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def raw(self) -> ssl.SSLSocket:
        return self.context.wrap_socket(
            socket.create_connection(("localhost", self.port), 10), server_hostname="localhost"
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    own, application = Authority(tmp_path).node(TelematikId("1-2-practice-b")), Application()
    context = own.server_context()
    with listening.answering(application, context, limits=IMPATIENT) as port:
        yield Place(application, port, own)


def test_path_headers_and_certificate_reach_the_application(place: Place) -> None:
    connection = place.connection()
    connection.request("GET", "/a%20path?query", headers={"X-Name": "value"})
    assert connection.getresponse().read() == b"/a%20path?query"
    connection.close()
    [request] = place.application.asked
    assert request.headers["x-name"] == "value"
    assert request.certificate == ssl.PEM_cert_to_DER_cert(place.own.certificate.read_text())


def test_a_connection_is_used_again(place: Place) -> None:
    connection = place.connection()
    for path in ("/one", "/blocks", "/two"):
        connection.request("GET", path)
        assert connection.getresponse().read() == (b"first second" if path == "/blocks" else path.encode())
    connection.close()


def test_a_client_without_a_certificate_reaches_nothing(place: Place) -> None:
    bare = ssl.create_default_context(cafile=str(place.own.ca))
    with socket.create_connection(("localhost", place.port), 10) as plain:
        client = bare.wrap_socket(plain, server_hostname="localhost")
        with suppress(OSError):
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with client, pytest.raises(ssl.SSLError, match="certificate required"):
            client.recv(1000)
    assert not place.application.asked


@pytest.mark.parametrize(("head", "status"), [("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", 405)])
def test_other_methods_are_refused(place: Place, head: str, status: int) -> None:
    assert _said(place, head.encode()) == status


def test_a_body_that_comes_in_drops_holds_its_connection_no_longer_than_a_head(place: Place) -> None:
    began = time.monotonic()
    plain = socket.create_connection(("localhost", place.port), 10)
    with place.context.wrap_socket(plain, server_hostname="localhost") as drip:
        drip.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        with suppress(OSError):
            while time.monotonic() - began < 10:
                drip.sendall(b"x")
                time.sleep(0.1)
    assert time.monotonic() - began < 5
    assert not place.application.asked


def test_a_small_body_arrives_whole_and_the_connection_goes_on(place: Place) -> None:
    connection = place.connection()
    for body in (b"x" * 32768, b""):
        connection.request("POST", "/path", body)
        assert connection.getresponse().read() == b"/path"
    connection.close()
    assert [(it.method, it.body) for it in place.application.asked] == [("POST", b"x" * 32768), ("POST", b"")]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 32769\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 33_000, 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
    ],
    ids=["body", "large body", "endless body", "no host", "nonsense", "too long", "two lengths"],
)
def test_a_head_that_breaks_the_rules_is_refused_and_ends_the_connection(
    place: Place, head: bytes, status: int
) -> None:
    assert _said(place, head) == status
    assert not place.application.asked


def test_a_bug_is_an_answer_without_its_text_and_so_is_its_log(place: Place) -> None:
    with capture_logs() as logged:
        assert place.get("/bug") == (500, b"")
    assert [(entry["kind"], Path(entry["where"].partition(":")[0]).name) for entry in logged] == [
        ("RuntimeError", "test_server.py")
    ]
    assert "Mustermann" not in str(logged)


@pytest.mark.parametrize("path", ["/fault", "/late-bug"])
def test_what_breaks_off_has_no_end(place: Place, path: str) -> None:
    with pytest.raises(IncompleteRead):
        place.get(path)
    assert place.application.closed.wait(5)


def test_a_client_that_hangs_up_pulls_the_brake(place: Place) -> None:
    connection = place.connection()
    connection.request("GET", "/wait")
    assert place.application.waits.wait(5)
    connection.close()
    assert place.application.braked.wait(5)


def test_the_brake_frees_the_thread_that_waits_for_a_client_that_takes_nothing(tmp_path: Path) -> None:
    own, application = Authority(tmp_path).node(TelematikId("1-2-practice-b")), Application()
    with listening.answering(application, own.server_context()) as port:
        connection = Place(application, port, own).connection()
        connection.request("GET", "/endless")
        connection.getresponse().read(10)
        application.brakes[0].pull()
        assert application.closed.wait(5)
        connection.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "line", "head"])
def test_a_client_that_is_slow_with_its_head_is_dropped(place: Place, sent: bytes) -> None:
    with place.raw() as client:
        client.sendall(sent)
        assert client.recv(1000) == b""
    assert not place.application.asked


def test_n_01_a_client_that_drips_its_head_is_dropped_in_the_same_time(place: Place) -> None:
    with place.raw() as client:
        client.settimeout(0.05)
        for byte in b"GET / HTTP/1.1\r\nX: " + b"y" * 200:
            try:
                client.sendall(bytes([byte]))
                if client.recv(1) == b"":
                    break
            except TimeoutError:
                continue
        else:
            pytest.fail("it was heard to its end")


def test_a_client_that_does_not_finish_its_handshake_keeps_nobody_waiting(place: Place) -> None:
    with socket.create_connection(("localhost", place.port), 10) as client:
        assert place.get("/") == (200, b"/")
        assert client.recv(1000) == b""


def test_n_01_one_connection_too_many_is_closed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threaded_server, "CONNECTIONS_MAX", 1)
    first = place.connection()
    first.request("GET", "/wait")
    assert place.application.waits.wait(5)
    with pytest.raises(OSError, match=r"EOF|reset|closed"):
        place.get("/")
    first.close()


def test_an_idle_client_does_not_hold_up_the_end(tmp_path: Path) -> None:
    own = Authority(tmp_path).node(TelematikId("1-2-practice-b"))
    context = own.server_context()
    with listening.answering(Application(), context) as port:
        connection = Place(Application(), port, own).connection()
        connection.request("GET", "/")
        connection.getresponse().read()
        began = time.monotonic()
    assert time.monotonic() - began < threaded_server.GRACE_SECONDS
    connection.close()


_PROGRAM = """
import sys, time
from linkexchange.threaded import Answer, serve
from linkexchange.tls import server_context

def answering(request, brake):
    print("asked", flush=True)
    time.sleep(1)
    return Answer(200, {}, b"whole")

port, certificate, key, ca = sys.argv[1:]
from pathlib import Path
serve(answering, host="127.0.0.1", port=int(port), context=server_context(Path(certificate), Path(key), Path(ca)))
print("over", flush=True)
"""


def test_f_22_a_request_in_flight_ends_before_the_process_does(tmp_path: Path) -> None:
    own, port = Authority(tmp_path).node(TelematikId("1-2-practice-b")), peers.free_port()
    command = [sys.executable, "-c", _PROGRAM, str(port), str(own.certificate), str(own.key), str(own.ca)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        listening.wait(lambda: _answers(port))
        connection = Place(Application(), port, own).connection()
        connection.request("GET", "/")
        assert process.stdout.readline() == "asked\n"
        os.kill(process.pid, signal.SIGTERM)
        assert connection.getresponse().read() == b"whole"
        connection.close()
        assert process.stdout.readline() == "over\n"
    assert process.returncode == 0


_INTERRUPTED = """
import os, signal, sys
left, stopping = 20, False

def interrupt(frame, event, _):
    # Another signal between any two steps of what the first one does.
    global left, stopping
    stopping = stopping or frame.f_code.co_name == "stop"
    if stopping and left and event == "line":
        left -= 1
        os.kill(os.getpid(), signal.SIGINT)
    return interrupt

sys.settrace(interrupt)
"""


def test_signals_that_interrupt_each_other_end_the_process_all_the_same(tmp_path: Path) -> None:
    own, port = Authority(tmp_path).node(TelematikId("1-2-practice-b")), peers.free_port()
    program = _INTERRUPTED + _PROGRAM
    command = [sys.executable, "-c", program, str(port), str(own.certificate), str(own.key), str(own.ca)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        listening.wait(lambda: _answers(port))
        # It heeds signals once it answers, which is a moment after it listens.
        assert Place(Application(), port, own).get("/") == (200, b"whole")
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(10 * threaded_server.GRACE_SECONDS) == 0
        finally:
            process.kill()


def _answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _said(place: Place, head: bytes) -> int:
    """The status of the answer to a head, after which the connection ends."""
    with place.raw() as client:
        client.sendall(head)
        answer = b""
        while part := client.recv(1000):
            answer += part
    return int(answer.split()[1])
