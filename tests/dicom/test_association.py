from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import certificates
import peers
import pytest
import scp
import scripted_pacs as scripted
from pynetdicom import evt
from pynetdicom.acse import ACSE

from linkexchange import tls
from linkexchange.conform import Admission, OriginManners, OriginPacs, hostile, made
from linkexchange.dicom import Timeouts, echo, holder_of
from linkexchange.dicom.association import associate
from linkexchange.dicom.bulk import Association as BulkAssociation
from linkexchange.dicom.dimse import ECHO
from linkexchange.dicom.dimse import echo as ask_echo
from linkexchange.dicom.line import Line
from linkexchange.dicom.probe.visit import ProbingAssociation
from linkexchange.errors import PacsRejectsNode, PacsUnavailable
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.passport import Passport

pytestmark = pytest.mark.slow

NODE = AeTitle("NODE")
SHORT = Timeouts(connect_seconds=10, negotiate_seconds=2, idle_seconds=1)


def failure(passport: Passport) -> str:
    started = time.monotonic()
    with pytest.raises((PacsUnavailable, PacsRejectsNode)) as caught:
        echo(Line(passport, NODE, SHORT))
    assert time.monotonic() - started < 30
    return caught.value.detail


def answering_slowly(seconds: float) -> scripted.Handler:
    def answer(_: Any) -> int:
        time.sleep(seconds)
        return 0

    return evt.EVT_C_ECHO, answer


def test_a_pacs_that_answers_is_there() -> None:
    with scripted.serve() as passport:
        echo(Line(passport, NODE))


def test_nobody_listening_is_no_connection() -> None:
    assert failure(Passport("none", scripted.AE_TITLE, peers.HOST, peers.free_port())) == "no connection"


def test_a_host_that_has_no_address_is_said_to_be_unknown() -> None:
    assert failure(Passport("none", scripted.AE_TITLE, "pacs.invalid", 104)) == "its host name is not known"


def test_a_wrong_called_ae_title_is_named_as_the_reason() -> None:
    with scripted.serve(require_called_aet=True) as passport:
        wrong = Passport("wrong", AeTitle("OTHER"), passport.host, passport.port)
        assert failure(wrong) == "association rejected: called AE title not recognized, permanent"


def test_an_unknown_calling_ae_title_is_named_as_the_reason() -> None:
    with scripted.serve(require_calling_aet=["SOMEBODY"]) as passport:
        assert failure(passport) == "association rejected: calling AE title not recognized, permanent"


def test_f_08_what_is_rejected_for_good_is_no_matter_of_waiting() -> None:
    with scripted.serve(require_calling_aet=["SOMEBODY"]) as passport, pytest.raises(PacsRejectsNode):
        echo(Line(passport, NODE, SHORT))


def test_f_08_a_rejection_that_comes_quickly_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """pynetdicom looks at the connection before the answer, and finds it closed where the PACS was the quicker."""
    send = ACSE.send_request

    def late(acse: ACSE) -> None:
        send(acse)
        time.sleep(0.3)

    monkeypatch.setattr(ACSE, "send_request", late)
    with scripted.serve(require_calling_aet=["SOMEBODY"]) as passport, pytest.raises(PacsRejectsNode):
        echo(Line(passport, NODE, SHORT))


def test_f_08_a_full_pacs_is_waited_for() -> None:
    with (
        scripted.serve(maximum_associations=1) as passport,
        associate(Line(passport, NODE), [ECHO]),
        pytest.raises(PacsUnavailable),
    ):
        echo(Line(passport, NODE, SHORT))


def test_a_full_pacs_is_named_as_the_reason() -> None:
    with scripted.serve(maximum_associations=1) as passport, associate(Line(passport, NODE), [ECHO]):
        assert failure(passport) == "association rejected: local limit exceeded, transient"


def test_a_service_that_is_not_offered_is_named() -> None:
    with scripted.serve(services=(scripted.STUDY_FIND,)) as passport:
        assert failure(passport) == "the PACS does not accept Verification SOP Class"


def test_a_pacs_that_takes_the_connection_and_is_silent_is_given_up() -> None:
    with scripted.raw(lambda _: None) as passport:
        assert failure(passport) == "no answer to the association request, or it was aborted"


def test_a_pacs_that_hangs_up_at_once_is_given_up() -> None:
    with scripted.raw(lambda connection: connection.shutdown(socket.SHUT_RDWR)) as passport:
        assert failure(passport) == "no answer to the association request, or it was aborted"


