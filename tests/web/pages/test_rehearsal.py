"""The dry run on the hub's page: what would be decided and why, in German, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import visitor
from conftest import Server
from visitor import Visitor, words
from wishes import PHARMACY_ROLE
from world import HOSPITAL, PRACTICE, World

from linkexchange import govern
from linkexchange.govern import Rulebook
from linkexchange.model.hours import Hours
from linkexchange.model.participant import HUB
from linkexchange.model.policy import Combining, Effect, Policy, PolicyRule
from linkexchange.model.switch import Hand, Switch
from linkexchange.store.overview import HubOverview
from linkexchange.store.tables import metadata
from linkexchange.web.hub import application
from linkexchange.web.pages.rehearsal import PATH

pytestmark = pytest.mark.slow

FORM = {
    "requester": PRACTICE,
    "origin": HOSPITAL,
    "authority": "record",
    "purpose": "TREAT",
    "role": "1.2.276.0.76.4.50",
    "destination": "practice",
}


@pytest.fixture
def book(world: World) -> Rulebook:
    return Rulebook(HUB, world.resolver.store)


@pytest.fixture
def hub(world: World, book: Rulebook) -> Iterator[Visitor]:
    with visitor.at(application(HubOverview(world.resolver.store), world.clock, book=book)) as visit:
        yield visit


def tried(hub: Visitor, **changes: str) -> str:
    return words(hub.send(PATH, **{**FORM, **changes}).text)


def rows(postgres: Server, world: World) -> dict[str, int]:
    """How many rows each table of the hub has."""
    with postgres.superuser_of(world.resolver.store) as connection:
        counted = {it: connection.execute(f'SELECT count(*) FROM "{it}"'.encode()).fetchone() for it in metadata.tables}
    return {table: row[0] for table, row in counted.items() if row}


def test_the_list_of_decisions_leads_to_the_form(hub: Visitor) -> None:
    assert f'<a href="{PATH}">Probelauf' in hub.get("/").text
    page = words(hub.get(PATH).text)
    assert "Was würde jetzt entschieden, und warum?" in page
    assert "würde abgelehnt" not in page
    assert "kein Einwand" not in page


def test_without_an_objection_it_says_so_and_what_it_has_not_looked_at(hub: Visitor) -> None:
    page = tried(hub)
    assert "kein Einwand Keine Regel hat widersprochen." in page
    assert "Nicht angesehen wurden der Eintrag selbst, Höchstmengen und Sperren" in page
    assert "Art der Einrichtung Betriebsstätte Arzt (1.2.276.0.76.4.50)" in page
    assert "gesagt" not in page


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"role": PHARMACY_ROLE}, "Einrichtungen dieser Art dürfen keine Bilder anfordern."),
        ({"role": ""}, "Einrichtungen dieser Art dürfen keine Bilder anfordern."),
        ({"destination": "hospital"}, "Das Ziel-PACS gehört laut Verzeichnis nicht zu dieser Einrichtung."),
    ],
    ids=["pharmacy", "no role", "foreign PACS"],
)
def test_role_and_destination_are_judged(hub: Visitor, changes: dict[str, str], why: str) -> None:
    assert f"würde abgelehnt {why}" in tried(hub, **changes)


def test_a_switch_is_named_and_releases_go_on(world: World, hub: Visitor) -> None:
    off = Switch(Hand.OPERATOR, False, "nur Versand", world.clock())
    govern.turn(world.resolver.store, HOSPITAL, off, user="test")
    page = tried(hub)
    assert "würde abgelehnt Die abgebende Einrichtung lässt nicht abrufen; sie sendet selbst." in page
    assert "Der anfragenden Einrichtung würde gesagt: „Der Eintrag ist unbekannt, abgelaufen" in page
    assert "der Betreiber hat das Abrufen abgeschaltet: nur Versand" in page
    assert "kein Einwand" in tried(hub, authority="release")


def test_a_rule_is_named_with_what_it_has_found_and_what_is_left_to_the_origin(
    world: World, hub: Visitor, book: Rulebook
) -> None:
    night = PolicyRule("no-nights", Effect.DENY, "Beschluss", hours=(Hours.parse("22:00-06:00"),))
    mammography = PolicyRule("no-mammography", Effect.DENY, modalities=frozenset({"mg"}))
    book.load_policy(Policy((night, mammography)), user="test", at=world.clock())
    page = tried(hub, hour="23:30")
    assert "würde abgelehnt Das Regelwerk lehnt es ab. (Regel no-nights )" in page
    assert "Regel no-nights lehnt ab (Beschluss); trifft zu [Uhrzeit: ja]" in page
    assert "Der abgebenden Einrichtung überlassen: no-mammography" in page
    assert 'value="23:30"' in hub.send(PATH, **FORM, hour="23:30").text
    page = tried(hub, hour="12:00")
    assert "kein Einwand" in page
    assert "Regel no-nights lehnt ab (Beschluss); trifft nicht zu [Uhrzeit: nein]" in page


def test_a_person_who_is_needed_and_a_policy_that_permits_nothing(world: World, hub: Visitor, book: Rulebook) -> None:
    book.load_policy(Policy((PolicyRule("ask", Effect.PERSON),)), user="test", at=world.clock())
    assert "ein Mensch in der abgebenden Einrichtung es freigibt. (Regel ask )" in tried(hub)
    assert "wo ein Mensch in der abgebenden Einrichtung es freigegeben hat. (Regel ask )" in tried(
        hub, authority="release"
    )
    book.load_policy(Policy((), Combining.DENY_OVERRIDES), user="test", at=world.clock())
    assert "würde abgelehnt Das Regelwerk lehnt es ab. Keine Regel erlaubt es." in tried(hub)


def test_nothing_is_written_not_even_by_a_denial(world: World, hub: Visitor, postgres: Server) -> None:
    before = rows(postgres, world)
    assert "würde abgelehnt" in tried(hub, role=PHARMACY_ROLE)
    assert "kein Einwand" in tried(hub)
    assert rows(postgres, world) == before
    assert before["directory"] == 2


@pytest.mark.parametrize(
    "changes",
    [{"requester": "1-2-nobody"}, {"origin": "x y"}, {"purpose": "FUN"}, {"authority": ""}, {"hour": "25:99"}],
    ids=lambda it: next(iter(it)),
)
def test_what_the_form_cannot_have_sent_is_refused(hub: Visitor, changes: dict[str, str]) -> None:
    assert hub.send(PATH, **{**FORM, **changes}).status_code == 422


def test_w_02_a_dry_run_that_another_page_asks_for_is_refused(hub: Visitor) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert hub.send(PATH, elsewhere, **FORM).status_code == 403


def test_what_was_typed_is_text_and_stays_in_the_form(hub: Visitor) -> None:
    page = hub.send(PATH, **{**FORM, "destination": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page
    assert f'<option value="{HOSPITAL}" selected>' in page


def test_without_a_rulebook_there_is_no_dry_run(world: World) -> None:
    with visitor.at(application(HubOverview(world.resolver.store), world.clock)) as visit:
        assert visit.get(PATH).status_code == 404
        assert PATH not in visit.get("/").text
