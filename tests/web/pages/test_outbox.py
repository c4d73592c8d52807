from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import visitor
from outgoing import Outgoing, outgoing
from visitor import Visitor, words
from world import HOSPITAL, PRACTICE, STUDY, World, uid

from linkexchange import outbox
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application


@pytest.fixture
def out(world: World, tmp_path: Path) -> Iterator[Outgoing]:
    with outgoing(world, tmp_path / "spool") as out:
        yield out


@pytest.fixture
def hospital(out: Outgoing) -> Iterator[Visitor]:
    with visitor.at(application(out.node, NodeOverview(out.world.nodes))) as visit:
        yield visit


def test_what_waits_is_listed_with_size_age_and_state(out: Outgoing, hospital: Visitor) -> None:
    out.receive(1, 2, StudyDescription="Schädel")
    page = words(hospital.get("/outbox").text)
    assert "Schädel wartet auf einen Empfänger" in page
    assert "2 Bilder, 1,7 kB · wartet seit 24.11.2026" in page
    assert "Müller" not in page


def test_an_empty_outbox_and_a_node_without_one_say_so(out: Outgoing, world: World, hospital: Visitor) -> None:
    assert "Es wartet nichts." in words(hospital.get("/outbox").text)
    with visitor.at(application(world.hospital, NodeOverview(world.nodes))) as without:
        assert "Es wartet nichts." in words(without.get("/outbox").text)


def test_it_is_sent_from_the_page(out: Outgoing, hospital: Visitor) -> None:
    out.receive(1)
    assert "Studien in Postausgang" in words(hospital.get("/send?pacs=outbox").text)
    assert hospital.send("/send", pacs="outbox", study=STUDY, receiver=PRACTICE).status_code == 303
    assert "angeboten, noch nicht vollständig zugestellt" in words(hospital.get("/outbox").text)


def test_a_failed_delivery_and_damage_are_shown(out: Outgoing, hospital: Visitor) -> None:
    out.receive(1, 2)
    out.push()
    out.world.pacs[PRACTICE].status = lambda it: 0xC000 if it == uid(2) else 0
    out.taken()
    outbox.settle(out.node)
    out.files[0].write_bytes(b"")
    page = words(hospital.get("/outbox").text)
    assert "nicht vollständig zugestellt" in page
    assert "zuletzt gesendet an 1-2-practice : unvollständig" in page
    assert "1 davon ist nicht lesbar" in page


def test_the_alarm_is_shown(out: Outgoing, hospital: Visitor) -> None:
    out.receive(1)
    assert "läuft voll" not in words(hospital.get("/outbox").text)
    out.folder.alarm_bytes = 1
    assert "Der Postausgang läuft voll" in words(hospital.get("/outbox").text)


def test_a_person_discards_it_with_a_reason(out: Outgoing, hospital: Visitor) -> None:
    out.receive(1)
    assert hospital.send("/outbox/discard", study=STUDY, reason=" ").status_code == 422
    assert hospital.send("/outbox/discard", study="1..2", reason="doppelt").status_code == 422
    assert out.waits == {uid(1)}
    assert hospital.send("/outbox/discard", study=STUDY, reason="doppelt").status_code == 303
    assert (out.waits, out.files) == (set(), [])
    with out.world.nodes.audit_trail(HOSPITAL) as entries:
        last = list(entries)[-1]
    assert (last.action, last.fields["user"], last.fields["reason"]) == ("outbox.discarded", "web page", "doppelt")


def test_w_02_a_form_of_another_site_discards_nothing(out: Outgoing, hospital: Visitor) -> None:
    out.receive(1)
    foreign = {**visitor.BROWSER, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert hospital.send("/outbox/discard", foreign, study=STUDY, reason="doppelt").status_code == 403
    assert out.waits == {uid(1)}
