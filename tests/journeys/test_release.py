"""A release by rule, by a person, refused, and in an emergency: real nodes, real PACS, and no document."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID

import httpx
import peers
import pytest
import synthetic
from journeys.conftest import Stage, staged
from journeys.test_by_hand import run, taken
from visitor import Visitor, words

from linkexchange import bootstrap, publish, releasing
from linkexchange.model.access import Basis
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.index import Entry, Source
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.release_request import Kind, Sought, Wanted
from linkexchange.model.released import Heard, Standing
from linkexchange.patients import Index
from linkexchange.releasing import Wish

pytestmark = [pytest.mark.peers, pytest.mark.slow]

BORN = date(1961, 5, 17)
RULES = """
[[rules]]
name = "night"
kinds = ["teleradiology"]
requesters = ["1-2-PRX-1"]
modalities = ["CT"]
days = 2

[[rules]]
name = "er"
kinds = ["emergency"]
requesters = ["1-2-*"]
"""
_Found = TypeVar("_Found")


def study_of(number: int) -> StudyUid:
    return StudyUid(f"{synthetic.STUDY}.{number}")


def until(ask: Callable[[], _Found | None], what: str) -> _Found:
    deadline = time.monotonic() + 90
    while (found := ask()) is None:
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, peers.StoreScp]]:
    """The hospital has four studies of one patient, whom its index knows, and two rules."""
    with staged() as stage, peers.Orthanc("ORIGIN") as origin, peers.StoreScp("DEST") as destination:
        for number in range(1, 5):
            origin.upload(synthetic.study(2, 8, study=study_of(number)))
        stage.use(origin=origin.passport(), destination=destination.passport())
        known = Entry(LocalPatientId("HOSP-77", "HOSP"), Source.HL7, synthetic.KVNR, "Größler", "Änne", BORN, "F")
        Index.of(stage.hospital).tell(known)
        file = tmp_path_factory.mktemp("rules") / "rules.toml"
        file.write_text(RULES)
        assert run(stage.net.nodes["hospital"].settings_file, "releases", "load", str(file)) == (0, "rules: 2\n")
        yield stage, destination


def ask(stage: Stage, kind: Kind, number: int, patient: Sought) -> UUID:
    today = bootstrap.now().astimezone().date()
    wanted, last = Wanted(study_of(number), modality="CT"), today + timedelta(days=9)
    wish = Wish(stage.hospital.me, kind, "Verlauf", patient, wanted, last, "Dr. Ask", "pacs")
    return releasing.ask(stage.practice, wish)


def heard(stage: Stage, request: UUID, standing: Standing, *, hold: str = "") -> Heard:
    """The request at the hospital, as soon as it stands so."""

    def look() -> Heard | None:
        with stage.hospital.store.work(stage.hospital.me) as work:
            found = work.requests.find(request, stage.practice.me)
        return found if found and (found.standing, found.hold) == (standing, hold) else None

    return until(look, standing)


def told(stage: Stage, request: UUID, standing: Standing) -> str:
    """What the practice reads, as soon as it has heard that."""

    def look() -> str | None:
        with stage.practice.store.work(stage.practice.me) as work:
            found = work.own_requests.get(request)
        return found.detail if found.standing is standing else None

    return until(look, standing)


def arrived(destination: peers.StoreScp, number: int) -> int:
    return sum(study_of(number) in uid for uid in destination.part10())


def pages(stage: Stage) -> Visitor:
    return Visitor(httpx.Client(base_url=stage.net.nodes["hospital"].pages))


def test_a_rule_releases_a_study_and_it_comes_by_itself(world: tuple[Stage, peers.StoreScp]) -> None:
    stage, destination = world
    practice = stage.net.nodes["practice"].settings_file
    wanted = ("--kvnr", synthetic.KVNR, "--modality", "CT", "--study", study_of(1))
    said = ("--kind", "teleradiology", "--reason", "Nachtdienst", "--user", "Dr. Ask", "--destination", "pacs")
    status, printed = run(practice, "ask", stage.hospital.me, *wanted, *said)
    assert status == 0, printed
    number = printed.removeprefix("asked: ").strip()
    assert taken(stage, number) == "complete"
    assert arrived(destination, 1) == 2
    found = heard(stage, UUID(number), Standing.RELEASED)
    assert (found.basis, found.by) == (Basis.RULE, "night")
    assert found.expires
    assert found.expires - bootstrap.now() < timedelta(days=3)
    told(stage, UUID(number), Standing.RELEASED)


def test_a_person_releases_on_the_page_and_takes_it_back(world: tuple[Stage, peers.StoreScp]) -> None:
    stage, destination = world
    request = ask(stage, Kind.SECOND_OPINION, 2, Sought(synthetic.KVNR))
    heard(stage, request, Standing.OPEN, hold="no-rule")
    visit = pages(stage)
    page = words(visit.get(f"/requests/{request}").text)
    assert "Praxis" in page
    assert "CT Thorax" in page
    chosen = re.search(r'value="([^"]+ pacs)"', visit.get(f"/requests/{request}").text)
    assert chosen
    last = (bootstrap.now().astimezone().date() + timedelta(days=1)).isoformat()
    sent = visit.send("/requests/release", number=str(request), study=chosen.group(1), until=last, user="Dr. Yes")
    assert sent.status_code == 303, sent.text
    assert taken(stage, str(request)) == "complete"
    assert arrived(destination, 2) == 2
    link = heard(stage, request, Standing.RELEASED).link
    assert link
    publish.withdraw(stage.hospital, link)
    told(stage, request, Standing.ENDED)
    visit.client.close()


def test_a_person_refuses_and_nothing_comes(world: tuple[Stage, peers.StoreScp]) -> None:
    stage, destination = world
    request = ask(stage, Kind.NO_RECORD, 3, Sought(synthetic.KVNR))
    heard(stage, request, Standing.OPEN, hold="no-rule")
    releasing.refuse(stage.hospital, request, reason="Bitte anrufen", user="Dr. No")
    assert told(stage, request, Standing.REFUSED) == "Bitte anrufen"
    assert arrived(destination, 3) == 0


def test_a07_an_emergency_is_released_at_once_and_reviewed_by_two_persons(world: tuple[Stage, peers.StoreScp]) -> None:
    stage, destination = world
    request = ask(stage, Kind.EMERGENCY, 4, Sought(family="Groessler", given="Aenne", birth_date=BORN))
    assert taken(stage, str(request)) == "complete"
    assert arrived(destination, 4) == 2
    found = heard(stage, request, Standing.RELEASED)
    assert (found.basis, found.by, found.awaits_review) == (Basis.EMERGENCY, "er", True)
    visit = pages(stage)
    review = {"number": str(request), "outcome": "justified"}
    for user, status in (("Dr. One", 303), ("DR. ONE", 403), ("Dr. Ask", 403), ("Dr. Two", 303)):
        assert visit.send("/requests/review", **review, user=user).status_code == status, user
    assert not heard(stage, request, Standing.RELEASED).awaits_review
    visit.client.close()
