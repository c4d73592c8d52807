"""The benchmarks, as far as no time is measured: their studies are DICOM, their pages say what was measured."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import synthetic
from benchmarks import line, page, plot, report, studies
from benchmarks.figures import Limit, Result, Runs, rates
from benchmarks.report import Circumstances
from pydicom import dcmread

from linkexchange.dataset import read_header

CIRCUMSTANCES = Circumstances("2026-11-24", 2, "some processor", "Linux, Python", {"Orthanc": "1.0"})
FASTER = Result(
    "ct", "CT, one to another", "MB/s", rates("ours", [1.0, 2.0, 4.0], 100), rates("peer", [10.0], 100), Limit(5, 4)
)
SMALL = Result("memory", "growth", "MB", Runs("ours", (30.0,)), limit=Limit(20, 40), note="with a note")


@pytest.fixture
def ct(tmp_path: Path) -> list[Path]:
    return studies.write(studies.CT.only(3), tmp_path)


def test_a_study_of_the_benchmarks_is_dicom_with_all_of_its_pixels(ct: list[Path]) -> None:
    assert {len(dcmread(path).PixelData) for path in ct} == {studies.CT.pixel_bytes}


def test_a_study_of_the_benchmarks_is_of_the_patient_for_whom_it_is_published(ct: list[Path]) -> None:
    encoded = ct[0].read_bytes().partition(b"\x08\x00\x05\x00CS")
    header, _ = read_header(dcmread(ct[0]).file_meta.TransferSyntaxUID, iter([encoded[1] + encoded[2]]))
    assert header.patient.kvnr == synthetic.KVNR


def test_two_runs_of_the_benchmarks_move_the_same_bytes(ct: list[Path], tmp_path: Path) -> None:
    again = studies.write(studies.CT.only(3), tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in ct]


def test_a_ratio_is_that_of_the_medians_and_at_least_its_goal() -> None:
    assert (FASTER.measure, FASTER.verdict) == (5.0, "goal")


def test_a_size_is_at_most_its_goal_or_its_floor() -> None:
    assert SMALL.verdict == "floor"


def test_results_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    report.write_json(tmp_path / "it.json", CIRCUMSTANCES, [FASTER, SMALL])
    assert report.read_json(tmp_path / "it.json") == (CIRCUMSTANCES, [FASTER, SMALL])


def test_the_page_of_measurements_has_a_row_for_each_result() -> None:
    written = page.markdown(CIRCUMSTANCES, [FASTER, SMALL])
    assert written.count("\n| CT, one to another |") == written.count("\n| growth |") == 1


def test_the_picture_has_a_bar_for_each_ratio() -> None:
    drawn = ElementTree.fromstring(plot.svg([FASTER, SMALL]))
    assert len([it for it in drawn.iter() if it.tag.endswith("text") and it.text == FASTER.title]) == 1


@pytest.mark.root
@pytest.mark.skipif(bool(line.missing()), reason=f"a long line {line.missing()}")
def test_a_long_line_is_at_least_as_long_as_it_says(tmp_path: Path) -> None:
    with line.laid(tmp_path, round_trip_ms=60, mbit=1000) as joined:
        seconds = line.round_trip_seconds(joined)
    assert seconds >= 0.06
