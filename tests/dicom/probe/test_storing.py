from __future__ import annotations

from typing import Any

import peers
import probing
import pytest
import scripted_pacs as scripted
from pynetdicom import evt

from linkexchange.dicom.probe import storing
from linkexchange.model.findings import Answer, Check

CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def test_1_1_04_the_syntaxes_of_each_class_are_found_without_sending_anything() -> None:
    sent: list[Any] = []
    with scripted.serve((evt.EVT_C_STORE, sent.append)) as passport:
        visit = probing.visit(passport)
        found = probing.step(storing.classes, visit)[Check.STORE]
    assert {it.sop_class: set(it.syntaxes) for it in visit.accepted} == {
        scripted.CT: {scripted.EXPLICIT, scripted.IMPLICIT},
        scripted.MR: {scripted.EXPLICIT, scripted.IMPLICIT},
    }
    assert (found.answer, sent) == (Answer.YES, [])


def test_1_1_07_no_association_asks_for_more_contexts_than_there_are_numbers() -> None:
    proposed: list[int] = []
    count = (evt.EVT_REQUESTED, lambda event: proposed.append(len(event.assoc.requestor.requested_contexts)))
    with scripted.serve(count) as passport:
        probing.step(storing.classes, passport)
    assert max(proposed) <= 128
    assert sum(proposed) > 600


def test_a_pacs_that_takes_none_of_the_classes_is_no_destination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "CLASSES", (CAPTURE,))
    with scripted.serve() as passport:
        visit = probing.visit(passport)
        found = probing.step(storing.classes, visit)[Check.STORE]
    assert (found.answer, visit.accepted) == (Answer.NO, ())


@pytest.mark.parametrize(("status", "answer"), [(0, Answer.YES), (0xB000, Answer.YES), (0xA700, Answer.NO)])
def test_the_test_object_is_stored_where_the_status_says_so(status: int, answer: Answer) -> None:
    with scripted.serve((evt.EVT_C_STORE, lambda _: status), services=(CAPTURE,)) as passport:
        visit = probing.visit(passport)
        found = probing.step(storing.store_object, visit)[Check.TEST_OBJECT]
    assert (found.answer, visit.stored) == (answer, answer is Answer.YES)


def test_the_test_object_names_itself_a_test_and_is_the_same_every_time() -> None:
    received: list[Any] = []

    def keep(event: Any) -> int:
        received.append(event.dataset)
        return 0

    with scripted.serve((evt.EVT_C_STORE, keep), services=(CAPTURE,)) as passport:
        for _ in range(2):
            probing.step(storing.store_object, passport)
    first, second = received
    assert first == second
    assert (first.PatientID, first.StudyInstanceUID) == (storing.TEST_PATIENT, storing.TEST_STUDY)


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.Orthanc, peers.Dcmqrscp, peers.StoreScp])
def test_pacs_of_other_makers_store_the_test_object(
    kind: type[peers.Orthanc | peers.Dcmqrscp | peers.StoreScp],
) -> None:
    with kind() as pacs:
        found = probing.step(storing.store_object, pacs.passport())[Check.TEST_OBJECT]
        assert (found.answer, len(pacs.files())) == (Answer.YES, 1)
