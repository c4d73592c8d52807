"""The pages on which somebody asks for a release, and on which somebody else decides and reviews."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
import visitor
from visitor import Visitor, words
from world import HOSPITAL, KVNR, PRACTICE, STUDY, World, data_set

from linkexchange import release, releasing
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.index import Entry, Source
from linkexchange.model.letting import LettingRule
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.released import Heard, Standing
from linkexchange.patients import Index
from linkexchange.releasing import Letting
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application

FORM = {
    "origin": HOSPITAL,
    "kind": "second-opinion",
    "reason": "Zweitmeinung <vor> OP",
    "kvnr": KVNR,
    "modality": "ct",
    "until": "2026-12-01",
    "user": "Dr. Ask",
    "destination": "practice",
}


@pytest.fixture
def ward(world: World) -> World:
    world.pacs[HOSPITAL].hold(*(data_set(number) for number in range(1, 5)))
    world.hospital = replace(world.hospital, rules=release.Rules(HOSPITAL, world.nodes))
    index = Index(HOSPITAL, world.nodes, world.clock)
    index.tell(Entry(LocalPatientId("4711"), Source.HL7, KVNR, "Müller", "Jörg", date(1970, 1, 2), "M"))
    return world


@pytest.fixture
def visitors(ward: World) -> Iterator[tuple[Visitor, Visitor]]:
    """At the hospital, and at the practice."""
    with ExitStack() as stack:
        sites = [application(node, NodeOverview(ward.nodes)) for node in (ward.hospital, ward.practice)]
        hospital, practice = (stack.enter_context(visitor.at(site)) for site in sites)
        yield hospital, practice


def heard(world: World) -> Heard:
    """The newest request, handed in and judged."""
    releasing.go_round(world.practice)
    with world.nodes.work(HOSPITAL) as work:
        newest = work.requests.recent()[0].request.request
    releasing.judge(world.hospital, newest)
    with world.nodes.work(HOSPITAL) as work:
        return work.requests.get(newest)


def test_somebody_asks_and_somebody_else_releases_one_study_until_a_day(
    ward: World, visitors: tuple[Visitor, Visitor]
) -> None:
    hospital, practice = visitors
    assert "noch nicht zugestellt" in words(practice.follow(practice.send("/ask", **FORM)).text)
    request = heard(ward).request
    page = hospital.get("/requests").text
    assert "Zweitmeinung &lt;vor&gt; OP" in page
    listed = words(page)
    assert "1-2-practice : Zweitmeinung offen" in listed
    assert "Keine Regel gibt das von selbst frei." in listed
    one = words(hospital.get(f"/requests/{request.request}").text)
    assert f"Bekannt unter der KVNR {KVNR}" in one
    assert "Schädel · CT · 4 Bilder · hospital" in one
    given = {"number": str(request.request), "study": f"{STUDY} hospital", "until": "2026-11-30", "user": "Dr. Yes"}
    page = words(hospital.follow(hospital.send("/requests/release", **given)).text)
    assert "1-2-practice : Zweitmeinung freigegeben" in page
    assert "durch Dr. Yes" in page
    with ward.nodes.work(HOSPITAL) as work:
        found = work.requests.get(request.request)
    assert (found.standing, found.study) == (Standing.RELEASED, STUDY)
    assert f"{found.expires:%Y-%m-%d}" == "2026-12-01"
    ward.clock.advance(minutes=16)  # type: ignore[attr-defined]
    releasing.go_round(ward.practice)
    assert "5-2-hospital : Zweitmeinung freigegeben" in words(practice.get("/ask").text)
    assert not [url for visit in visitors for url in visit.urls if KVNR in url]


def test_somebody_refuses_and_the_other_side_reads_why(ward: World, visitors: tuple[Visitor, Visitor]) -> None:
    hospital, practice = visitors
    practice.send("/ask", **FORM)
    number = str(heard(ward).request.request)
    assert hospital.send("/requests/refusal", number=number, reason="  ", user="Dr. No").status_code == 403
    assert hospital.send("/requests/refusal", number=number, reason="Bitte anrufen", user="Dr. No").status_code == 303
    ward.clock.advance(minutes=16)  # type: ignore[attr-defined]
    releasing.go_round(ward.practice)
    page = words(practice.get("/ask").text)
    assert "abgelehnt" in page
    assert "Bitte anrufen" in page
    again = hospital.send("/requests/refusal", number=number, reason="Nein", user="Dr. No")
    assert "Über diese Anfrage ist schon entschieden." in words(again.text)


def test_a07_an_emergency_is_an_alarm_until_two_persons_have_looked(
    ward: World, visitors: tuple[Visitor, Visitor]
) -> None:
    hospital, practice = visitors
    emergency = {**FORM, "kind": "emergency", "reason": "bewusstlos"}
    assert practice.send("/ask", **{**emergency, "reason": " \u00a0"}).status_code == 403
    practice.send("/ask", **emergency)
    heard(ward)
    assert "Notfall: 1-2-practice wartet auf Bilder." in words(hospital.get("/requests").text)
    row = {"name": "er", "kinds": ["emergency"], "requesters": ["*"], "review_days": 1}
    Letting(HOSPITAL, ward.nodes).replace([LettingRule.from_row(row)], user="test")
    number = str(heard(ward).request.request)
    assert "noch 2 Prüfungen" in words(hospital.get("/requests").text)
    ward.clock.advance(days=2)  # type: ignore[attr-defined]
    assert "Eine Notfallfreigabe an 1-2-practice ist nicht geprüft." in words(hospital.get("/requests").text)
    review = {"number": number, "outcome": "justified"}
    assert hospital.send("/requests/review", **review, user="Dr. One").status_code == 303
    assert hospital.send("/requests/review", **review, user="dr. one").status_code == 403
    assert "ist nicht geprüft" in words(hospital.get("/requests").text)
    done = hospital.follow(hospital.send("/requests/review", **{**review, "outcome": "not-justified"}, user="Dr. Two"))
    assert "Dr. Two" in words(done.text)
    assert "nicht berechtigt" in words(done.text)
    assert "ist nicht geprüft" not in words(hospital.get("/requests").text)


def test_a_patient_in_doubt_a_pacs_that_is_down_and_a_request_that_is_not_there(
    ward: World, visitors: tuple[Visitor, Visitor]
) -> None:
    hospital, practice = visitors
    practice.send("/ask", **{**FORM, "kvnr": Kvnr.with_check_digit("B98765432")})
    number = heard(ward).request.request
    assert "Diese Person kennt unser Patientenverzeichnis nicht." in words(hospital.get(f"/requests/{number}").text)
    by_hand = {"study": STUDY, "pacs": "hospital", "until": "2026-12-01", "user": "Dr. Yes", "kvnr": KVNR}
    assert hospital.send("/requests/release", number=str(number), **by_hand).status_code == 403
    practice.send("/ask", **FORM)
    ward.clock.advance(seconds=1)  # type: ignore[attr-defined]
    number = heard(ward).request.request
    ward.pacs[HOSPITAL].down = True
    assert "Keine Studie gefunden." in words(hospital.get(f"/requests/{number}").text)
    assert hospital.get(f"/requests/{uuid4()}").status_code == 404


WRONG: list[tuple[dict[str, str], int]] = [
    ({"kvnr": "A123456781"}, 422),
    ({"kvnr": ""}, 403),
    ({"modality": ""}, 403),
    ({"kind": "none"}, 422),
    ({"until": "tomorrow"}, 422),
    ({"until": "2020-01-01"}, 403),
    ({"born": "x"}, 422),
    ({"form_token": "x"}, 403),
]


def test_a_form_that_is_wrong_asks_for_nothing(ward: World, visitors: tuple[Visitor, Visitor]) -> None:
    _, practice = visitors
    for change, status in WRONG:
        assert practice.send("/ask", **{**FORM, **change}).status_code == status, change
    with ward.nodes.work(PRACTICE) as work:
        assert not work.own_requests.recent()
