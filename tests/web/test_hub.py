"""The page of the hub: participants, decisions, receipts and offers, and no patient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
import visitor
from visitor import Visitor, words
from world import HOSPITAL, KVNR, PRACTICE, World, data_set

from linkexchange import govern, pull, push
from linkexchange.govern import Rulebook
from linkexchange.model.balance import Imbalance
from linkexchange.model.participant import HUB
from linkexchange.model.quota import Counted, Quota, Span, Whose
from linkexchange.model.switch import Hand, Switch
from linkexchange.ports.balance import Open
from linkexchange.store.overview import HubOverview
from linkexchange.web.hub import IMBALANCES, application


@pytest.fixture
def hub(world: World) -> Iterator[Visitor]:
    book = Rulebook(HUB, world.resolver.store)
    with visitor.at(application(HubOverview(world.resolver.store), world.clock, book=book)) as visit:  # type: ignore[arg-type]
        yield visit


def test_an_empty_hub_says_so(hub: Visitor) -> None:
    page = words(hub.get("/").text)
    assert "Noch keine. Quittungen Noch keine. Offene Angebote Keine." in page


def test_participants_are_listed_with_node_and_destinations(hub: Visitor) -> None:
    page = words(hub.get("/").text)
    assert f"{HOSPITAL} {HOSPITAL} https://{HOSPITAL}.test hospital" in page


def test_a_granted_and_a_denied_request_are_shown_with_reason_requester_origin_and_number(
    world: World, hub: Visitor
) -> None:
    entry = world.publish()
    granted = world.pull(entry).transfer
    denied = world.ask(entry, destination="practice")
    with world.resolver.store.work(PRACTICE) as work:
        [me] = [it for it in work.directory.all() if it.telematik_id == PRACTICE]
        work.directory.put(type(me)(me.telematik_id, me.name, me.node_url, ("elsewhere",)))
    pull.run(world.practice, denied)
    page = words(hub.get("/").text)
    assert f"erlaubt {PRACTICE} {HOSPITAL} Eintrag in der Patientenakte Behandlung {granted}" in page
    why = "abgelehnt Das Ziel-PACS gehört laut Verzeichnis nicht zu dieser Einrichtung."
    assert f"{why} {PRACTICE} {HOSPITAL} Eintrag in der Patientenakte Behandlung {denied}" in page


def test_every_decision_has_a_page_that_says_why(world: World, hub: Visitor) -> None:
    entry = world.publish()
    off = Switch(Hand.OPERATOR, False, "nur Versand", world.clock())
    govern.turn(world.resolver.store, HOSPITAL, off, user="test")
    denied = world.pull(entry)
    [address] = re.findall(r'href="(/decisions/[^"]+)"', hub.get("/").text)
    page = words(hub.get(address).text)
    assert "Die abgebende Einrichtung lässt nicht abrufen; sie sendet selbst. (Regel lets-pull: operator )" in page
    assert "Der anfragenden Einrichtung wurde gesagt: „Der Eintrag ist unbekannt, abgelaufen" in page
    assert "der Betreiber hat das Abrufen abgeschaltet: nur Versand" in page
    assert str(denied.transfer) in page
    assert words(hub.get(f"/decisions/{denied.transfer}").text) == page
    assert [hub.get(f"/decisions/{it}").status_code for it in (uuid4(), "x")] == [404, 422]


def test_alarms_and_locks_are_shown_and_a_lock_is_lifted_on_the_page(world: World, hub: Visitor) -> None:
    book = Rulebook(HUB, world.resolver.store)
    book.load_quotas([Quota(Whose.USER, Counted.TRANSFERS, Span.HOUR, 1, 1)], user="test", at=world.clock())
    entry = world.publish()
    for _ in range(2):
        world.pull(entry)
    page = hub.get("/").text
    assert f"gesperrt {PRACTICE}" in words(page)
    assert f"Alarm {PRACTICE} Übertragungen dieser Person in einer Stunde: bald erreicht" in words(page)
    [(_, lock)] = book.locks()
    assert hub.send("/locks/lift", requester=PRACTICE, lock="x").status_code == 422
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert hub.send("/locks/lift", elsewhere, requester=PRACTICE, lock=str(lock.lock)).status_code == 403
    answer = hub.send("/locks/lift", requester=PRACTICE, lock=str(lock.lock))
    assert "gesperrt" not in words(hub.follow(answer).text)
    assert book.locks() == []


def test_without_a_rulebook_the_page_lifts_nothing(world: World) -> None:
    with visitor.at(application(HubOverview(world.resolver.store), world.clock)) as visit:  # type: ignore[arg-type]
        assert visit.send("/locks/lift", requester=PRACTICE, lock=str(uuid4())).status_code in {403, 404, 405}


def test_a_receipt_is_shown_with_n_of_m(world: World, hub: Visitor) -> None:
    transfer = world.pull(world.publish())
    pull.receipt(world.practice, transfer.transfer)
    page = words(hub.get("/").text)
    assert f"vollständig 4 von 4 Bildern {PRACTICE} {HOSPITAL} {transfer.transfer}" in page


def test_an_offer_is_open_until_its_receipt_is_there(world: World, hub: Visitor) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    transfer = world.push()
    assert f"{HOSPITAL} {PRACTICE} {transfer.link}" in words(hub.get("/").text)
    pull.receipt(world.practice, transfer.transfer)
    assert "Offene Angebote Keine." in words(hub.get("/").text)


def test_no_patient_is_on_the_page(world: World, hub: Visitor) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    push.push(world.hospital, next(iter(world.pacs[HOSPITAL].studies()))[0], PRACTICE, pacs="hospital")
    pull.receipt(world.practice, world.pull(world.publish()).transfer)
    page = hub.get("/").text
    assert not any(secret in page for secret in (KVNR, "Müller", "1970", "Schädel"))


def test_names_of_participants_are_text_and_nothing_else(world: World, hub: Visitor) -> None:
    with world.resolver.store.work(HOSPITAL) as work:
        [me] = [it for it in work.directory.all() if it.telematik_id == HOSPITAL]
        work.directory.put(type(me)(me.telematik_id, "<script>alert(1)</script>", me.node_url, me.destinations))
    world.pull(world.publish())
    page = hub.get("/").text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") == 3


def test_what_does_not_balance_is_shown_with_both_ends(world: World, hub: Visitor) -> None:
    assert "Abgleich Herkunft und Empfänger sagen dasselbe." in words(hub.get("/").text)
    lost = Open(uuid4(), PRACTICE, HOSPITAL, Imbalance.RECEIPT_MISSING, world.clock())
    with world.resolver.store.work(PRACTICE) as work:
        work.balance.lose(lost)
    page = words(hub.get("/").text)
    assert f"Quittung des Empfängers fehlt {PRACTICE} {HOSPITAL} {lost.transfer}" in page


def test_the_chain_of_each_participant_is_shown(world: World, hub: Visitor) -> None:
    world.pull(world.publish())
    assert f"{PRACTICE} noch nicht geprüft –" in words(hub.get("/").text)


@pytest.mark.parametrize("imbalance", Imbalance)
def test_every_imbalance_has_words(imbalance: Imbalance) -> None:
    assert IMBALANCES[imbalance]
