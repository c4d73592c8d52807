from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest

from linkexchange.errors import MessageFault, SettingRefused, StateUnavailable
from linkexchange.hl7 import Hear, Limits, Listener, Message

ORU = b"MSH|^~\\&|RIS|KLINIK|NODE|HAUS|20260301||ORU^R01^ORU_R01|4711|P|2.5||||||8859/1\rPID|1||0815||M\xfcller\r"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class _Sender:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def ask(self, message: bytes) -> list[list[str]]:
        self.socket.sendall(b"\x0b" + message + b"\x1c\r")
        return self.answer()

    def answer(self) -> list[list[str]]:
        got = b""
        while not got.endswith(b"\x1c\r"):
            if not (more := self.socket.recv(4096)):
                raise EOFError
            got += more
        assert got.startswith(b"\x0b")
        return [line.split("|") for line in got[1:-2].decode("latin-1").split("\r") if line]

    def is_ended(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@contextmanager
def _listening(hear: Hear, *, limits: Limits | None = None, senders: str = "127.0.0.1") -> Iterator[Listener]:
    place = ("127.0.0.1", 0)
    with Listener(place, hear, senders=[senders], now=lambda: NOW, limits=limits or Limits()) as listener:
        yield listener


@contextmanager
def _sender(listener: Listener) -> Iterator[_Sender]:
    sender = _Sender(listener.port)
    with closing(sender.socket):
        yield sender


def _fails(error: Exception) -> Hear:
    def hear(_: Message) -> None:
        raise error

    return hear


def test_every_message_has_one_answer_that_names_it_and_is_heard_before() -> None:
    heard: list[str] = []
    with _listening(lambda message: heard.append(message.one("PID").text(5))) as listener, _sender(listener) as sender:
        header, answer = sender.ask(ORU)
        second = sender.ask(ORU.replace(b"4711", b"4712"))[1]
    assert (answer, second, heard) == (["MSA", "AA", "4711", ""], ["MSA", "AA", "4712", ""], ["Müller"] * 2)
    assert [*header[2:6], header[8], header[17]] == ["NODE", "HAUS", "RIS", "KLINIK", "ACK^R01^ACK", "8859/1"]


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (StateUnavailable(), "AE", "state-unavailable"),
        (MessageFault("PID-3 is missing"), "AR", "message-fault"),
        (RuntimeError("Müller"), "AE", "internal-error"),
    ],
)
def test_what_went_wrong_decides_whether_the_sender_sends_it_again(error: Exception, code: str, reason: str) -> None:
    with _listening(_fails(error)) as listener, _sender(listener) as sender:
        assert sender.ask(ORU)[1] == ["MSA", code, "4711", reason]


def test_what_is_no_message_is_rejected_and_the_next_one_is_heard() -> None:
    with _listening(lambda _: None) as listener, _sender(listener) as sender:
        answers = [sender.ask(b"nonsense")[1][1], sender.ask(ORU)[1][1]]
    assert answers == ["AR", "AA"]


def test_a_message_over_the_limit_is_rejected_and_its_sender_leaves() -> None:
    limits = Limits(message_max_bytes=1024)
    with _listening(lambda _: None, limits=limits) as listener, _sender(listener) as sender:
        assert sender.ask(ORU + b"x" * 4096)[1][1] == "AR"
        assert sender.is_ended()


def test_a_sender_that_is_silent_for_too_long_leaves() -> None:
    with _listening(lambda _: None, limits=Limits(idle_seconds=0.1)) as listener, _sender(listener) as sender:
        sender.socket.sendall(b"\x0bMSH|")
        assert sender.is_ended()


def test_one_sender_too_many_is_turned_away_and_the_others_are_heard() -> None:
    limits = Limits(connections_max=1)
    with _listening(lambda _: None, limits=limits) as listener, _sender(listener) as first:
        first.ask(ORU)
        with _sender(listener) as second:
            assert second.is_ended()
        assert first.ask(ORU)[1][1] == "AA"


def test_a_stranger_is_turned_away_unheard() -> None:
    with _listening(_fails(AssertionError()), senders="192.0.2.1") as listener, _sender(listener) as sender:
        assert sender.is_ended()


def test_bytes_without_a_start_block_end_the_connection_without_an_answer() -> None:
    with _listening(_fails(AssertionError())) as listener, _sender(listener) as sender:
        sender.socket.sendall(ORU + b"\x1c\r")
        assert sender.is_ended()


def test_a_message_that_is_being_heard_when_the_listener_ends_is_answered() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hear(_: Message) -> None:
        begun.set()
        assert go_on.wait(10)

    with _listening(hear) as listener:
        sender = _Sender(listener.port)
        sender.socket.sendall(b"\x0b" + ORU + b"\x1c\r")
        assert begun.wait(10)
        threading.Timer(0.1, go_on.set).start()
    with closing(sender.socket):
        assert sender.answer()[1][1] == "AA"


def test_senders_are_heard_side_by_side() -> None:
    both = threading.Barrier(2, timeout=10)
    with _listening(lambda _: both.wait() and None) as listener, _sender(listener) as one, _sender(listener) as other:
        answers: list[str] = []
        threads = [threading.Thread(target=_ask_into(answers, sender)) for sender in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert answers == ["AA", "AA"]


def _ask_into(answers: list[str], sender: _Sender) -> Callable[[], None]:
    return lambda: answers.append(sender.ask(ORU)[1][1])


def test_a_port_that_is_taken_is_a_wrong_setting() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        place = ("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(SettingRefused, match="HL7_PORT"), Listener(place, print, senders=[], now=time.time):  # type: ignore[arg-type]
            pass
