"""The page of the audit trail, and the list for a patient."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
import visitor
from conftest import Server
from hub_bench import signer
from trail.test_export import Flaky
from visitor import Visitor, words
from world import HOSPITAL, KVNR, PRACTICE, World

from linkexchange.store.overview import NodeOverview
from linkexchange.trail.check import Checker
from linkexchange.trail.export import Exporter
from linkexchange.web.node import application

KEY = signer("node")


@pytest.fixture
def practice(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.practice, NodeOverview(world.nodes))) as visit:
        yield visit


def checker(world: World) -> Checker:
    return Checker(world.nodes, world.nodes.audit_trail, lambda _: [], KEY.public, world.clock)


def test_a_trail_that_was_never_looked_at_and_goes_nowhere_says_so(practice: Visitor) -> None:
    page = words(practice.get("/trail").text)
    assert "noch nicht geprüft" in page
    assert "Keine. Ohne einen Empfänger außer Haus fällt ein abgeschnittenes Ende nicht auf." in page


def test_what_the_last_look_has_found_is_shown(world: World, practice: Visitor, postgres: Server) -> None:
    world.pull(world.publish())
    checker(world).look(PRACTICE)
    assert "lückenlos" in words(practice.get("/trail").text)
    with closing(postgres.superuser_of(world.nodes)) as connection:
        connection.execute("UPDATE audit SET at = now() WHERE participant = %s AND seq = 2", (PRACTICE,))
    checker(world).look(PRACTICE)
    assert "Eintrag 2 passt nicht" in words(practice.get("/trail").text)


def test_receivers_are_shown_with_what_waits(world: World, practice: Visitor) -> None:
    world.pull(world.publish())
    sinks = [Flaky("file"), Flaky("syslog", fails=9)]
    sending = Exporter(world.nodes, sinks, KEY, world.clock, lambda: [PRACTICE], 3)
    sending.go_round()
    page = words(practice.get("/trail").text)
    assert "Ordner nimmt an 0 von höchstens 3" in page
    assert "Syslog (TLS) voll: Neues beginnt nicht flaky: down" in page


def test_the_list_for_a_patient_is_a_file_and_its_kvnr_stands_in_no_address(world: World, practice: Visitor) -> None:
    world.pull(world.publish())
    answer = practice.send("/trail/patient", kvnr=f" {KVNR.lower()} ")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="bilder-protokoll.html"'
    assert f"hat Bilder von {HOSPITAL} erhalten." in words(answer.text)
    assert practice.send("/trail/patient", kvnr="A123456789").status_code == 422
