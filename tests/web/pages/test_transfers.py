"""How a person stops a transfer, what the page says meanwhile and afterwards, and how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import visitor
from growing import look_for_growth
from visitor import BROWSER, Visitor, words
from world import HOSPITAL, PRACTICE, World, data_set

from linkexchange.model.route import Known, Route
from linkexchange.model.transfer import FINAL, State
from linkexchange.ports import Progress
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application
from linkexchange.web.pages.fetching import USER
from linkexchange.web.pages.transfers import Shown

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def practice(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.practice, NodeOverview(world.nodes))) as visit:
        yield visit


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def silent_in_the_middle(world: World, transfer: UUID) -> Iterator[None]:
    """A worker has the transfer, and the PACS answers nothing any more after two images, which the page knows of."""
    world.pacs[PRACTICE].silent_after = 2
    with world.at_work(transfer):
        until(lambda: counts(world, transfer).done == 2)
        yield


def counts(world: World, transfer: UUID) -> Progress:
    with world.nodes.work(PRACTICE) as work:
        return work.transfers.counts(transfer)


def test_the_question_says_what_will_happen_and_changes_nothing(world: World, practice: Visitor) -> None:
    transfer = world.ask(world.publish())
    page = words(practice.get(f"/transfers/{transfer}/stop").text)
    assert "Was schon angekommen ist, bleibt in Ihrem PACS." in page
    assert "Weiteres wird nicht mehr gesendet: Nach spätestens zwei Sekunden ist Schluss." in page
    assert world.transfer(transfer).state is State.REQUESTED


def test_the_question_is_a_page_without_javascript_and_a_part_with_it(world: World, practice: Visitor) -> None:
    path = f"/transfers/{world.ask(world.publish())}/stop"
    page, part = practice.get(path).text, practice.get(path, **{"HX-Request": "true"}).text
    assert "<html" in page
    assert '<dialog aria-labelledby="question" open>' in page
    assert "<html" not in part
    assert "data-modal" in part


def test_a_transfer_that_waits_for_its_worker_is_stopped_at_once_and_says_by_whom(
    world: World, practice: Visitor
) -> None:
    transfer = world.ask(world.publish())
    page = words(practice.follow(practice.send(f"/transfers/{transfer}/stop")).text)
    assert world.transfer(transfer).reason == f"stopped-by-person: {USER}"
    assert "Die Übertragung wurde abgebrochen." in page
    assert "Abgebrochen von jemand an diesen Seiten" in page


def test_a_transfer_that_moves_is_stopped_and_shows_what_has_arrived(world: World, practice: Visitor) -> None:
    transfer = world.ask(world.publish())
    with silent_in_the_middle(world, transfer):
        practice.send(f"/transfers/{transfer}/stop")
        until(lambda: world.transfer(transfer).state in FINAL)
    assert "abgebrochen: 2 von 4 Bildern" in words(practice.get(f"/transfers/{transfer}").text)


def test_until_the_worker_has_seen_it_the_page_and_the_list_say_that_it_is_being_stopped(
    world: World, practice: Visitor
) -> None:
    transfer = world.ask(world.publish())
    with world.nodes.work(PRACTICE) as work:
        work.transfers.ask_to_stop(transfer, USER)
    pages = [practice.get(path).text for path in (f"/transfers/{transfer}", f"/transfers/{transfer}/row", "/transfers")]
    assert ["wird abgebrochen" in words(page) for page in pages] == [True] * 3
    assert [f"/transfers/{transfer}/stop" in page for page in pages] == [False] * 3


def test_what_has_ended_cannot_be_stopped_any_more(world: World, practice: Visitor) -> None:
    transfer = world.pull(world.publish()).transfer
    page, listed, question = (
        practice.get(f"/transfers{end}").text for end in (f"/{transfer}", "", f"/{transfer}/stop")
    )
    assert "Abbrechen" not in page + listed
    assert "schon zu Ende" in question
    practice.send(f"/transfers/{transfer}/stop")
    assert world.transfer(transfer).state is State.COMPLETE


@pytest.mark.parametrize(
    ("late", "sentence"),
    [
        (1, "hat inzwischen ein weiteres Bild dieser Untersuchung. Es kommt als neue Fassung in die Akte."),
        (2, "hat inzwischen 2 weitere Bilder dieser Untersuchung. Sie kommen als neue Fassung in die Akte."),
    ],
)
def test_images_that_came_late_are_announced(world: World, practice: Visitor, late: int, sentence: str) -> None:
    entry = world.publish(data_set(1))
    world.pacs[HOSPITAL].hold(*(data_set(number) for number in range(2, 2 + late)), first=2)
    look_for_growth(world)
    assert sentence in words(practice.get(f"/transfers/{world.pull(entry).transfer}").text)


def test_the_page_says_by_which_route_the_origin_was_reached_where_there_is_a_choice(
    world: World, practice: Visitor
) -> None:
    transfer = world.pull(world.publish()).transfer
    assert "Weg von dort" not in practice.get(f"/transfers/{transfer}").text
    with world.nodes.work(PRACTICE) as work:
        work.routes.put(Known(HOSPITAL, Route.RELAY, world.clock(), "direct: refused", world.clock()))
    page = words(practice.get(f"/transfers/{transfer}").text)
    assert "Weg von dort, zuletzt über die Vermittlungsstelle, die nur Verschlüsseltes sieht" in page


def test_a_transfer_that_is_not_there_cannot_be_stopped(practice: Visitor) -> None:
    path = f"/transfers/{uuid4()}/stop"
    assert [practice.get(path).status_code, practice.send(path).status_code] == [404, 404]


def test_the_transfer_of_another_participant_cannot_be_stopped(world: World) -> None:
    transfer = world.ask(world.publish())
    with visitor.at(application(world.hospital, NodeOverview(world.nodes))) as hospital:
        assert hospital.send(f"/transfers/{transfer}/stop").status_code == 404
    assert world.transfer(transfer).state is State.REQUESTED


@pytest.mark.parametrize(
    ("headers", "changes"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}, {}),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, {}),
        (BROWSER, {"form_token": ""}),
        (BROWSER, {"form_token": "A" * 43}),
    ],
)
def test_w_02_no_other_page_can_stop_a_transfer(
    world: World, practice: Visitor, headers: dict[str, str], changes: dict[str, str]
) -> None:
    transfer = world.ask(world.publish())
    assert practice.send(f"/transfers/{transfer}/stop", headers, **changes).status_code == 403
    assert world.transfer(transfer).state is State.REQUESTED


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_w_02_what_is_no_form_of_ours_stops_nothing(world: World, practice: Visitor, content_type: str) -> None:
    transfer = world.ask(world.publish())
    body, headers = f'{{"form_token": "{practice.token()}"}}', {**BROWSER, "Content-Type": content_type}
    assert practice.client.post(f"/transfers/{transfer}/stop", content=body, headers=headers).status_code == 403
    assert practice.get(f"/transfers/{transfer}/stop").status_code == 200
    assert world.transfer(transfer).state is State.REQUESTED


def test_w_01_a_name_that_is_a_script_is_text_in_the_question_and_on_the_stopped_transfer(
    world: World, practice: Visitor
) -> None:
    transfer = world.ask(world.publish())
    with world.nodes.work(PRACTICE) as work:
        work.transfers.advance(work.transfers.claim(transfer), State.STOPPED, f"stopped-by-person: {ATTACK}")
    page = practice.get(f"/transfers/{transfer}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_estimate_stands_beside_the_bar_while_it_moves(world: World, practice: Visitor) -> None:
    transfer = world.ask(world.publish())
    with silent_in_the_middle(world, transfer):
        page, row = (words(practice.get(f"/transfers/{transfer}{part}").text) for part in ("/course", "/row"))
        practice.send(f"/transfers/{transfer}/stop")
    assert "2 von 4 Bildern" in page
    assert "noch wenige Sekunden" in page
    assert "noch wenige Sekunden" in row
    assert "noch wenige Sekunden" not in words(practice.get(f"/transfers/{transfer}").text)


def test_there_is_no_estimate_before_the_first_image_nor_while_it_waits_or_is_being_stopped(world: World) -> None:
    transfer = world.transfer(world.ask(world.publish()))
    began = world.clock()
    known = Progress(1, 5, 100, began, began + timedelta(seconds=30))
    assert Shown(replace(transfer, state=State.MOVING), known, "").remaining == "noch etwa 2 Minuten"
    assert Shown(replace(transfer, state=State.MOVING), Progress(0, 5, 0, began, began), "").remaining == ""
    assert Shown(replace(transfer, state=State.WAITING), known, "").remaining == ""
    assert Shown(replace(transfer, state=State.MOVING), known, "", "Dr. Test").remaining == ""
