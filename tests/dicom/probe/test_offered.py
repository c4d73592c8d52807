from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import probing
import pytest
import scripted_pacs as scripted
from pynetdicom import evt

from linkexchange.dicom.probe import offered
from linkexchange.errors import MessageFault, PacsUnavailable
from linkexchange.model.findings import Answer, Check

MOVE, COMMITMENT = "1.2.840.10008.5.1.4.1.2.2.2", "1.2.840.10008.1.20.1"
_FIND = {
    offered.study_find: (Check.STUDY_FIND, scripted.STUDY_FIND),
    offered.patient_find: (Check.PATIENT_FIND, scripted.PATIENT_FIND),
}


def ending(event: Any, *statuses: int, row: Any = None) -> scripted.Handler:
    def answer(_: Any) -> Iterator[Any]:
        yield from ((status, row) for status in statuses)

    return event, answer


def moving(known: dict[str, int]) -> scripted.Handler:
    """A PACS that ends each C-MOVE with the status that stands for its destination."""

    def answer(event: Any) -> Iterator[Any]:
        status = known.get(str(event.move_destination).strip(), 0xA801)
        if status == 0xA801:
            yield None, None
            return
        yield "127.0.0.1", 1
        yield 0
        yield status, None

    return evt.EVT_C_MOVE, answer


def test_a_pacs_that_is_there_tells_how_long_a_pdu_may_be() -> None:
    with scripted.serve(maximum_pdu_size=16384) as passport:
        visit = probing.visit(passport)
        found = probing.step(offered.echo, visit)
    assert found[Check.ECHO].answer is Answer.YES
    assert (visit.max_pdu_bytes, found[Check.PDU].evidence) == (16384, "16384 bytes")


def test_no_limit_of_a_pdu_is_told_as_such() -> None:
    with scripted.serve(maximum_pdu_size=0) as passport:
        assert probing.step(offered.echo, passport)[Check.PDU].evidence == "no limit"


def test_an_echo_that_fails_is_a_no_with_its_status() -> None:
    with scripted.serve((evt.EVT_C_ECHO, lambda _: 0x0210)) as passport:
        found = probing.step(offered.echo, passport)[Check.ECHO]
    assert (found.answer, found.evidence) == (Answer.NO, "status 0210")


def test_a_pacs_that_takes_no_echo_is_no_silent_pacs() -> None:
    with scripted.serve(services=(scripted.STUDY_FIND,)) as passport:
        assert probing.step(offered.echo, passport)[Check.ECHO].answer is Answer.NO


@pytest.mark.parametrize("step", _FIND)
def test_a_search_that_finds_nothing_where_nothing_is_works(step: probing.Step) -> None:
    with scripted.serve(ending(evt.EVT_C_FIND, 0)) as passport:
        assert probing.step(step, passport)[_FIND[step][0]].answer is Answer.YES


@pytest.mark.parametrize("step", _FIND)
def test_a_search_that_finds_what_does_not_exist_is_a_lie(step: probing.Step) -> None:
    lie = ending(evt.EVT_C_FIND, 0xFF00, row=scripted.row(StudyInstanceUID="1.2", PatientID="4711"))
    with scripted.serve(lie) as passport:
        found = probing.step(step, passport)[_FIND[step][0]]
    assert (found.answer, found.evidence) == (Answer.NO, "status 0000 after 1 answers, about what does not exist")


@pytest.mark.parametrize("step", _FIND)
def test_a_search_that_fails_or_is_not_offered_is_a_no(step: probing.Step) -> None:
    check, service = _FIND[step]
    with scripted.serve(ending(evt.EVT_C_FIND, 0xA700), services=(service,)) as passport:
        assert probing.step(step, passport)[check].evidence == "status A700"
    with scripted.serve(services=(scripted.ECHO,)) as passport:
        assert probing.step(step, passport)[check].answer is Answer.NO


def test_a_get_of_nothing_that_ends_is_a_service() -> None:
    with scripted.serve((evt.EVT_C_GET, lambda _: iter([0]))) as passport:
        assert probing.step(offered.get, passport)[Check.GET].answer is Answer.YES


@pytest.mark.parametrize(("status", "answer"), [(0, "yes"), (0xC000, "yes"), (0x0122, "no"), (0x0124, "no")])
def test_what_does_not_exist_may_end_in_any_way_but_as_not_for_us(status: int, answer: str) -> None:
    assert offered._served(Check.GET, offered.Ending(status, 0)).answer == answer


def test_a_service_that_is_not_offered_is_a_no() -> None:
    with scripted.serve(services=(scripted.ECHO,)) as passport:
        assert probing.step(offered.get, passport)[Check.GET].answer is Answer.NO
        assert probing.step(offered.commitment, passport)[Check.COMMITMENT].answer is Answer.NO
        found = probing.step(offered.move, passport)
    assert (found[Check.MOVE].answer, found[Check.MOVE_DESTINATION].answer) == (Answer.NO, Answer.OPEN)


def test_commitment_is_negotiated_and_not_asked_for() -> None:
    asked: list[Any] = []
    with scripted.serve((evt.EVT_N_ACTION, asked.append), services=(COMMITMENT,)) as passport:
        assert probing.step(offered.commitment, passport)[Check.COMMITMENT].answer is Answer.YES
    assert asked == []


def test_1_1_05_a_pacs_that_does_not_know_us_as_a_destination_says_so() -> None:
    with scripted.serve(moving({}), services=(MOVE,)) as passport:
        found = probing.step(offered.move, passport)
    assert (found[Check.MOVE].answer, found[Check.MOVE_DESTINATION].answer) == (Answer.YES, Answer.NO)
    assert "status A801" in found[Check.MOVE_DESTINATION].evidence


@pytest.mark.parametrize(
    ("ours", "nobodys", "stored", "answer"),
    [
        (0xA801, 0xA801, True, Answer.NO),
        (0x0000, 0xA801, False, Answer.YES),
        (0xB000, 0xA801, True, Answer.YES),
        (0x0000, 0x0000, True, Answer.OPEN),
        (0xC000, 0xC000, False, Answer.OPEN),
        (0xC000, 0xC000, True, Answer.NO),
    ],
)
def test_only_a_difference_to_an_ae_title_that_nobody_has_proves_that_ours_is_known(
    ours: int, nobodys: int, stored: bool, answer: Answer
) -> None:
    assert offered._known(offered.Ending(ours, 0), offered.Ending(nobodys, 0), stored) is answer


def test_1_1_05_an_abort_instead_of_a_status_is_no_answer() -> None:
    abort = (evt.EVT_C_MOVE, lambda event: event.assoc.abort())
    with scripted.serve(abort, services=(MOVE,)) as passport, pytest.raises((PacsUnavailable, MessageFault)):
        probing.step(offered.move, passport)
