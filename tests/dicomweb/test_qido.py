from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from linkexchange.dicomweb import qido
from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.patient import KVNR_ISSUER, PatientHeader
from linkexchange.model.study import StudySummary

STUDY = StudyUid("2.25.7")
CT = "1.2.840.10008.5.1.4.1.1.2"


def test_the_three_levels_make_a_manifest_in_the_order_of_their_numbers() -> None:
    series = [_series("2.25.7.2", "CT", 2), _series("2.25.7.1", "MR", 1)]
    instances = [
        _instance("2.25.7.2.1", "2.25.7.2", 7),
        _instance("2.25.7.1.2", "2.25.7.1", None),
        _instance("2.25.7.1.10", "2.25.7.1", 10),
        _instance("2.25.7.1.9", "2.25.7.1", 9),
    ]
    manifest = qido.study_summary(STUDY, {}, series, instances).manifest
    assert [(one.series, one.modality, one.number) for one in manifest.series] == [
        ("2.25.7.1", "MR", 1),
        ("2.25.7.2", "CT", 2),
    ]
    assert [i.sop_instance for i in manifest.instances] == ["2.25.7.1.9", "2.25.7.1.10", "2.25.7.1.2", "2.25.7.2.1"]


def test_a_series_that_only_its_instances_name_is_part_of_the_manifest() -> None:
    manifest = qido.study_summary(STUDY, {}, [], [_instance("2.25.7.1.1", "2.25.7.1", 1)]).manifest
    assert [(one.series, one.modality) for one in manifest.series] == [("2.25.7.1", "")]


def test_a_series_without_instances_is_not_part_of_the_manifest() -> None:
    series = [_series("2.25.7.1", "CT", 1), _series("2.25.7.2", "CT", 2)]
    manifest = qido.study_summary(STUDY, {}, series, [_instance("2.25.7.1.1", "2.25.7.1", 1)]).manifest
    assert [one.series for one in manifest.series] == ["2.25.7.1"]


@pytest.mark.parametrize(
    "instance",
    [
        {},
        {"00080018": {"Value": ["2.25.7.1.1"]}, "0020000E": {"Value": ["2.25.7.1"]}},
        {"00080018": {"Value": ["../../x"]}, "0020000E": {"Value": ["2.25.7.1"]}, "00080016": {"Value": [CT]}},
        {"00080018": {"Value": ["2.25.7.1.1"]}, "0020000E": {"Value": ["2.25.07"]}, "00080016": {"Value": [CT]}},
    ],
    ids=["empty", "no-class", "traversal", "leading-zero"],
)
def test_d_07_an_instance_without_proper_uids_is_refused(instance: dict[str, Any]) -> None:
    with pytest.raises(MessageFault):
        qido.study_summary(STUDY, {}, [], [instance])


def test_a_study_without_instances_is_refused() -> None:
    with pytest.raises(MessageFault):
        qido.study_summary(STUDY, {}, [_series("2.25.7.1", "CT", 1)], [])


def test_the_study_level_describes_the_study() -> None:
    row = _row({"00081030": "CT Thorax", "00080050": "A-17", "00080020": "20260227", "00080030": "231500.25"})
    summary = _summary(row | {"00080201": {"Value": ["+0100"]}})
    assert (summary.description, summary.accessions) == ("CT Thorax", ("A-17",))
    assert summary.started == datetime(2026, 2, 27, 22, 15, tzinfo=UTC)


def test_body_parts_and_accession_numbers_are_those_of_the_study_and_of_the_requests_of_its_series() -> None:
    requests = [{"00080050": {"Value": [number]}} for number in ("A-2", "A-3")]
    odd: list[Any] = [{"00080050": {"Value": [7, None]}}, "no item", {}]
    series = [
        _series("2.25.7.1", "CT", 1) | {"00180015": {"Value": ["CHEST"]}, "00400275": {"Value": requests}},
        _series("2.25.7.2", "CT", 2) | {"00180015": {"Value": ["ABDOMEN"]}, "00400275": {"Value": odd}},
        _series("2.25.7.3", "CT", 3) | {"00180015": {"Value": ["CHEST"]}},
    ]
    found = {"00080050": {"Value": ["A-1", "A-2"]}}
    summary = qido.study_summary(STUDY, found, series, [_instance("2.25.7.1.1", "2.25.7.1", 1)])
    assert (summary.accessions, summary.body_parts) == (("A-1", "A-2", "A-3"), ("CHEST", "ABDOMEN"))


