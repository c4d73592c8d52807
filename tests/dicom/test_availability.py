"""Instance Availability Notification, sent by pynetdicom as a PACS would send it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import InstanceAvailabilityNotification

from linkexchange.dicom import AvailabilityListener
from linkexchange.dicom.availability import Hear
from linkexchange.errors import SettingRefused, StateUnavailable
from linkexchange.model.identifiers import AeTitle, StudyUid
from linkexchange.model.passport import Passport

PACS = Passport("pacs", AeTitle("PACS"), "127.0.0.1", 104)
STUDY = StudyUid("1.2.3")


@contextmanager
def _listening(hear: Hear) -> Iterator[AvailabilityListener]:
    place = ("127.0.0.1", 0)
    with AvailabilityListener(place, hear, title=AeTitle("NODE"), registered=lambda: [PACS]) as listener:
        yield listener


def _told(listener: AvailabilityListener, *, study: str = STUDY, calling: str = "PACS") -> int:
    ae = AE(ae_title=calling)
    ae.add_requested_context(InstanceAvailabilityNotification)
    association = ae.associate("127.0.0.1", listener.port, ae_title="NODE")
    assert association.is_established
    told = Dataset()
    told.StudyInstanceUID, told.ReferencedPerformedProcedureStepSequence = study, []
    told.ReferencedSeriesSequence = []
    status, _ = association.send_n_create(told, InstanceAvailabilityNotification, "1.2.9")
    association.release()
    return int(status.Status)


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
        listener = AvailabilityListener(place, print, title=AeTitle("NODE"), registered=list)
        with pytest.raises(SettingRefused, match="IAN_PORT"), listener:
            pass
