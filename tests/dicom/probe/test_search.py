from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import probing
import pytest
import scripted_pacs as scripted
from probing import STUDY
from pynetdicom import evt

from linkexchange.dicom.probe import Limits, search
from linkexchange.errors import MessageFault
from linkexchange.model.findings import Answer, Check

pytestmark = pytest.mark.slow

ROW = scripted.row
FEW = Limits(answers=20)


def levels(**rows: list[Any]) -> scripted.Handler:
    def answer(event: Any) -> Iterator[Any]:
        yield from ((0xFF00, row) for row in rows.get(event.identifier.QueryRetrieveLevel, []))

    return evt.EVT_C_FIND, answer


def study(**told: str) -> dict[str, list[Any]]:
    """One study of one series with two instances, of which the PACS tells this."""
    images = [ROW(StudyInstanceUID=STUDY, SOPInstanceUID=f"1.2.1.{n}", SOPClassUID=scripted.CT) for n in (1, 2)]
    return {
        "STUDY": [ROW(StudyInstanceUID=STUDY, **told)],
        "SERIES": [ROW(StudyInstanceUID=STUDY, SeriesInstanceUID="1.2.1", Modality="CT")],
        "IMAGE": images,
    }


def cancelled(event: Any) -> bool:
    """Wait for it. pynetdicom says so once, and has then forgotten it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if event.is_cancelled:
            return True
        time.sleep(0.01)
    return False


def endless(*, stops: bool) -> scripted.Handler:
    """A search of very many answers; one that stops gives some, and then waits to hear that it is cancelled."""

    def answer(event: Any) -> Iterator[Any]:
        for number in range(10_000):
            if stops and number == 20 and cancelled(event):
                yield 0xFE00, None
                return
            yield 0xFF00, ROW(StudyInstanceUID=f"1.2.{number}")

    return evt.EVT_C_FIND, answer


def described(passport: Any) -> dict[Check, Any]:
    """List the study, then look at its description."""
    visit = probing.visit(passport, study=STUDY)
    probing.step(search.instances, visit)
    return probing.step(search.description, visit)


def test_1_2_a_cancelled_search_that_ends_is_honoured() -> None:
    with scripted.serve(endless(stops=True)) as passport:
        found = probing.step(search.cancel, probing.visit(passport, limits=Limits(answers=5000)))[Check.CANCEL]
    assert (found.answer, found.evidence[:11]) == (Answer.YES, "status FE00")


def test_1_2_a_pacs_that_goes_on_after_a_cancel_is_cut_off() -> None:
    aborted = threading.Event()
    with scripted.serve(endless(stops=False), (evt.EVT_ABORTED, lambda _: aborted.set())) as passport:
        found = probing.step(search.cancel, probing.visit(passport, limits=FEW))[Check.CANCEL]
        assert aborted.wait(5)
    assert (found.answer, found.evidence) == (Answer.NO, "20 answers after it, then cut off")


def test_a_search_that_is_over_before_it_is_cancelled_says_nothing() -> None:
    with scripted.serve(levels(**study())) as passport:
        found = probing.step(search.cancel, passport)[Check.CANCEL]
    assert found.answer is Answer.OPEN


def test_the_first_study_found_is_the_one_to_look_at() -> None:
    with scripted.serve(levels(**study())) as passport:
        visit = probing.visit(passport)
        probing.step(search.cancel, visit)
    assert visit.study == STUDY


def test_a_study_that_was_named_stays_the_one_to_look_at() -> None:
    with scripted.serve(levels(**study())) as passport:
        visit = probing.visit(passport, study=probing.StudyUid("1.9"))
        probing.step(search.cancel, visit)
    assert visit.study == "1.9"


@pytest.mark.parametrize("step", [search.instances, search.description])
def test_without_a_study_there_is_nothing_to_look_at(step: probing.Step) -> None:
    with scripted.serve(levels()) as passport:
        visit = probing.visit(passport)
        assert probing.step(search.cancel, visit)[Check.CANCEL].evidence == "no study to be found, status 0000"
        assert {it.answer for it in probing.step(step, visit).values()} == {Answer.OPEN}


def test_an_answer_without_a_uid_is_a_fault() -> None:
    with scripted.serve(levels(STUDY=[ROW(PatientID="4711")])) as passport, pytest.raises(MessageFault):
        probing.step(search.cancel, passport)


def test_a_list_down_to_the_instances_and_their_classes_is_good() -> None:
    with scripted.serve(levels(**study())) as passport:
        found = probing.step(search.instances, probing.visit(passport, study=STUDY))
    assert found[Check.IMAGE_FIND].evidence == "2 instances listed"
    assert found[Check.SOP_CLASSES].answer is Answer.YES


def test_a_list_without_classes_is_still_a_list() -> None:
    rows = {**study(), "IMAGE": [ROW(SOPInstanceUID="1.2.1.1")]}
    with scripted.serve(levels(**rows)) as passport:
        found = probing.step(search.instances, probing.visit(passport, study=STUDY))
    assert (found[Check.IMAGE_FIND].answer, found[Check.SOP_CLASSES].answer) == (Answer.YES, Answer.NO)


def test_a_pacs_that_knows_no_image_level_lists_nothing() -> None:
    with scripted.serve(levels(**{**study(), "IMAGE": []})) as passport:
        found = probing.step(search.instances, probing.visit(passport, study=STUDY))
    assert (found[Check.IMAGE_FIND].answer, found[Check.SOP_CLASSES].answer) == (Answer.NO, Answer.OPEN)


def test_1_2_honest_counts_are_those_of_the_list() -> None:
    told = {"NumberOfStudyRelatedSeries": "1", "NumberOfStudyRelatedInstances": "2"}
    with scripted.serve(levels(**study(**told))) as passport:
        assert described(passport)[Check.COUNTS].answer is Answer.YES


def test_1_2_wrong_counts_are_found() -> None:
    with scripted.serve(levels(**study(NumberOfStudyRelatedInstances="3"))) as passport:
        found = described(passport)[Check.COUNTS]
    assert found.answer is Answer.NO
    assert found.evidence == "1 series and 2 instances listed, another number of instances told"


def test_1_2_counts_that_are_not_told_are_no_lie() -> None:
    with scripted.serve(levels(**study())) as passport:
        assert described(passport)[Check.COUNTS].answer is Answer.OPEN


def test_counts_cannot_be_compared_without_a_list() -> None:
    with scripted.serve(levels(**study(NumberOfStudyRelatedInstances="3"))) as passport:
        found = probing.step(search.description, probing.visit(passport, study=STUDY))
    assert found[Check.COUNTS].answer is Answer.OPEN


@pytest.mark.parametrize(
    ("charset", "name", "answer", "told"),
    [
        ("ISO_IR 192", "Größler^Änne", Answer.YES, "ISO_IR 192"),
        ("ISO_IR 100", "Größler^Änne", Answer.NO, "ISO_IR 100"),
        ("", "Meier^Max", Answer.OPEN, ""),
    ],
)
def test_1_1_12_the_character_set_of_the_answer_is_found(charset: str, name: str, answer: Answer, told: str) -> None:
    row = {"SpecificCharacterSet": charset} if charset else {}
    with scripted.serve(levels(**study(**row, PatientName=name))) as passport:
        visit = probing.visit(passport, study=STUDY)
        found = probing.step(search.description, visit)[Check.CHARSET]
    assert (found.answer, visit.character_set) == (answer, told)


def test_1_1_12_text_beyond_ascii_without_a_character_set_is_found() -> None:
    row = ROW(StudyInstanceUID=STUDY)
    row.add_new(0x00081030, "LO", "Schädel".encode("latin-1"))
    with scripted.serve(levels(STUDY=[row])) as passport:
        found = probing.step(search.description, probing.visit(passport, study=STUDY))[Check.CHARSET]
    assert (found.answer, found.evidence) == (Answer.NO, "answered beyond ASCII, without naming a character set")


def test_nothing_of_a_patient_stands_in_the_evidence() -> None:
    rows = study(PatientName="Secret^Name", PatientID="SECRET", StudyDescription="Secret")
    with scripted.serve(levels(**rows)) as passport:
        found = described(passport)
    assert "secret" not in repr(found).lower()


def test_a_pacs_without_search_is_not_searched() -> None:
    with scripted.serve(services=(scripted.ECHO,)) as passport:
        assert probing.step(search.cancel, passport)[Check.CANCEL].answer is Answer.OPEN