def test_a_study_without_a_zone_began_in_the_zone_of_this_machine() -> None:
    row = _row({"00080020": "20260227", "00080030": "2315"})
    assert _summary(row).started == datetime(2026, 2, 27, 23, 15).astimezone()


@pytest.mark.parametrize(("day", "time"), [("", ""), ("", "1200"), ("2026", ""), ("20261301", ""), ("20260101", "99")])
def test_a_moment_that_is_none_is_left_out(day: str, time: str) -> None:
    assert _summary(_row({"00080020": day, "00080030": time})).started is None


@pytest.mark.parametrize(("day", "zone"), [("00010101", "+0100"), ("99991231", "-0100")])
def test_d_01_a_moment_that_is_none_elsewhere_is_left_out(day: str, zone: str) -> None:
    row = _row({"00080020": day, "00080030": "235959" if day > "2" else "00", "00080201": zone})
    assert _summary(row).started is None


def test_a_zone_that_is_none_is_left_out() -> None:
    row = _row({"00080020": "20260227", "00080030": "12", "00080201": "CET"})
    assert _summary(row).started == datetime(2026, 2, 27, 12).astimezone()


def test_a_negative_zone_is_read() -> None:
    row = _row({"00080020": "20260227", "00080030": "12", "00080201": "-0330"})
    zone = timezone(timedelta(hours=-3, minutes=-30))
    assert _summary(row).started == datetime(2026, 2, 27, 12, tzinfo=zone)


def test_the_study_level_describes_the_patient() -> None:
    row = _row({"00100020": "PID-4711", "00100021": "KLINIK", "00100030": "19500228", "00100040": "F"})
    row["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": "Größler^Änne", "Ideographic": "x"}]}
    assert qido.patient_header(row) == PatientHeader(
        patient_id="PID-4711", issuer="KLINIK", name="Größler^Änne", birth_date=date(1950, 2, 28), sex="F"
    )


def test_the_kvnr_is_found_among_the_other_patient_ids_by_its_issuer() -> None:
    others = [_row({"00100020": "X1", "00100021": "OTHER"}), _row({"00100020": "A123456780", "00100021": KVNR_ISSUER})]
    assert qido.patient_header({"00101002": {"vr": "SQ", "Value": others}}).kvnr == "A123456780"


def test_the_kvnr_may_be_the_patient_id_itself() -> None:
    assert qido.patient_header(_row({"00100020": "A123456780", "00100021": KVNR_ISSUER})).kvnr == "A123456780"


@pytest.mark.parametrize(
    "row",
    [{}, {"00100010": None}, {"00100010": {}}, {"00100010": {"Value": None}}, {"00100010": {"Value": [[1]]}}],
    ids=str,
)
def test_what_is_odd_is_read_as_nothing(row: dict[str, Any]) -> None:
    odd = row | {"00101002": {"Value": 5}, "00100030": {"Value": ["1950-02-28"]}}
    assert qido.patient_header(odd) == PatientHeader()


def test_an_empty_body_is_no_rows() -> None:
    assert qido.rows(b"") == []


@pytest.mark.parametrize("body", [b"{}", b"[1]", b"[", b"<xml/>", b"\xff", b"[" * 100_000])
def test_t_17_what_is_no_list_of_objects_is_refused(body: bytes) -> None:
    with pytest.raises(MessageFault):
        qido.rows(body)


def _summary(row: qido.Row) -> StudySummary:
    return qido.study_summary(STUDY, row, [], [_instance("2.25.7.1.1", "2.25.7.1", 1)])


def _row(values: dict[str, Any]) -> dict[str, Any]:
    return {tag: {"Value": [value]} if value is not None else {} for tag, value in values.items()}


def _series(uid: str, modality: str, number: int) -> dict[str, Any]:
    return _row({"0020000E": uid, "00080060": modality, "00200011": number})


def _instance(uid: str, series: str, number: int | None) -> dict[str, Any]:
    return _row({"00080018": uid, "0020000E": series, "00080016": CT, "00200013": number})
