"""What a probe found out, on the page of the PACS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import visitor
from visitor import Visitor, words
from world import HOSPITAL, World

from linkexchange import doctor
from linkexchange.model.advice import Concern
from linkexchange.model.findings import Answer, Check
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application
from linkexchange.web.pages.findings import ANSWERS, CHECKS, CONCERNS


@pytest.fixture
def hospital(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.hospital, NodeOverview(world.nodes))) as visit:
        yield visit


def test_every_check_answer_and_concern_has_german_words() -> None:
    assert (set(CHECKS), set(ANSWERS), set(CONCERNS)) == (set(Check), set(Answer), set(Concern))


def test_a_pacs_that_was_never_probed_says_so(hospital: Visitor) -> None:
    assert "Noch nicht geprüft" in words(hospital.get("/pacs").text)


def test_the_newest_findings_are_shown_with_their_evidence(world: World, hospital: Visitor) -> None:
    world.pacs[HOSPITAL].answers = {Check.STORE: Answer.YES, Check.COUNTS: Answer.NO}
    doctor.probe(world.hospital, "hospital")
    page = words(hospital.get("/pacs").text)
    assert "in Ordnung" in page
    assert "Anzahlen stimmen nein test" in page


def test_what_is_to_be_done_is_shown_with_its_owner_once(world: World, hospital: Visitor) -> None:
    world.pacs[HOSPITAL].answers = {
        Check.STORE: Answer.YES,
        Check.QIDO: Answer.UNANSWERED,
        Check.WADO: Answer.UNANSWERED,
    }
    doctor.probe(world.hospital, "hospital")
    page = words(hospital.get("/pacs").text)
    assert "etwas ist zu tun" in page
    assert page.count("DICOMweb-Dienst arbeitet nicht") == 1
    assert "Zuständig: Ihre IT, die diesen Knoten betreut." in page