def test_a_pacs_that_stops_in_the_middle_of_a_pdu_is_given_up() -> None:
    with scripted.raw(lambda connection: connection.sendall(b"\x02\0\0\0\xff\xff" + bytes(10))) as passport:
        assert failure(passport) == "no answer to the association request, or it was aborted"


def test_silence_after_a_request_is_given_up() -> None:
    with scripted.serve(answering_slowly(2.5)) as passport:
        assert failure(passport) == "no answer within 1 s"


def test_an_abort_instead_of_an_answer_ends_the_waiting() -> None:
    with scripted.serve((evt.EVT_C_ECHO, lambda event: event.assoc.abort())) as passport:
        assert failure(passport) == "the association broke off"


def test_any_status_but_success_is_no_answer() -> None:
    with scripted.serve((evt.EVT_C_ECHO, lambda _: 0x0210)) as passport:
        assert failure(passport) == "C-ECHO ended with status 0210"


def silent(association: BulkAssociation) -> None:
    """Takes the call and what is asked, and says nothing."""
    while True:
        association.receive()


@pytest.mark.parametrize("secured", [False, True])
def test_f_12_whoever_waits_for_a_silent_pacs_is_freed_from_another_thread(*, secured: bool, tmp_path: Path) -> None:
    with called(silent, tmp_path if secured else None) as line:
        association = ProbingAssociation(line, [ECHO])
        threading.Timer(0.2, association.cut).start()
        started = time.monotonic()
        with pytest.raises(PacsUnavailable):
            ask_echo(association)
        association.abort()
        assert time.monotonic() - started < 30


def test_n_03_an_association_that_is_hung_up_on_never_goes_on_without_encryption(tmp_path: Path) -> None:
    with called(silent, tmp_path) as line:
        association = ProbingAssociation(line, [ECHO])
        connection = association._assoc.dul.socket.socket
        association.cut()
        # What an SSLSocket without a version sends, it sends as it is.
        assert connection.version() is not None
        association.abort()
        assert connection.fileno() == -1


@contextmanager
def called(talk: scp.Talk, folder: Path | None) -> Iterator[Line]:
    """How to call a PACS that is scripted so, over TLS where there is a folder for its certificate."""
    if folder is None:
        with scp.serving(talk) as passport:
            yield Line(passport, NODE, Timeouts(10, 10, 60))
        return
    files = certificates.Authority(folder).node(TelematikId("1-2-pacs"))
    ours, theirs = (make(files.certificate, files.key, files.ca) for make in (tls.client_context, tls.server_context))
    with scp.serving(talk, tls=theirs) as passport:
        yield Line(passport, NODE, Timeouts(10, 10, 60), ours)


@pytest.mark.parametrize("name", hostile.NEGOTIATING)
def test_d_13_a_pacs_that_answers_the_call_with(name: str) -> None:
    """What pynetdicom takes without a word is as good as nothing."""
    started = time.monotonic()
    manners = OriginManners(admission=Admission(instead=hostile.NEGOTIATING[name]))
    with OriginPacs(made(1), manners) as pacs, pytest.raises(PacsUnavailable):
        echo(Line(Passport("hostile", AeTitle(pacs.ae_title), peers.HOST, pacs.port), NODE, SHORT))
    assert time.monotonic() - started < 30


def test_small_messages_leave_at_once() -> None:
    with scripted.serve() as passport, associate(Line(passport, NODE), [ECHO]) as association:
        connection = association._assoc.dul.socket.socket
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_an_exception_aborts_the_association() -> None:
    aborted: list[Any] = []
    with scripted.serve((evt.EVT_ABORTED, aborted.append)) as passport:
        with pytest.raises(KeyError), associate(Line(passport, NODE), [ECHO]):
            raise KeyError
        _wait_for(aborted)


def test_the_end_releases_the_association() -> None:
    released: list[Any] = []
    with scripted.serve((evt.EVT_RELEASED, released.append)) as passport:
        with associate(Line(passport, NODE), [ECHO]):
            pass
        _wait_for(released)


def test_nothing_that_is_asked_or_answered_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def answer(_: Any) -> Any:
        yield 0xFF00, scripted.row(PatientID="SECRET", PatientName="Secret^Name")

    with scripted.serve((evt.EVT_C_FIND, answer)) as passport:
        holder_of(Line(passport, NODE), "SECRET")
    assert "secret" not in caplog.text.lower()


def _wait_for(events: list[Any]) -> None:
    deadline = time.monotonic() + 5
    while not events:
        assert time.monotonic() < deadline
        time.sleep(0.01)
