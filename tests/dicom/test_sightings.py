"""Which studies a PACS says it has, by C-FIND and by QIDO-RS, asked of a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import peers
import pytest
import synthetic

from linkexchange import dicom
from linkexchange.dicomweb import DicomwebArchive
from linkexchange.model.identifiers import AeTitle, StudyUid
from linkexchange.model.patient import LocalPatientId
from linkexchange.ports import Sighting, StudyQuery

pytestmark = pytest.mark.peers
DAY, OTHER_DAY = date(2026, 11, 1), date(2026, 11, 2)
SEEN = Sighting(synthetic.STUDY, LocalPatientId("HOSP-77", "HOSP"), 3)
ODD = StudyUid("2.25.78")
Ask = Callable[[StudyQuery], Sequence[Sighting]]


@pytest.fixture(scope="module")
def orthanc() -> Iterator[peers.Orthanc]:
    with peers.Orthanc() as orthanc:
        orthanc.upload(synthetic.study(3, 8))
        yield orthanc


@pytest.fixture(params=["C-FIND", "QIDO-RS"])
def ask(request: pytest.FixtureRequest, orthanc: peers.Orthanc) -> Ask:
    if request.param == "QIDO-RS":
        return DicomwebArchive(orthanc.passport()).sightings
    return lambda query: dicom.sightings(dicom.Line(orthanc.passport(), AeTitle("NODE")), query)


def test_the_studies_of_a_day_are_seen_with_patient_and_number(ask: Ask) -> None:
    seen = ask(StudyQuery(DAY, DAY))
    assert [(it.study, it.local.value) for it in seen] == [(SEEN.study, SEEN.local.value)]
    assert seen[0].counted in (3, None)


def test_a_day_without_studies_has_none(ask: Ask) -> None:
    assert not ask(StudyQuery(OTHER_DAY, OTHER_DAY))


@pytest.mark.parametrize(("patient", "there"), [("HOSP-77", True), ("HOSP-7", False)])
def test_the_studies_of_a_patient_are_seen_by_the_number(ask: Ask, patient: str, there: bool) -> None:
    assert [it.study for it in ask(StudyQuery(patient=patient))] == ([SEEN.study] if there else [])


def test_an_accession_number_that_is_not_there_has_none(ask: Ask) -> None:
    assert not ask(StudyQuery(accession="NONE"))
