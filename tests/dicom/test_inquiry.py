from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import peers
import pytest
import scripted_pacs as scripted
import shipped
from pynetdicom import evt

from linkexchange.dicom import Line, Timeouts, echo, holder_of
from linkexchange.errors import MessageFault, PacsUnavailable
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.patient import PatientHeader
from linkexchange.ports import Brake

NODE = AeTitle("NODE")
ANNE = PatientHeader("PID-4711", "KLINIK", "", "Größler^Änne", date(1950, 2, 28), "F")


def answering(*rows: Any, status: int = 0) -> scripted.Handler:
    def answer(_: Any) -> Iterator[Any]:
        yield from ((0xFF00, row) for row in rows)
        yield status, None

    return evt.EVT_C_FIND, answer


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.Orthanc, peers.Dcmqrscp])
def test_a_patient_id_that_is_taken_is_told_with_its_owner(kind: type[peers.Orthanc | peers.Dcmqrscp]) -> None:
    with kind() as pacs:
        pacs.upload(shipped.study(shipped.PLAIN, copies=1).part10.values())
        assert holder_of(Line(pacs.passport(), NODE), "PID-4711") == ANNE


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.Orthanc, peers.Dcmqrscp])
def test_a_patient_id_that_is_free_has_no_owner(kind: type[peers.Orthanc | peers.Dcmqrscp]) -> None:
    with kind() as pacs:
        assert holder_of(Line(pacs.passport(), NODE), "PID-4711") is None


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.Orthanc, peers.Dcmqrscp, peers.StoreScp])
def test_every_pacs_answers_an_echo(kind: type[peers.Orthanc | peers.Dcmqrscp | peers.StoreScp]) -> None:
    with kind() as pacs:
        echo(Line(pacs.passport(), NODE))


@pytest.mark.parametrize("service", [scripted.PATIENT_FIND, scripted.STUDY_FIND])
def test_either_model_will_do(service: str) -> None:
    found = answering(scripted.row(PatientID="4711", PatientName="Meier^Max"))
    with scripted.serve(found, services=(service,)) as passport:
        assert holder_of(Line(passport, NODE), "4711") == PatientHeader("4711", name="Meier^Max")


def test_another_patient_id_than_the_one_asked_for_is_no_clash() -> None:
    with scripted.serve(answering(scripted.row(PatientID="47110", PatientName="Meier^Max"))) as passport:
        assert holder_of(Line(passport, NODE), "4711") is None


@pytest.mark.parametrize("patient_id", ["*", "47?1", "4711\\4712", "", " ", "4" * 65])
def test_what_would_ask_for_more_than_one_patient_is_never_sent(patient_id: str) -> None:
    asked: list[Any] = []
    with scripted.serve((evt.EVT_CONN_OPEN, asked.append)) as passport:
        with pytest.raises(MessageFault):
            holder_of(Line(passport, NODE), patient_id)
        assert not asked


@pytest.mark.parametrize("patient_id", ["47\ud80011", "47\n11", "47\0" + "11"])
def test_d_07_what_is_no_text_is_never_sent(patient_id: str) -> None:
    asked: list[Any] = []
    with scripted.serve((evt.EVT_CONN_OPEN, asked.append)) as passport:
        with pytest.raises(MessageFault):
            holder_of(Line(passport, NODE), patient_id)
        assert not asked


def test_a_query_that_fails_is_not_taken_for_an_empty_answer() -> None:
    with scripted.serve(answering(status=0xA700)) as passport, pytest.raises(PacsUnavailable, match="A700"):
        holder_of(Line(passport, NODE), "4711")


@pytest.mark.peers
def test_a_pacs_that_answers_no_query_at_all_has_nobody() -> None:
    with peers.StoreScp() as pacs:
        assert holder_of(Line(pacs.passport(), NODE), "PID-4711") is None


def test_a_pacs_that_is_silent_is_given_up_as_soon_as_the_brake_is_pulled() -> None:
    brake = Brake()
    with scripted.raw(lambda _: brake.pull()) as passport, pytest.raises(PacsUnavailable):
        holder_of(Line(passport, NODE, Timeouts(1, 600, 600)), "PID-4711", brake=brake)
