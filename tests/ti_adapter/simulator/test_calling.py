"""What an answer is, and what counts as none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ti_adapter.errors import RecordSilent
from ti_adapter.simulator.client import PatientClient
from ti_adapter.simulator.record import DOCUMENT_MAX_BYTES

KVNR = "X110411319"


def silence(url: str) -> str:
    with pytest.raises(RecordSilent) as silent:
        PatientClient(url, "key").accesses(KVNR)
    return str(silent.value)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Something at a port that answers one request with these bytes, whatever it was."""

    def answer_once() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_once)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_a_ti_that_is_not_there_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert silence(f"http://127.0.0.1:{port}") == "ConnectError"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: http://other.example/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 7\r\n\r\n<html/>",
        b'HTTP/1.1 403 Forbidden\r\ncontent-length: 20\r\n\r\n{"errorCode":"other"',
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["503", "redirect", "page", "broken JSON", "other JSON", "other form", "cut off", "no HTTP"],
)
def test_what_is_not_the_answer_counts_as_none(answer: bytes) -> None:
    with answering(answer) as url:
        assert silence(url)


def test_an_answer_larger_than_any_document_is_not_read_to_its_end() -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(DOCUMENT_MAX_BYTES + 1)
    with answering(endless) as url:
        assert silence(url) == "the answer is too large"
