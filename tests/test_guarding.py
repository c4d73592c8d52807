"""A listener under people who connect too often, say nothing, or say too much; real sockets, real TLS."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from http.client import HTTPSConnection
from pathlib import Path
from selectors import EVENT_READ

import listening
import peers
import pytest
import working
from certificates import Authority, NodeCertificate
from starlette.responses import Response

from linkexchange import guarding
from linkexchange.guarding import FIELDS_MAX, HEAD_MAX_BYTES, Peers, Place
from linkexchange.model.identifiers import TelematikId

pytestmark = pytest.mark.slow

GOOD, BAD = "127.0.0.1", "127.0.0.2"
ALLOWED = 10
NODE = TelematikId("1-2-practice")


@pytest.fixture
def node(tmp_path: Path) -> NodeCertificate:
    return Authority(tmp_path).node(NODE)


@pytest.fixture
def port(node: NodeCertificate) -> Iterator[int]:
    with listening.on(Response("ok"), node.server_context(), Peers(per_peer=ALLOWED, in_all=100)) as port:
        yield port


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(guarding, "HANDSHAKE_SECONDS", 0.5)


@contextmanager
def connected(port: int, source: str = BAD) -> Iterator[socket.socket]:
    with socket.create_connection((peers.HOST, port), 5, source_address=(source, 0)) as plain:
        yield plain


@contextmanager
def secured(port: int, node: NodeCertificate, source: str = BAD) -> Iterator[ssl.SSLSocket]:
    with connected(port, source) as plain, node.client_context().wrap_socket(plain, server_hostname="localhost") as tls:
        yield tls


def served(port: int, node: NodeCertificate) -> int:
    connection = HTTPSConnection("localhost", port, context=node.client_context(), timeout=5, source_address=(GOOD, 0))
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def answered(tls: socket.socket) -> bytes:
    """All that comes until the other side has ended it."""
    received = b""
    with suppress(OSError):
        while chunk := tls.recv(4096):
            received += chunk
    return received


until = partial(working.until, seconds=5)


def files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a folder of numbers


def test_n_01_one_address_has_so_many_connections_and_others_are_served(port: int, node: NodeCertificate) -> None:
    before = files()
    with ExitStack() as crowd:
        clients = [crowd.enter_context(connected(port)) for _ in range(ALLOWED * 3)]
        for client in clients[ALLOWED:]:
            assert answered(client) == b""
        assert served(port, node) == 200
        clients[0].settimeout(0.1)
        with pytest.raises(TimeoutError):
            clients[0].recv(1)
    until(lambda: files() <= before)


def test_n_01_a_crowd_shakes_hands_one_by_one_and_after_those_who_are_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guarding, "PATIENCE_SECONDS", 0.2)
    with closing(guarding.Turns()) as turns, ExitStack() as pairs:
        known, *crowd = [_readable(pairs) for _ in range(6)]
        for one in (known, *crowd):
            turns.register(one, EVENT_READ)
        turns.newcomers.update(crowd)
        first = [key.fd for key, _ in turns.select(0)]
        assert len(first) == 2
        assert known in first
        assert [key.fd for key, _ in turns.select(0)] == [known]
        time.sleep(0.25)
        assert len(turns.select(0)) == 2
        turns.unregister(known)
        served = [key.fd for _ in range(100) for key, _ in turns.select(0)]
        assert len(served) == 100
        assert set(served) == set(crowd)


def _readable(pairs: ExitStack) -> int:
    ours, theirs = (pairs.enter_context(it) for it in socket.socketpair())
    theirs.send(b"hello")
    return ours.fileno()


def test_n_01_a_connection_that_has_ended_makes_room(port: int, node: NodeCertificate) -> None:
    for _ in range(ALLOWED * 3):
        with secured(port, node) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert answered(tls).startswith(b"HTTP/1.1 200")


@pytest.mark.usefixtures("impatient")
def test_n_01_whoever_does_not_finish_the_handshake_is_dropped(node: NodeCertificate) -> None:
    with listening.on(Response("ok"), node.server_context()) as port, connected(port) as client:
        begun = time.monotonic()
        client.sendall(b"\x16\x03\x01")
        answered(client)
        assert 0.4 < time.monotonic() - begun < 4


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_n_01_a_head_that_drips_is_dropped_in_the_time_of_one(port: int, node: NodeCertificate, first: bytes) -> None:
    with secured(port, node) as tls:
        tls.sendall(first)
        begun = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - begun < 5:
                tls.sendall(b"a: b\r\n" if first and not first.endswith(b"\r\n\r\n") else b"\r\n")
                time.sleep(0.05)
        assert time.monotonic() - begun < 3
    assert served(port, node) == 200


@pytest.mark.usefixtures("impatient")
def test_a_connection_that_is_kept_may_rest_between_requests(port: int, node: NodeCertificate) -> None:
    connection = HTTPSConnection("localhost", port, context=node.client_context(), timeout=5)
    for _ in range(2):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"ok"
        time.sleep(0.8)
    connection.close()


HEADS = {
    "too many fields": b"".join(b"a%d: b\r\n" % number for number in range(FIELDS_MAX + 1)),
    "10,000 fields": b"a: b\r\n" * 10_000,
    "one long field": b"a: " + b"b" * (HEAD_MAX_BYTES + 1) + b"\r\n",
    "a field without end": b"a: " + b"b" * (1 << 20),
}


@pytest.mark.parametrize("kind", HEADS)
def test_i_10_a_head_that_is_too_large_is_refused(port: int, node: NodeCertificate, kind: str) -> None:
    with secured(port, node) as tls:
        with suppress(OSError):
            tls.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n" + HEADS[kind] + b"\r\n")
        assert answered(tls)[:12] in {b"HTTP/1.1 431", b""}
    assert served(port, node) == 200


def test_i_10_a_long_address_is_refused(port: int, node: NodeCertificate) -> None:
    with secured(port, node) as tls:
        tls.sendall(b"GET /" + b"a" * HEAD_MAX_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n")
        assert answered(tls).startswith(b"HTTP/1.1 431")


def test_a_head_within_the_limits_may_come_in_pieces_and_after_a_body(port: int, node: NodeCertificate) -> None:
    fields = b"".join(b"a%d: b\r\n" % number for number in range(FIELDS_MAX - 5))
    post = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n" + fields + b"\r\nabc"
    last = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with secured(port, node) as tls:
        for start in range(0, len(post), 100):
            tls.sendall(post[start : start + 100])
        tls.sendall(last)
        assert answered(tls).count(b"HTTP/1.1 200") == 2


def test_a_large_body_is_no_head(port: int, node: NodeCertificate) -> None:
    body = b"x" * (10 * HEAD_MAX_BYTES)
    post = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    last = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with secured(port, node) as tls:
        tls.sendall(post + body + last)
        assert answered(tls).count(b"HTTP/1.1 200") == 2


def test_places_are_counted_by_address_and_in_all() -> None:
    few, hung_up = Peers(per_peer=2, in_all=5), []
    ends = [few.admit(it, lambda: hung_up.append("?")) for it in ("a", "a", "a", "b", "b", "c", "d", "c")]
    assert [bool(end) for end in ends] == [True, True, False, True, True, True, True, False]
    assert (len(hung_up), set(few._of)) == (1, {"a", "b", "c", "d"})
    assert ends[5] is not None
    ends[5]()
    ends[5]()
    assert [bool(few.admit("e", print)), bool(few.admit("f", print)), bool(few.admit("g", print))] == [
        True,
        True,
        False,
    ]


def test_n_01_who_has_most_makes_room_for_who_has_few() -> None:
    peers, hung_up = Peers(per_peer=9, in_all=6), []
    for number in range(5):
        peers.admit("many", partial(hung_up.append, number))
    admitted = [bool(peers.admit("few", print)) for _ in range(4)]
    assert (admitted, hung_up) == ([True, True, True, False], [0, 1])


def test_n_01_a_full_listener_still_serves_somebody_new(node: NodeCertificate) -> None:
    few = Peers(per_peer=20, in_all=20)
    with listening.on(Response("ok"), node.server_context(), few) as port, ExitStack() as crowd:
        clients = [crowd.enter_context(connected(port)) for _ in range(20)]
        until(lambda: sum(map(len, few._of.values())) == 20)
        assert served(port, node) == 200
        assert answered(clients[0]) == b""


def test_a_place_can_be_shared_by_processes_of_one_user() -> None:
    port = peers.free_port()
    with Place.at(GOOD, port, Peers(), shared=True), Place.at(GOOD, port, Peers(), shared=True):
        pass
    with Place.at(GOOD, port, Peers()) as first:
        first.listen()
        with pytest.raises(OSError, match="in use"):
            Place.at(GOOD, port, Peers())
