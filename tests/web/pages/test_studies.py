"""The page of the studies that wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import visitor
from noticing import Ward
from visitor import Visitor
from world import HOSPITAL, World

from linkexchange.model.identifiers import StudyUid
from linkexchange.model.index import Doubt as PatientDoubt
from linkexchange.model.watched import Source, Wait, Watched
from linkexchange.ports import Doubt
from linkexchange.store.overview import NodeOverview
from linkexchange.web import german
from linkexchange.web.node import application
from linkexchange.web.pages.studies import Shown
from linkexchange.web.pages.words import DOUBTS, REASONS

STUDY = StudyUid("1.2.3")


@pytest.fixture
def ward(world: World) -> Ward:
    return Ward(world)


@pytest.fixture
def page(ward: Ward) -> Iterator[Visitor]:
    with visitor.at(application(ward.node, NodeOverview(ward.world.nodes))) as visit:
        yield visit


def _published(ward: Ward) -> None:
    ward.shelf.put(STUDY, 1)
    ward.round()
    ward.round(minutes=10)


def test_a_study_in_doubt_is_shown_with_what_is_to_be_done_and_looked_at_again_when_asked(
    ward: Ward, page: Visitor
) -> None:
    ward.index.answer = Doubt("unknown-patient")
    _published(ward)
    shown = visitor.words(page.get("/studies").text)
    assert german.WAITS[Wait.PATIENT] in shown
    assert german.WAITS_NEXT[Wait.PATIENT] in shown
    assert DOUBTS[PatientDoubt.UNKNOWN] in shown
    answer = page.send("/studies/look", study=STUDY, pacs="hospital")
    assert answer.status_code == 303
    assert ward.watched(STUDY).due == ward.node.now()


@pytest.mark.parametrize(
    ("wait", "detail", "words"),
    [
        (Wait.PATIENT, "no-index", REASONS["no-index"]),
        (Wait.PATIENT, "wrong-patient: KVNR", german.explain_reason("wrong-patient: KVNR").cause),
        (Wait.RELEASE, "no-rules", REASONS["no-rules"]),
        (Wait.RELEASE, "Psychiatrie", "Psychiatrie"),
        (Wait.FAULT, "pacs-unavailable", german.explain_reason("pacs-unavailable").cause),
        (Wait.FAULT, "internal-error", german.unexpected().cause),
    ],
)
def test_why_a_study_waits_is_said_in_german(wait: Wait, detail: str, words: str) -> None:
    shown = Shown(Watched(STUDY, "hospital", Source.POLL, datetime(2026, 11, 24, tzinfo=UTC), wait=wait, detail=detail))
    assert shown.detail == words
    assert shown.next_step


def test_links_that_wait_for_an_entitlement_are_counted(ward: Ward, page: Visitor) -> None:
    ward.world.records[HOSPITAL].entitled = False
    _published(ward)
    shown = visitor.words(page.get("/studies").text)
    assert "1 Bildverweis wartet auf eine Berechtigung." in shown
    assert "Es wartet nichts." in shown


def test_everything_that_is_waited_for_has_german_words() -> None:
    assert set(german.WAITS) == set(Wait)
