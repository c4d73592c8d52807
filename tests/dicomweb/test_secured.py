"""TLS of our own reading, against Python's usual sockets at the other end."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from certificates import Authority

from linkexchange.dicomweb.secured import Secured
from linkexchange.model.identifiers import TelematikId

HOST = "127.0.0.1"
PATIENCE_SECONDS = 10.0
CONTENT = bytes(range(251)) * 8000
Talk = Callable[[ssl.SSLSocket], None]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class Peer:
    """Whoever answers; `wrong` is what its handshake or its talk has ended with."""

    def __init__(self, authority: Authority, talk: Talk) -> None:
        one = authority.node(TelematikId("5-2-origin"))
        self._context = one.server_context()
        self._talk = talk
        self._listener = socket.create_server((HOST, 0))
        self._thread = threading.Thread(target=self._live, daemon=True)
        self.wrong: Exception | None = None
        self.address = self._listener.getsockname()

    def __enter__(self) -> Peer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE_SECONDS)
        self._listener.close()

    def _live(self) -> None:
        plain, _ = self._listener.accept()
        plain.settimeout(PATIENCE_SECONDS)
        try:
            with closing(self._context.wrap_socket(plain, server_side=True)) as secured:
                self._talk(secured)
        except OSError as wrong:
            self.wrong = wrong
        finally:
            plain.close()


def client_context(authority: Authority, name: str = "1-2-practice") -> ssl.SSLContext:
    other = authority.node(TelematikId(name))
    return other.client_context()


@contextmanager
def secured(peer: Peer, context: ssl.SSLContext) -> Iterator[Secured]:
    plain = socket.create_connection(peer.address, timeout=PATIENCE_SECONDS)
    with closing(Secured(plain, context, HOST)) as ours:
        ours.do_handshake()
        yield ours


def read(ours: Secured, size: int) -> Iterator[bytes]:
    window = memoryview(bytearray(size))
    while count := ours.recv_into(window):
        yield bytes(window[:count])


@pytest.mark.parametrize("size", [1000, 16384, 300_000])
def test_everything_arrives_as_it_was_sent_whatever_the_size_of_a_reading(authority: Authority, size: int) -> None:
    with Peer(authority, lambda it: it.sendall(CONTENT)) as peer, secured(peer, client_context(authority)) as ours:
        assert b"".join(read(ours, size)) == CONTENT


def test_everything_is_sent_as_it_was_given(authority: Authority) -> None:
    came = bytearray()

    def take(it: ssl.SSLSocket) -> None:
        while len(came) < len(CONTENT) and (chunk := it.recv(1 << 20)):
            came.extend(chunk)
        it.sendall(b".")

    with Peer(authority, take) as peer, secured(peer, client_context(authority)) as ours:
        ours.sendall(CONTENT)
        assert b"".join(read(ours, 10)) == b"."
    assert bytes(came) == CONTENT


def test_a_reading_takes_what_has_arrived_and_waits_for_no_more(authority: Authority) -> None:
    go_on = threading.Event()

    def talk(it: ssl.SSLSocket) -> None:
        it.sendall(b"first")
        go_on.wait(PATIENCE_SECONDS)

    with Peer(authority, talk) as peer, secured(peer, client_context(authority)) as ours:
        window = memoryview(bytearray(100))
        assert bytes(window[: ours.recv_into(window)]) == b"first"
        go_on.set()


def test_silence_beyond_the_limit_is_a_time_out(authority: Authority) -> None:
    over = threading.Event()
    with (
        Peer(authority, lambda _: over.wait(PATIENCE_SECONDS)) as peer,  # type: ignore[arg-type, return-value]
        secured(peer, client_context(authority)) as ours,
    ):
        ours.settimeout(0.05)
        with pytest.raises(TimeoutError):
            ours.recv_into(memoryview(bytearray(10)))
        over.set()


def test_whoever_shuts_the_socket_down_wakes_the_one_who_reads(authority: Authority) -> None:
    over = threading.Event()
    with Peer(authority, lambda _: over.wait(PATIENCE_SECONDS)) as peer:  # type: ignore[arg-type, return-value]
        plain = socket.create_connection(peer.address, timeout=PATIENCE_SECONDS)
        with closing(Secured(plain, client_context(authority), HOST)) as ours:
            ours.do_handshake()
            threading.Timer(0.05, plain.shutdown, [socket.SHUT_RDWR]).start()
            assert ours.recv_into(memoryview(bytearray(10))) == 0
        over.set()


def test_it_is_known_whether_something_has_arrived_and_was_not_read(authority: Authority) -> None:
    with Peer(authority, lambda it: it.sendall(b"ab")) as peer, secured(peer, client_context(authority)) as ours:
        window = memoryview(bytearray(1))
        ours.recv_into(window)
        assert ours.has_input()
        ours.recv_into(window)


def test_a_certificate_of_another_authority_is_refused_and_the_other_side_hears_why(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path)
    peer = Peer(authority, lambda _: None)
    with peer, pytest.raises(ssl.SSLCertVerificationError), secured(peer, client_context(stranger)):
        pass
    assert "alert unknown ca" in str(peer.wrong).lower()


def test_a_connection_that_breaks_within_a_record_ends(authority: Authority) -> None:
    def talk(it: ssl.SSLSocket) -> None:
        it.sendall(b"whole")
        with suppress(OSError):
            socket.socket.sendall(it, b"\x17\x03\x03\x00\x40half")

    with Peer(authority, talk) as peer, secured(peer, client_context(authority)) as ours:
        assert b"".join(read(ours, 100)) == b"whole"
