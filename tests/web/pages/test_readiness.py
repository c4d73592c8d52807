"""What a walk along the chain to the TI has found, on its page and beside the transfers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import visitor
from sqlalchemy import text
from visitor import Visitor, words
from walks import CARD_ENDS, NO_LOGIN, NO_PIN, WELL
from world import PRACTICE, World

from linkexchange import doctor
from linkexchange.model.readiness import Finding, Readiness, Reason, Step, Verdict
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application
from linkexchange.web.pages.readiness import CHIPS


@pytest.fixture
def practice(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.practice, NodeOverview(world.nodes))) as visit:
        yield visit


def walk(world: World, found: Readiness) -> None:
    world.readiness[PRACTICE] = found
    doctor.ti(world.practice)


def test_every_verdict_has_a_colour() -> None:
    assert set(CHIPS) == set(Verdict)


def test_a_chain_that_was_never_walked_says_so(practice: Visitor) -> None:
    assert "Noch nicht geprüft." in words(practice.get("/ti").text)


def test_the_last_walk_is_shown_step_by_step(world: World, practice: Visitor) -> None:
    walk(world, CARD_ENDS)
    page = words(practice.get("/ti").text)
    assert "Karte (SMC-B) in Ordnung" in page
    assert "Gültigkeit der Karte bald zu tun bis 05.12.2026" in page
    assert "Das hält heute Nacht Bilder auf." not in page


def test_what_blocks_is_an_alarm_with_cause_owner_and_next_step(world: World, practice: Visitor) -> None:
    walk(world, NO_PIN)
    page = words(practice.get("/ti").text)
    assert "Das hält heute Nacht Bilder auf. Die Störung besteht seit 24.11.2026" in page
    assert "Die PIN der Karte ist nicht freigeschaltet" in page
    assert "Lassen Sie PIN.SMC am Kartenterminal eingeben" in page
    assert "Zuständig: Ihre Einrichtung." in page
    assert "Anmeldung am Aktensystem (epa-1) nicht geprüft zuerst: PIN der Karte" in page


def test_the_page_of_transfers_says_while_an_alarm_stands_what_it_is(world: World, practice: Visitor) -> None:
    walk(world, Readiness((*NO_LOGIN.findings, *CARD_ENDS.findings)))
    page = practice.get("/transfers").text
    assert "Die Verbindung zur Patientenakte ist gestört seit 24.11.2026" in words(page)
    assert "Das Aktensystem epa-1 lässt diese Einrichtung nicht hinein." in words(page)
    assert "läuft am" not in words(page)
    assert 'href="/ti"' in page
    walk(world, WELL)
    assert "gestört" not in words(practice.get("/transfers").text)


def test_the_menu_leads_there(practice: Visitor) -> None:
    assert '<a href="/ti" aria-current="page">TI</a>' in practice.get("/ti").text


def test_somebody_may_have_the_chain_walked_now(world: World, practice: Visitor) -> None:
    answer = practice.follow(practice.send("/ti/walk"))
    assert answer.status_code == 200
    with world.nodes.engine.begin() as connection:
        queued = connection.execute(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'walk'"))
        assert queued.scalar_one() == 1


def test_what_came_from_outside_is_escaped(world: World, practice: Visitor) -> None:
    found = Finding(Step.LOGIN, Verdict.FAILS, Reason.LOGIN_REFUSED, "<script>alert(1)</script>", "<b>epa</b>")
    walk(world, Readiness((found,)))
    for path in ("/ti", "/transfers"):
        page = practice.get(path).text
        assert "<script>alert" not in page
        assert "<b>epa" not in page
