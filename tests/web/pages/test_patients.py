from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
import visitor
from visitor import Visitor, words
from world import HOSPITAL, KVNR, STUDY, World, data_set

from linkexchange.model.identifiers import Kvnr
from linkexchange.model.index import Doubt, Entry, Source
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.release import Condition, ReleaseRule
from linkexchange.patients import Index
from linkexchange.ports import Doubt as Doubted
from linkexchange.release import Rules
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application
from linkexchange.web.pages.words import CONDITIONS, DOUBTS

OTHER_KVNR = Kvnr("X110411319")
LOCAL = LocalPatientId("4711")
HEADER = PatientHeader("4711", "", "", "Müller^Jörg<script>", date(1970, 1, 2), "M")


@pytest.fixture
def index(world: World) -> Index:
    return Index(HOSPITAL, world.nodes, world.clock)


@pytest.fixture
def hospital(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.hospital, NodeOverview(world.nodes))) as visit:
        yield visit


def asked(index: Index, header: PatientHeader = HEADER) -> str:
    index.tell(Entry(LOCAL, Source.HL7, KVNR, "Mayer", "Jörg", date(1970, 1, 2), "M"))
    assert index.kvnr_of(header, LOCAL) != KVNR
    return str(index.waiting()[-1][0].question)


def suggested(hospital: Visitor) -> str:
    found = re.search(r'name="kvnr" value="([^"]*)"', hospital.get("/patients").text)
    assert found
    return found.group(1)


def test_every_doubt_and_condition_has_german_words() -> None:
    assert (set(DOUBTS), set(CONDITIONS)) == (set(Doubt), set(Condition))


def test_both_sides_of_a_doubt_stand_beside_each_other(index: Index, hospital: Visitor) -> None:
    assert "Es wartet nichts." in words(hospital.get("/patients").text)
    asked(index)
    text = hospital.get("/patients").text
    page = words(text)
    assert DOUBTS[Doubt.DIFFERS] in page
    assert f"Verzeichnis Mayer, Jörg 02.01.1970 männlich {KVNR}" in page
    assert "Patientennummer 4711 · wartet seit 24.11.2026" in page
    assert "<script>" not in text.partition('id="patients"')[2]


def test_a_kvnr_is_suggested_only_where_both_sides_do_not_name_two(index: Index, hospital: Visitor) -> None:
    asked(index)
    assert suggested(hospital) == KVNR
    index.decide(index.waiting()[0][0].question, None, user="test")
    asked(index, PatientHeader("4711", "", OTHER_KVNR, "Müller^Jörg", date(1970, 1, 2), "M"))
    assert suggested(hospital) == ""


def test_a_person_decides_on_the_page(index: Index, hospital: Visitor, world: World) -> None:
    path = f"/patients/decision?question={asked(index)}"
    assert hospital.send(path, answer="kvnr", kvnr=f"{KVNR[:4].lower()} {KVNR[4:]}").status_code == 303
    assert index.kvnr_of(HEADER, LOCAL) == KVNR
    with world.nodes.audit_trail(HOSPITAL) as entries:
        assert next(it.fields["user"] for it in entries if it.action == "patient.decided") == "web page"
    assert "wartet hier nicht mehr" in words(hospital.send(path, answer="nobody").text)


def test_what_is_no_kvnr_decides_nothing_and_in_no_record_is_an_answer(index: Index, hospital: Visitor) -> None:
    path = f"/patients/decision?question={asked(index)}"
    refused = hospital.send(path, answer="kvnr", kvnr="A123456781")
    assert (refused.status_code, "Das ist keine KVNR" in refused.text) == (422, True)
    assert hospital.send(path, answer="maybe", kvnr=KVNR).status_code == 422
    assert len(index.waiting()) == 1
    assert hospital.send(path, answer="nobody").status_code == 303
    assert index.kvnr_of(HEADER, LOCAL) == Doubted("nobody")


def test_no_address_carries_patient_data_and_a_form_of_another_site_decides_nothing(
    index: Index, hospital: Visitor
) -> None:
    path = f"/patients/decision?question={asked(index)}"
    foreign = {**visitor.BROWSER, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert hospital.send(path, foreign, answer="kvnr", kvnr=KVNR).status_code == 403
    hospital.send(path, answer="kvnr", kvnr=KVNR)
    assert [url for url in hospital.urls if KVNR in url or "4711" in url] == []


def test_the_dry_run_explains_on_the_page_and_leaves_no_trace(index: Index, hospital: Visitor, world: World) -> None:
    world.publish(data_set(1, OtherPatientIDsSequence=[]))
    Rules(HOSPITAL, world.nodes).replace(
        [ReleaseRule("report-first", "Erst der Befund", modalities=frozenset({"ct"}), wait_days=2)], user="test"
    )
    page = words(hospital.get("/rules").text)
    assert "report-first : Erst der Befund" in page.replace("first:", "first :")
    form = {"study": STUDY, "pacs": "hospital"}
    assert DOUBTS[Doubt.UNKNOWN] in words(hospital.send("/rules/explanation", **form).text)
    assert index.waiting() == []
    said = words(hospital.send("/rules/explanation", **form, kvnr=KVNR).text)
    assert "Sie würde zurückgehalten" in said
    assert "Verfahren trifft zu · Wartezeit trifft zu" in said
    assert "Das ist keine KVNR." in words(hospital.send("/rules/explanation", **form, kvnr="A1").text)
    assert hospital.send("/rules/explanation", study="1..2", pacs="hospital").status_code == 422
