from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from linkexchange.conform import HOST, Cut, How, Pace, Way, Wire

pytestmark = pytest.mark.slow

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def echoing() -> Iterator[tuple[str, int]]:
    """A server that sends back what it gets, until its other side says no more."""
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=_echo, args=(listener,))
        thread.start()
        yield HOST, listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _echo(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            while received := connection.recv(65536):
                connection.sendall(received)


def said(wire: Wire, content: bytes = CONTENT, *, patience_seconds: float = 20) -> bytes:
    """What comes back until it ends. Raises TimeoutError or ConnectionResetError."""
    came = bytearray()
    with socket.create_connection((HOST, wire.port), timeout=patience_seconds) as connection:
        sender = threading.Thread(target=_send, args=(connection, content))
        sender.start()
        try:
            while len(came) < len(content) and (received := connection.recv(65536)):
                came += received
        finally:
            connection.close()
            sender.join()
    return bytes(came)


def _send(connection: socket.socket, content: bytes) -> None:
    with suppress(OSError):
        connection.sendall(content)


def test_a_line_without_faults_carries_every_byte(echoing: tuple[str, int]) -> None:
    with Wire(echoing) as wire:
        assert said(wire) == CONTENT
        assert wire.carried == {Way.TO_TARGET: len(CONTENT), Way.FROM_TARGET: len(CONTENT)}


@pytest.mark.parametrize("way", Way)
def test_a_reset_comes_at_its_byte(echoing: tuple[str, int], way: Way) -> None:
    with Wire(echoing, Cut(How.RESET, after=5000, way=way)) as wire:
        with suppress(ConnectionResetError):
            assert len(said(wire)) < len(CONTENT)
        assert wire.carried[way] == 5000


def test_a_half_close_ends_one_way(echoing: tuple[str, int]) -> None:
    with Wire(echoing, Cut(How.HALF_CLOSE, after=5000)) as wire:
        assert said(wire) == CONTENT[:5000]


def test_a_stall_lets_nothing_more_through(echoing: tuple[str, int]) -> None:
    with Wire(echoing, Cut(How.HANG, after=5000)) as wire:
        with pytest.raises(TimeoutError):
            said(wire, patience_seconds=1)
        assert wire.carried[Way.FROM_TARGET] == 5000


def test_it_is_cut_once_and_then_whole(echoing: tuple[str, int]) -> None:
    with Wire(echoing, Cut(How.HALF_CLOSE, after=5000)) as wire:
        assert said(wire) != CONTENT
        assert said(wire) == CONTENT


def test_slices_of_one_byte_arrive_whole(echoing: tuple[str, int]) -> None:
    with Wire(echoing, pace=Pace(slice_bytes=1)) as wire:
        assert said(wire, CONTENT[:3000]) == CONTENT[:3000]


def test_a_slow_line_takes_its_time(echoing: tuple[str, int]) -> None:
    began = time.monotonic()
    with Wire(echoing, pace=Pace(slice_bytes=1000, bytes_per_second=20000)) as wire:
        said(wire, CONTENT[:4000])
    assert time.monotonic() - began >= 0.2
