"""Instance Availability Notification, sent by pynetdicom as a PACS would send it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import DAY, Authority
from notifying import associated, notified

from linkexchange.dicom import AvailabilityListener, Callers
from linkexchange.dicom.availability import Hear
from linkexchange.errors import SettingRefused, StateUnavailable
from linkexchange.model.identifiers import AeTitle, StudyUid, TelematikId
from linkexchange.model.passport import Passport

pytestmark = pytest.mark.slow

PACS = Passport("pacs", AeTitle("PACS"), "127.0.0.1", 104)
STUDY = StudyUid("1.2.3")


@contextmanager
def _listening(
    hear: Hear, *, pacs: Passport = PACS, context: ssl.SSLContext | None = None
) -> Iterator[AvailabilityListener]:
    place, known = ("127.0.0.1", 0), Callers(lambda: [pacs])
    with AvailabilityListener(place, hear, title=AeTitle("NODE"), known=known, tls=context) as listener:
        yield listener


def _told(
    listener: AvailabilityListener,
    *,
    study: str = STUDY,
    calling: str = "PACS",
    context: ssl.SSLContext | None = None,
) -> int | None:
    """The status of a notification; None where not even an association could be had."""
    return notified(listener.port, study, called="NODE", calling=calling, context=context)


def test_a_notification_of_a_registered_pacs_is_heard_and_answered() -> None:
    heard: list[tuple[str, StudyUid]] = []
    with _listening(lambda pacs, study: heard.append((pacs, study))) as listener:
        status = _told(listener)
    assert (status, heard) == (0, [("pacs", STUDY)])


def test_a_stranger_is_not_heard() -> None:
    heard: list[str] = []
    with _listening(lambda pacs, _: heard.append(pacs)) as listener:
        assert (_told(listener, calling="STRANGER"), heard) == (0x0124, [])


def test_a_notification_without_a_study_is_refused() -> None:
    with _listening(lambda *_: None) as listener:
        assert _told(listener, study="") == 0x0120


@pytest.mark.parametrize("error", [StateUnavailable(), RuntimeError("bug")])
def test_what_cannot_be_kept_is_not_acknowledged(error: Exception) -> None:
    def hear(*_: object) -> None:
        raise error

    with _listening(hear) as listener:
        assert _told(listener) == 0x0110


def test_a_port_that_is_taken_is_a_wrong_setting() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        place = ("127.0.0.1", taken.getsockname()[1])
        listener = AvailabilityListener(place, print, title=AeTitle("NODE"), known=Callers(list))
        with pytest.raises(SettingRefused, match="IAN_PORT"), listener:
            pass


def test_a_pacs_at_another_address_than_its_own_is_not_heard() -> None:
    heard: list[str] = []
    with _listening(lambda pacs, _: heard.append(pacs), pacs=replace(PACS, host="192.0.2.1")) as listener:
        assert (_told(listener), heard) == (0x0124, [])


def test_whoever_is_connected_when_the_listener_ends_is_cut_off() -> None:
    with ExitStack() as stack:
        with _listening(lambda *_: None) as listener:
            association = stack.enter_context(associated(listener.port, called="NODE"))
            assert association.is_established
        association.join(timeout=20)
        assert association.is_aborted


# --- over TLS ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _server(authority: Authority) -> ssl.SSLContext:
    return authority.node(TelematikId("5-2-node")).server_context()


def test_a_pacs_with_its_certificate_is_heard(authority: Authority) -> None:
    heard: list[str] = []
    with _listening(lambda pacs, _: heard.append(pacs), context=_server(authority)) as listener:
        status = _told(listener, context=authority.node(TelematikId("1-2-pacs")).client_context())
    assert (status, heard) == (0, ["pacs"])


def test_a_certificate_that_names_another_host_is_not_heard(authority: Authority) -> None:
    heard: list[str] = []
    other = authority.node(TelematikId("1-2-pacs"), host="other.example")
    with _listening(lambda pacs, _: heard.append(pacs), context=_server(authority)) as listener:
        assert (_told(listener, context=other.client_context()), heard) == (0x0124, [])


def test_without_a_certificate_of_the_ca_there_is_no_association(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").node(TelematikId("1-2-pacs"))
    bare = ssl.create_default_context(cafile=str(authority.certificate))
    ended = authority.node(TelematikId("1-2-pacs"), valid_for=-DAY)
    with _listening(lambda *_: None, context=_server(authority)) as listener:
        others = [replace(stranger, ca=authority.certificate).client_context(), bare, ended.client_context(), None]
        assert [_told(listener, context=context) for context in others] == [None] * 4


def test_strangers_who_say_nothing_keep_no_pacs_out(authority: Authority) -> None:
    with _listening(lambda *_: None, context=_server(authority)) as listener:
        silent = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(12)]
        try:
            assert _told(listener, context=authority.node(TelematikId("1-2-pacs")).client_context()) == 0
        finally:
            for one in silent:
                one.close()
