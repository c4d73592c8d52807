"""The benchmarks, as far as no time is measured: their studies are DICOM, their pages say what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import synthetic
from benchmarks import documents, documents_page, line, page, plot, report, studies, turns
from benchmarks.documents_page import Memory, Row, Size
from benchmarks.figures import Limit, Result, Runs, rates
from benchmarks.report import Circumstances
from benchmarks.turns import Took
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


def took(*seconds: float) -> Took:
    return Took(Runs("wall", seconds), Runs("processor", (0.5,)))


def of_documents(*rows: Row, others: float = 0.0) -> documents_page.Measured:
    return documents_page.Measured(10_000, rows, Size(2.0, 2.1, 2.5), Memory(90.0, 200.0), others)


HELD = Row("write", took(1.0, 2.0, 9.0), took(3.0), 2.0)


def test_the_page_of_documents_has_a_row_for_each_piece_with_both_kinds_of_seconds_and_the_verdict() -> None:
    written = documents_page.markdown(CIRCUMSTANCES, of_documents(HELD))
    assert "\n| write | 2 (1 to 9) s | 0.5 (0.5 to 0.5) s | 3 (3 to 3) s | 0.5 (0.5 to 0.5) s | 2 s | held |" in written
    assert "Nothing else ran." in written


@pytest.mark.parametrize(("limit", "verdict"), [(2.0, "held"), (1.9, documents_page.BUSY), (0.4, "missed")])
def test_a_limit_is_held_by_the_median_of_the_wall_or_at_least_by_that_of_the_processor(
    limit: float, verdict: str
) -> None:
    row = replace(HELD, limit=limit)
    assert (row.verdict, of_documents(row).is_missed) == (verdict, verdict == "missed")


def test_the_page_says_when_other_work_ran_beside_it() -> None:
    assert "it had 1.3 of the cores" in documents_page.markdown(CIRCUMSTANCES, of_documents(HELD, others=1.3))


@pytest.mark.slow
def test_all_pieces_of_the_benchmark_of_documents_are_done_and_the_memory_of_both_sides_is_seen() -> None:
    found = documents.measured(per_series=1, runs=1)
    assert found.instances == 20
    assert all(it.ours.processor.median > 0 for it in found.rows)
    assert min(found.memory.ours, found.memory.library) > 10


@pytest.mark.slow
def test_pieces_take_turns_after_a_round_that_does_not_count() -> None:
    done: list[str] = []
    timed = turns.take({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, runs=2)
    assert done == ["a", "b"] * 3
    assert {name: len(it.wall.values) for name, it in timed.took.items()} == {"a": 2, "b": 2}


def test_the_picture_has_a_bar_for_each_ratio() -> None:
    drawn = ElementTree.fromstring(plot.svg([FASTER, SMALL]))
    assert len([it for it in drawn.iter() if it.tag.endswith("text") and it.text == FASTER.title]) == 1


@pytest.mark.root
@pytest.mark.skipif(bool(line.missing()), reason=f"a long line {line.missing()}")
def test_a_long_line_is_at_least_as_long_as_it_says(tmp_path: Path) -> None:
    with line.laid(tmp_path, round_trip_ms=60, mbit=1000) as joined:
        seconds = line.round_trip_seconds(joined)
    assert seconds >= 0.06
