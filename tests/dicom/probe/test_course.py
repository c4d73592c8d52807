from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import peers
import pytest
import scripted_pacs as scripted
import shipped
from probing import NODE
from pynetdicom import evt

from linkexchange.dicom.line import Line
from linkexchange.dicom.probe import Limits, probe, visit
from linkexchange.model.advice import needs, ways
from linkexchange.model.findings import Answer, Check, Findings, Scope
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport, Retrieve

pytestmark = pytest.mark.slow

STUDY = shipped.study(shipped.PLAIN + shipped.COMPRESSED)


def at(passport: Passport, *, store: bool = False, **limits: float) -> Findings:
    return probe(Line(passport, NODE), Scope(store=store), Limits(**limits))  # type: ignore[arg-type]


def answers(found: Findings) -> dict[Check, Answer]:
    return {it.check: it.answer for it in found.checks}


def hanging(_: Any) -> Iterator[Any]:
    time.sleep(6)
    yield 0, None


def dripping(_: Any) -> Iterator[Any]:
    """Pending for ever, so that silence never lasts."""
    for number in range(200):
        yield 0xFF00, scripted.row(StudyInstanceUID=f"1.2.{number}")
        time.sleep(0.02)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence that lasts a second is no answer."""
    monkeypatch.setattr("linkexchange.dicom.probe.course.PATIENCE", visit.Timeouts(1, 1, 1))


@pytest.mark.slow
def test_f_12_a_check_that_hangs_is_not_answered_and_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linkexchange.dicom.probe.course.PATIENCE", visit.Timeouts(10, 10, 4))
    with scripted.serve((evt.EVT_C_FIND, hanging)) as passport:
        found = answers(at(passport))
    assert found[Check.STUDY_FIND] is Answer.UNANSWERED
    assert (found[Check.ECHO], found[Check.STORE], found[Check.ASSOCIATIONS]) == (Answer.YES,) * 3


def test_1_1_03_a_pacs_that_is_pending_for_ever_is_cut_off_when_the_time_of_the_check_is_over() -> None:
    started = time.monotonic()
    with scripted.serve((evt.EVT_C_FIND, dripping)) as passport:
        found = at(passport, check_seconds=1.5)
    silent = found.finding(Check.STUDY_FIND)
    assert silent
    assert (silent.answer, silent.evidence) == (Answer.UNANSWERED, "it was not at an end when its time was over")
    assert time.monotonic() - started < 60


def test_when_the_time_of_the_probe_is_over_nothing_more_is_asked() -> None:
    with scripted.serve() as passport:
        found = at(passport, total_seconds=0)
    assert {it.evidence for it in found.checks} == {"not asked: the time of the probe was over"}


@pytest.mark.usefixtures("quick")
def test_every_check_has_a_finding_whatever_the_pacs_does() -> None:
    with scripted.raw(lambda connection: connection.shutdown(socket.SHUT_RDWR)) as passport:
        found = answers(at(passport, check_seconds=1, total_seconds=3, associations=1))
    assert set(found) == set(Check) - {Check.TEST_OBJECT, Check.QIDO, Check.WADO}
    assert set(found.values()) <= {Answer.UNANSWERED, Answer.OPEN}


def test_f_08_a_pacs_that_is_down_is_one_thing_to_do() -> None:
    found = at(Passport("none", AeTitle("NONE"), peers.HOST, peers.free_port()))
    assert [it.concern for it in needs(found)] == ["unreachable"]
    assert "no connection" in needs(found)[0].cause


def test_f_08_a_pacs_that_does_not_know_us_is_one_thing_to_do_that_names_our_ae_title() -> None:
    with scripted.serve(require_calling_aet=["SOMEBODY"]) as passport:
        (need,) = needs(at(passport))
    assert "calling AE title not recognized" in need.cause
    assert "NODE" in need.next_step


def test_a_test_object_is_stored_only_where_it_was_asked_for() -> None:
    stored: list[Any] = []
    with scripted.serve((evt.EVT_C_STORE, stored.append), services=("1.2.840.10008.5.1.4.1.1.7",)) as passport:
        assert at(passport).finding(Check.TEST_OBJECT) is None
    assert stored == []


@pytest.mark.peers
def test_orthanc_is_an_origin_and_a_destination() -> None:
    with peers.Orthanc() as pacs:
        pacs.upload(STUDY.part10.values())
        found = at(pacs.passport())
    expected = (Check.ECHO, Check.STUDY_FIND, Check.IMAGE_FIND, Check.SOP_CLASSES, Check.COUNTS, Check.GET, Check.STORE)
    assert {check for check in expected if not found.says(check)} == set()
    assert (needs(found), found.max_pdu_bytes, found.study) == ([], 16384, STUDY.manifest.study)


@pytest.mark.peers
def test_dcmqrscp_tells_no_classes_and_no_counts() -> None:
    with peers.Dcmqrscp() as pacs:
        pacs.upload(STUDY.part10.values())
        found = answers(at(pacs.passport()))
    assert (found[Check.SOP_CLASSES], found[Check.COUNTS]) == (Answer.NO, Answer.OPEN)


@pytest.mark.peers
def test_1_1_05_with_a_test_object_dcmqrscp_says_that_it_does_not_know_us() -> None:
    with peers.Dcmqrscp() as pacs:
        assert answers(at(pacs.passport()))[Check.MOVE_DESTINATION] is Answer.OPEN
        assert answers(at(pacs.passport(), store=True))[Check.MOVE_DESTINATION] is Answer.NO


@pytest.mark.peers
def test_storescp_is_a_destination_only_and_that_is_fine() -> None:
    with peers.StoreScp() as pacs:
        found = at(pacs.passport())
    assert (needs(found), ways(found)) == ([], [])
    assert len(found.accepted) > 30


@pytest.mark.peers
@pytest.mark.slow
def test_qrscp_is_asked_by_get() -> None:
    with peers.Qrscp() as pacs:
        pacs.upload(STUDY.part10.values())
        found = at(pacs.passport())
    assert ways(found) == [Retrieve.C_GET]
