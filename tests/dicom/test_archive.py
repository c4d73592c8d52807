from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import peers
import pytest
import scripted_pacs as scripted
import shipped
import synthetic
from pynetdicom import evt

from linkexchange.dicom import CGetArchive, Timeouts
from linkexchange.errors import MessageFault, PacsUnavailable, UnknownStudy
from linkexchange.model.identifiers import AeTitle, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.ports import Archive

NODE = AeTitle("NODE")
STUDY = shipped.study(shipped.PLAIN + shipped.COMPRESSED + shipped.UNUSUAL)
PACS = [
    pytest.param(peers.Orthanc, marks=pytest.mark.peers),
    pytest.param(peers.Dcmqrscp, marks=pytest.mark.peers),
    pytest.param(peers.Qrscp, marks=pytest.mark.slow),
]
ROW = scripted.row


def archive(passport: Passport) -> Archive:
    return CGetArchive(passport, calling_ae=NODE, timeouts=Timeouts(10, 10, 50))


def levels(**rows: list[Any]) -> scripted.Handler:
    """A PACS that answers the same to everybody, level by level."""

    def answer(event: Any) -> Iterator[Any]:
        yield from ((0xFF00, row) for row in rows.get(event.identifier.QueryRetrieveLevel, []))

    return evt.EVT_C_FIND, answer


def plain(**image: str) -> dict[str, list[Any]]:
    return {
        "STUDY": [ROW(StudyInstanceUID="1.2")],
        "SERIES": [ROW(StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1", Modality="CT")],
        "IMAGE": [ROW(SOPInstanceUID="1.2.1.1", SOPClassUID=scripted.CT, **image)],
    }


@pytest.mark.parametrize("kind", PACS)
def test_every_pacs_lists_a_study_down_to_its_instances_and_their_classes(kind: Any) -> None:
    with kind() as pacs:
        pacs.upload(STUDY.part10.values())
        summary, _ = archive(pacs.passport()).summary(STUDY.manifest.study)
        assert summary.manifest.digest == STUDY.manifest.digest


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.Orthanc, peers.Dcmqrscp])
def test_the_study_and_its_patient_are_described(kind: type[peers.Orthanc | peers.Dcmqrscp]) -> None:
    with kind() as pacs:
        pacs.upload(STUDY.part10.values())
        summary, patient = archive(pacs.passport()).summary(STUDY.manifest.study)
        assert (summary.description, summary.accessions) == ("CT Thorax", ("A-17",))
        assert (patient.name, patient.patient_id, patient.issuer, patient.sex) == (
            "Größler^Änne",
            "PID-4711",
            "KLINIK",
            "F",
        )


@pytest.mark.peers
def test_the_start_is_told_in_the_zone_of_the_study() -> None:
    with peers.Orthanc() as pacs:
        pacs.upload(STUDY.part10.values())
        summary, _ = archive(pacs.passport()).summary(STUDY.manifest.study)
        assert summary.started == datetime(2026, 2, 27, 23, 15, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.peers
def test_series_and_instances_keep_their_order_and_words() -> None:
    with peers.Orthanc() as pacs:
        pacs.upload(STUDY.part10.values())
        summary, _ = archive(pacs.passport()).summary(STUDY.manifest.study)
        assert summary.manifest == STUDY.manifest


@pytest.mark.parametrize("kind", PACS)
def test_a_study_that_is_not_there_is_unknown(kind: Any) -> None:
    with kind() as pacs, pytest.raises(UnknownStudy):
        archive(pacs.passport()).summary(StudyUid("1.2.3"))


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.Orthanc, peers.Dcmqrscp])
def test_all_studies_are_listed(kind: type[peers.Orthanc | peers.Dcmqrscp]) -> None:
    with kind() as pacs:
        pacs.upload(shipped.study(root="2.25.81", copies=1).part10.values())
        pacs.upload(shipped.study(root="2.25.82", copies=1).part10.values())
        assert sorted(archive(pacs.passport()).studies()) == [("2.25.81", "CT Thorax"), ("2.25.82", "CT Thorax")]


def test_a_study_without_instances_is_unknown() -> None:
    with scripted.serve(levels(**{**plain(), "IMAGE": []})) as passport, pytest.raises(UnknownStudy):
        archive(passport).summary(StudyUid("1.2"))


@pytest.mark.parametrize(
    ("level", "row"),
    [
        ("STUDY", ROW(StudyInstanceUID="1.3")),
        ("SERIES", ROW(StudyInstanceUID="1.3", SeriesInstanceUID="1.2.1")),
        ("IMAGE", ROW(SeriesInstanceUID="1.2.9", SOPInstanceUID="1.2.1.1", SOPClassUID=scripted.CT)),
        ("SERIES", ROW(StudyInstanceUID="1.2", Modality="CT")),
        ("IMAGE", ROW(SOPClassUID=scripted.CT)),
    ],
)
def test_an_answer_about_something_else_or_without_its_uid_is_refused(level: str, row: Any) -> None:
    with scripted.serve(levels(**{**plain(), level: [row]})) as passport, pytest.raises(MessageFault):
        archive(passport).summary(StudyUid("1.2"))


@pytest.mark.peers
def test_orthanc_tells_body_parts_and_all_accession_numbers() -> None:
    with peers.Orthanc() as pacs:
        pacs.upload(synthetic.ordered())
        summary, _ = archive(pacs.passport()).summary(synthetic.STUDY)
        assert (sorted(summary.body_parts), summary.accessions) == (["ABDOMEN", "CHEST"], ("A-1", "A-2"))


