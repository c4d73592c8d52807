from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import notifying
import pytest
from certificates import DAY, Authority
from notifying import Sender

from linkexchange.errors import MessageFault, SettingRefused, StateUnavailable
from linkexchange.hl7 import Hear, Limits, Listener, Message
from linkexchange.model.identifiers import TelematikId

pytestmark = pytest.mark.slow

ORU = b"MSH|^~\\&|RIS|KLINIK|NODE|HAUS|20260301||ORU^R01^ORU_R01|4711|P|2.5||||||8859/1\rPID|1||0815||M\xfcller\r"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@contextmanager
def _listening(
    hear: Hear,
    *,
    limits: Limits | None = None,
    senders: str = "127.0.0.1",
    context: ssl.SSLContext | None = None,
) -> Iterator[Listener]:
    place = ("127.0.0.1", 0)
    with Listener(place, hear, senders=[senders], now=lambda: NOW, limits=limits or Limits(), tls=context) as listener:
        yield listener


def _sender(listener: Listener, context: ssl.SSLContext | None = None) -> AbstractContextManager[Sender]:
    return notifying.sender(listener.port, context)


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
        sender = Sender(listener.port)
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


def _ask_into(answers: list[str], sender: Sender) -> Callable[[], None]:
    return lambda: answers.append(sender.ask(ORU)[1][1])


def test_a_port_that_is_taken_is_a_wrong_setting() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        place = ("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(SettingRefused, match="HL7_PORT"), Listener(place, print, senders=[], now=time.time):  # type: ignore[arg-type]
            pass


def test_a_sender_may_be_known_by_name() -> None:
    with _listening(lambda _: None, senders="localhost") as listener, _sender(listener) as sender:
        assert sender.ask(ORU)[1][1] == "AA"


# --- over TLS ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _server(authority: Authority) -> ssl.SSLContext:
    return authority.node(TelematikId("5-2-node")).server_context()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_sender_with_the_certificate_of_its_host_is_heard(authority: Authority, name: str) -> None:
    context = authority.node(TelematikId("1-2-ris")).client_context()
    listening = _listening(lambda _: None, senders=name, context=_server(authority))
    with listening as listener, _sender(listener, context) as sender:
        assert [sender.ask(ORU)[1][1] for _ in range(2)] == ["AA", "AA"]


def test_a_certificate_that_names_another_host_is_turned_away_unheard(authority: Authority) -> None:
    context = authority.node(TelematikId("1-2-ris"), host="other.example").client_context()
    listening = _listening(_fails(AssertionError()), context=_server(authority))
    with listening as listener, _sender(listener, context) as sender:
        assert sender.is_ended()


def test_without_a_certificate_of_the_ca_nothing_is_heard(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").node(TelematikId("1-2-ris"))
    bare = ssl.create_default_context(cafile=str(authority.certificate))
    ended = authority.node(TelematikId("1-2-ris"), valid_for=-DAY)
    others = [replace(stranger, ca=authority.certificate).client_context(), bare, ended.client_context()]
    with _listening(_fails(AssertionError()), context=_server(authority)) as listener:
        for context in others:
            with _sender(listener, context) as sender:
                assert sender.is_ended()


def test_clear_text_at_a_port_with_tls_is_not_heard(authority: Authority) -> None:
    with _listening(_fails(AssertionError()), context=_server(authority)) as listener, _sender(listener) as sender:
        sender.socket.sendall(b"\x0b" + ORU + b"\x1c\r")
        assert b"MSA" not in sender.rest()


def test_what_is_being_heard_over_tls_when_the_listener_ends_is_answered(authority: Authority) -> None:
    begun, context = threading.Event(), authority.node(TelematikId("1-2-ris")).client_context()

    def hear(_: Message) -> None:
        begun.set()
        time.sleep(0.2)

    with _listening(hear, context=_server(authority)) as listener:
        sender = Sender(listener.port, context)
        sender.socket.sendall(b"\x0b" + ORU + b"\x1c\r")
        assert begun.wait(10)
    with closing(sender):
        assert sender.answer()[1][1] == "AA"
