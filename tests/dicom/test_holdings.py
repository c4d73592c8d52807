from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import peers
import pytest
import scripted_pacs as scripted
import shipped
from pydicom.dataset import Dataset
from pynetdicom import evt

from linkexchange.dicom.holdings import listed
from linkexchange.dicom.line import Line, Timeouts
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import AeTitle, SopInstanceUid, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.ports import Brake

STUDY = StudyUid("1.2")
TWO_SERIES = {"1.2.1": ["1.2.1.1", "1.2.1.2"], "1.2.2": ["1.2.2.1"]}


def line(passport: Passport) -> Line:
    return Line(passport, AeTitle("NODE"), Timeouts(10, 10, 20))


def archive(held: Mapping[str, Sequence[str]], **other: str) -> scripted.Handler:
    """A PACS that has these series; `other` is what it says differently at IMAGE level."""

    def rows(asked: Dataset) -> Iterator[Dataset]:
        if asked.QueryRetrieveLevel == "SERIES":
            yield from (scripted.row(StudyInstanceUID=STUDY, SeriesInstanceUID=uid) for uid in held)
            return
        series = asked.SeriesInstanceUID
        above = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": series}
        yield from (scripted.row(**(above | {"SOPInstanceUID": uid} | other)) for uid in held[series])

    return evt.EVT_C_FIND, lambda event: ((0xFF00, row) for row in rows(event.identifier))


def answering(*answers: tuple[int, Dataset | None]) -> scripted.Handler:
    return evt.EVT_C_FIND, lambda _: iter(answers)


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.Orthanc, peers.Dcmqrscp])
def test_a_pacs_lists_what_it_has_of_a_study_and_of_no_other(kind: type[peers.Orthanc | peers.Dcmqrscp]) -> None:
    study = shipped.study(shipped.PLAIN, copies=1)
    with kind() as pacs:
        pacs.upload(study.part10.values())
        assert listed(line(pacs.passport()), study.manifest.study) == study.manifest.uids
        assert listed(line(pacs.passport()), STUDY) == frozenset()


def test_the_instances_of_all_series_are_listed() -> None:
    with scripted.serve(archive(TWO_SERIES)) as passport:
        assert listed(line(passport), STUDY) == {"1.2.1.1", "1.2.1.2", "1.2.2.1"}


def test_a_study_of_which_a_pacs_has_nothing_has_no_instances() -> None:
    with scripted.serve(archive({})) as passport:
        assert listed(line(passport), STUDY) == frozenset()


def test_a_pacs_that_does_not_repeat_what_it_was_asked_for_is_believed() -> None:
    with scripted.serve(archive(TWO_SERIES, StudyInstanceUID="", SeriesInstanceUID="")) as passport:
        assert listed(line(passport), STUDY) == {"1.2.1.1", "1.2.1.2", "1.2.2.1"}


def test_a_long_list_is_read_to_its_end() -> None:
    uids = [f"1.2.1.{number}" for number in range(1, 301)]
    with scripted.serve(archive({"1.2.1": uids})) as passport:
        assert listed(line(passport), STUDY) == set(map(SopInstanceUid, uids))


def test_a_pacs_without_queries_lists_nothing_that_could_be_compared() -> None:
    with scripted.serve(services=(scripted.ECHO,)) as passport:
        assert listed(line(passport), STUDY) is None


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(answering((0xA700, None)), id="out of resources"),
        pytest.param(answering((0xC001, None)), id="unable to process"),
        pytest.param(archive(TWO_SERIES, StudyInstanceUID="1.9"), id="another study"),
        pytest.param(archive(TWO_SERIES, SeriesInstanceUID="1.9"), id="another series"),
        pytest.param(archive(TWO_SERIES, SOPInstanceUID=""), id="no UID"),
    ],
)
def test_a_list_that_is_not_one_is_none(handler: scripted.Handler) -> None:
    with scripted.serve(handler) as passport:
        assert listed(line(passport), STUDY) is None


def test_an_answer_that_is_far_too_long_is_unavailable() -> None:
    long = scripted.row(SeriesInstanceUID="1.2.1")
    long.add_new(0x00420011, "OB", bytes(100_000))
    with scripted.serve(answering((0xFF00, long))) as passport, pytest.raises(PacsUnavailable, match="too long"):
        listed(line(passport), STUDY)


def test_a_pacs_that_breaks_off_is_unavailable() -> None:
    def abort(event: Any) -> Iterator[Any]:
        event.assoc.abort()
        yield 0, None

    with scripted.serve((evt.EVT_C_FIND, abort)) as passport, pytest.raises(PacsUnavailable):
        listed(line(passport), STUDY)


def test_a_pacs_that_is_down_is_unavailable() -> None:
    down = Passport("down", AeTitle("DOWN"), peers.HOST, peers.free_port())
    with pytest.raises(PacsUnavailable):
        listed(line(down), STUDY)


def test_a_pacs_that_is_silent_is_given_up_as_soon_as_the_brake_is_pulled() -> None:
    brake = Brake()
    with scripted.raw(lambda _: brake.pull()) as passport, pytest.raises(PacsUnavailable):
        listed(Line(passport, AeTitle("NODE"), Timeouts(1, 600, 600)), STUDY, brake=brake)