@pytest.mark.parametrize("kind", PACS[1:])
def test_a_pacs_that_does_not_know_these_keys_is_published_without_what_they_ask_for(kind: Any) -> None:
    with kind() as pacs:
        pacs.upload(synthetic.ordered())
        summary, _ = archive(pacs.passport()).summary(synthetic.STUDY)
        assert len(summary.manifest.series) == 2
        assert (summary.accessions, summary.body_parts) == (("A-1",), ())


def test_a_pacs_that_refuses_these_keys_is_asked_without_them() -> None:
    def answer(event: Any) -> Iterator[Any]:
        if "BodyPartExamined" in event.identifier:
            yield 0xA900, None
        else:
            yield from ((0xFF00, row) for row in plain()[event.identifier.QueryRetrieveLevel])

    with scripted.serve((evt.EVT_C_FIND, answer)) as passport:
        summary, _ = archive(passport).summary(StudyUid("1.2"))
        assert (len(summary.manifest.uids), summary.body_parts) == (1, ())


def test_several_accession_numbers_in_one_value_are_several() -> None:
    study = ROW(StudyInstanceUID="1.2", AccessionNumber=["A-1", "A-2"])
    with scripted.serve(levels(**{**plain(), "STUDY": [study]})) as passport:
        summary, _ = archive(passport).summary(StudyUid("1.2"))
        assert summary.accessions == ("A-1", "A-2")


def test_answers_that_come_twice_count_once() -> None:
    twice = {level: rows * 2 for level, rows in plain().items()}
    with scripted.serve(levels(**twice)) as passport:
        summary, _ = archive(passport).summary(StudyUid("1.2"))
        assert len(summary.manifest.uids) == 1


def test_an_instance_in_two_series_is_a_fault() -> None:
    two = [ROW(StudyInstanceUID="1.2", SeriesInstanceUID=uid) for uid in ("1.2.1", "1.2.2")]
    rows = {**plain(), "SERIES": two}
    with scripted.serve(levels(**rows)) as passport, pytest.raises(MessageFault, match="twice"):
        archive(passport).summary(StudyUid("1.2"))


def test_one_class_for_the_whole_study_is_enough() -> None:
    rows = {
        **plain(),
        "STUDY": [ROW(StudyInstanceUID="1.2", SOPClassesInStudy=scripted.MR)],
        "IMAGE": [ROW(SOPInstanceUID="1.2.1.1")],
    }
    with scripted.serve(levels(**rows)) as passport:
        summary, _ = archive(passport).summary(StudyUid("1.2"))
        assert summary.manifest.sop_classes == {scripted.MR}


@pytest.mark.slow
def test_a_class_that_nothing_tells_is_a_fault() -> None:
    rows = {**plain(), "IMAGE": [ROW(SOPInstanceUID="1.2.1.1")]}
    never = (evt.EVT_C_GET, lambda _: iter([0]))
    with scripted.serve(levels(**rows), never) as passport, pytest.raises(MessageFault, match="no SOP Class UID"):
        archive(passport).summary(StudyUid("1.2"))


def test_numbers_and_dates_that_are_none_are_left_out() -> None:
    rows = {**plain(InstanceNumber=""), "STUDY": [ROW(StudyInstanceUID="1.2", StudyDate="", StudyTime="")]}
    with scripted.serve(levels(**rows)) as passport:
        summary, _ = archive(passport).summary(StudyUid("1.2"))
        assert (summary.started, next(summary.manifest.instances).number) == (None, None)


@pytest.mark.parametrize(("day", "zone"), [("00010101", ""), ("00010101", "+0100"), ("99991231", "-0100")])
def test_d_01_a_start_that_is_no_moment_elsewhere_is_left_out(day: str, zone: str) -> None:
    study = ROW(
        StudyInstanceUID="1.2", StudyDate=day, StudyTime="235959" if day > "2" else "", TimezoneOffsetFromUTC=zone
    )
    with scripted.serve(levels(**{**plain(), "STUDY": [study]})) as passport:
        summary, _ = archive(passport).summary(StudyUid("1.2"))
        assert summary.started is None or zone == ""


def test_1_1_01_a_series_of_which_no_instance_is_listed_is_a_fault() -> None:
    """A manifest without it would be complete without it."""

    def answer(event: Any) -> Iterator[Any]:
        asked = event.identifier
        rows = {**plain(), "SERIES": [ROW(StudyInstanceUID="1.2", SeriesInstanceUID=uid) for uid in ("1.2.1", "1.2.2")]}
        if asked.QueryRetrieveLevel != "IMAGE" or asked.SeriesInstanceUID == "1.2.1":
            yield from ((0xFF00, row) for row in rows[asked.QueryRetrieveLevel])

    with scripted.serve((evt.EVT_C_FIND, answer)) as passport, pytest.raises(MessageFault, match="none of its"):
        archive(passport).summary(StudyUid("1.2"))


def test_a_start_without_zone_is_in_that_of_the_house() -> None:
    rows = {**plain(), "STUDY": [ROW(StudyInstanceUID="1.2", StudyDate="20260227", StudyTime="23")]}
    with scripted.serve(levels(**rows)) as passport:
        summary, _ = archive(passport).summary(StudyUid("1.2"))
        assert summary.started == datetime(2026, 2, 27, 23, tzinfo=UTC).replace(tzinfo=None).astimezone()


def test_a_pacs_that_is_down_is_unavailable() -> None:
    with pytest.raises(PacsUnavailable):
        archive(Passport("none", AeTitle("NONE"), peers.HOST, peers.free_port())).summary(StudyUid("1.2"))
