"""The pages in a real browser: from the search to the proof, live, without one breach of the policy, on a phone too."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

import listening
import peers
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from walks import NO_PIN, WELL
from world import HOSPITAL, KVNR, PRACTICE, World, data_set

from linkexchange import doctor, pull
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application

pytestmark = pytest.mark.peers

INSTANCES = 6
ATTACK = "<img src=x onerror=alert(1)><script>alert(2)</script>"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
QUIET = ["--disable-component-update", "--disable-sync", "--no-first-run", "--no-default-browser-check"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    peers.require("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS + QUIET)
        yield browser
        browser.close()


@dataclass
class Desk:
    """A person at the practice, in front of the pages of its node. `complaints` is all that the browser objects to."""

    world: World
    page: Page
    complaints: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.urls.append(request.url))

    def search(self) -> None:
        self.page.goto("/")
        self.page.get_by_label("Krankenversichertennummer").fill(KVNR)
        self.page.get_by_role("button", name="Suchen").click()

    def live(self) -> None:
        """Wait until the page's buttons open dialogs; before that they open pages, which is right as well."""
        self.page.locator("form[hx-post][data-htmx-powered]").first.wait_for(state="attached")

    def confirm(self) -> UUID:
        """Confirm the patient; the number of the transfer that this starts."""
        self.page.get_by_role("button", name=re.compile("^Bilder holen: ")).click()
        expect(self.page.get_by_role("dialog")).to_contain_text("Müller, Jörg")
        expect(self.page.get_by_role("dialog")).to_contain_text("02.01.1970")
        self.page.get_by_role("button", name="Ja, Bilder holen").click()
        self.page.wait_for_url(re.compile("/transfers/"))
        return UUID(self.page.url.rpartition("/")[2])


@pytest.fixture
def open_desk(world: World, chromium: Browser) -> Iterator[Callable[..., Desk]]:
    contexts = []
    with listening.on(application(world.practice, NodeOverview(world.nodes)), None) as port:

        def opened(**options: object) -> Desk:
            context = chromium.new_context(base_url=f"http://127.0.0.1:{port}", locale="de-DE", **options)  # type: ignore[arg-type]
            context.set_default_timeout(20_000)
            contexts.append(context)
            desk = Desk(world, context.new_page())
            desk.watch()
            return desk

        yield opened
        for context in contexts:
            context.close()


def a_study_in_the_record(world: World) -> None:
    world.publish(*[data_set(number) for number in range(1, INSTANCES + 1)])


def slowly(world: World, seconds: float) -> None:
    """Let the practice's PACS take its time for each instance."""

    def take_time(_: object) -> int:
        time.sleep(seconds)
        return 0

    world.pacs[PRACTICE].status = take_time


def in_the_background(world: World, transfer: UUID) -> threading.Thread:
    thread = threading.Thread(target=pull.run, args=(world.practice, transfer))
    thread.start()
    return thread


def test_a_click_a_confirmation_and_the_images_come_while_one_watches(
    world: World, open_desk: Callable[..., Desk]
) -> None:
    a_study_in_the_record(world)
    slowly(world, 0.8)
    desk = open_desk()
    desk.search()
    transfer = desk.confirm()
    run = in_the_background(world, transfer)
    course = desk.page.locator("#course")
    expect(course).to_contain_text("wird übertragen")
    expect(course).to_contain_text(re.compile(rf"[1-{INSTANCES - 1}] von {INSTANCES} Bildern"), timeout=15_000)
    expect(course).to_contain_text(f"vollständig: {INSTANCES} von {INSTANCES} Bildern", timeout=15_000)
    run.join()
    desk.page.get_by_role("button", name="Nachweis ansehen").click()
    expect(desk.page.locator("tbody tr")).to_have_count(INSTANCES)
    assert desk.complaints == []
    assert not re.search(rf"{KVNR}|M(ü|%C3%BC)ller", " ".join(desk.urls))


def test_a_transfer_that_somebody_else_asks_for_appears_in_the_open_list(
    world: World, open_desk: Callable[..., Desk]
) -> None:
    a_study_in_the_record(world)
    desk = open_desk()
    desk.page.goto("/transfers")
    expect(desk.page.locator("#transfers")).to_contain_text("Noch keine.")
    transfer = world.ask("entry-1")
    row = desk.page.locator(f"#transfer-{transfer}")
    expect(row).to_contain_text("angefragt")
    in_the_background(world, transfer).join()
    expect(row).to_contain_text("vollständig")
    assert desk.complaints == []


def test_a_stop_is_asked_for_confirmed_and_done_while_one_watches(world: World, open_desk: Callable[..., Desk]) -> None:
    a_study_in_the_record(world)
    world.pacs[PRACTICE].silent_after = 2
    desk = open_desk()
    desk.search()
    transfer = desk.confirm()
    with world.at_work(transfer):
        expect(desk.page.locator("#course")).to_contain_text(f"2 von {INSTANCES} Bildern", timeout=15_000)
        expect(desk.page.locator("#course")).to_contain_text("noch wenige Sekunden", timeout=15_000)
        desk.page.get_by_role("button", name="Abbrechen …").click()
        expect(desk.page.get_by_role("dialog")).to_contain_text("Was schon angekommen ist, bleibt in Ihrem PACS.")
        desk.page.get_by_role("button", name="Ja, abbrechen").click()
        course = desk.page.locator("#course")
        expect(course).to_contain_text(f"abgebrochen: 2 von {INSTANCES} Bildern", timeout=15_000)
    expect(course).to_contain_text("jemand an diesen Seiten")
    assert desk.complaints == []


def test_whoever_decides_against_the_stop_lets_the_transfer_go_on(world: World, open_desk: Callable[..., Desk]) -> None:
    a_study_in_the_record(world)
    transfer = world.ask("entry-1")
    desk = open_desk()
    desk.page.goto("/transfers")
    desk.page.get_by_role("button", name="Abbrechen …").click()
    desk.page.get_by_role("button", name="Nein, weiter übertragen").click()
    expect(desk.page.get_by_role("dialog")).to_have_count(0)
    with world.at_work(transfer):
        expect(desk.page.locator(f"#transfer-{transfer}")).to_contain_text("vollständig")
    assert desk.complaints == []


def test_a_transfer_can_be_stopped_without_javascript(world: World, open_desk: Callable[..., Desk]) -> None:
    a_study_in_the_record(world)
    transfer = world.ask("entry-1")
    desk = open_desk(java_script_enabled=False)
    desk.page.goto(f"/transfers/{transfer}")
    desk.page.get_by_role("button", name="Abbrechen …").click()
    desk.page.get_by_role("button", name="Ja, abbrechen").click()
    expect(desk.page.locator("#course")).to_contain_text("Die Übertragung wurde abgebrochen.")
    assert desk.complaints == []


def test_w_01_a_name_that_is_a_script_is_run_nowhere_on_the_way_to_a_stop(
    world: World, open_desk: Callable[..., Desk]
) -> None:
    with world.resolver.store.work(HOSPITAL) as work:
        work.directory.put(replace(work.directory.find(HOSPITAL), name=ATTACK))
    a_study_in_the_record(world)
    world.pacs[PRACTICE].silent_after = 1
    transfer = world.ask("entry-1")
    desk = open_desk()
    with world.at_work(transfer):
        desk.page.goto(f"/transfers/{transfer}")
        expect(desk.page.locator("#course")).to_contain_text(ATTACK, timeout=15_000)
        desk.page.get_by_role("button", name="Abbrechen …").click()
        expect(desk.page.get_by_role("dialog")).to_contain_text(ATTACK)
        desk.page.get_by_role("button", name="Ja, abbrechen").click()
        expect(desk.page.locator("#course")).to_contain_text("Abgebrochen von", timeout=15_000)
    assert desk.complaints == []


def test_a_page_lives_however_late_the_script_of_its_events_comes(world: World, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.page.route("**/hx-sse.min.js", lambda route: (time.sleep(0.5), route.continue_()))
    with desk.page.expect_request(re.compile(r"/events\?after=")):
        desk.page.goto("/transfers")


def test_without_javascript_the_main_path_works_too(world: World, open_desk: Callable[..., Desk]) -> None:
    a_study_in_the_record(world)
    desk = open_desk(java_script_enabled=False)
    desk.search()
    transfer = desk.confirm()
    pull.run(world.practice, transfer)
    desk.page.reload()
    expect(desk.page.locator("#course")).to_contain_text(f"vollständig: {INSTANCES} von {INSTANCES} Bildern")
    assert desk.complaints == []


def test_a_refusal_of_the_record_is_told_in_a_dialog_that_can_be_closed(
    world: World, open_desk: Callable[..., Desk]
) -> None:
    a_study_in_the_record(world)
    desk = open_desk()
    desk.search()
    desk.live()
    world.records[PRACTICE].entitled = False
    desk.page.get_by_role("button", name=re.compile("^Bilder holen: ")).click()
    expect(desk.page.get_by_role("dialog")).to_contain_text("darf in dieser Patientenakte nicht lesen")
    desk.page.get_by_role("button", name="Schließen").click()
    expect(desk.page.get_by_role("dialog")).to_have_count(0)


def test_the_whole_way_can_be_gone_with_the_keyboard(world: World, open_desk: Callable[..., Desk]) -> None:
    a_study_in_the_record(world)
    desk = open_desk()
    desk.page.goto("/")
    desk.page.keyboard.type(KVNR)
    desk.page.keyboard.press("Enter")
    desk.live()
    desk.page.get_by_role("button", name=re.compile("^Bilder holen: ")).focus()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("dialog :focus")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("dialog")).to_have_count(0)
    desk.page.keyboard.press("Enter")
    desk.page.get_by_role("button", name="Ja, Bilder holen").focus()
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url(re.compile("/transfers/"))
    assert desk.complaints == []


def test_w_01_nothing_that_others_wrote_is_ever_run(world: World, open_desk: Callable[..., Desk]) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    a_study_in_the_record(world)
    owner, document, _ = world.held["entry-1"]
    attack = (
        "<img src=x onerror=alert(1)><script>alert(2)</script><b hx-get=/ hx-trigger=load hx-on:click=alert(3)>x</b>"
    )
    world.held["entry-1"] = (owner, document, attack)
    desk = open_desk()
    desk.search()
    expect(desk.page.locator("h2")).to_contain_text("<img src=x onerror=alert(1)>")
    assert desk.complaints == []


def test_an_alarm_appears_and_goes_while_one_watches(world: World, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.page.goto("/transfers")
    for found, count in ((NO_PIN, 1), (WELL, 0)):
        world.readiness[PRACTICE] = found
        doctor.ti(world.practice)
        expect(desk.page.get_by_text("Die PIN der Karte ist nicht freigeschaltet")).to_have_count(count)
    assert desk.complaints == []


@pytest.mark.parametrize("path", ["/", "/transfers", "/send", "/links", "/pacs", "/ti"])
def test_no_page_is_wider_than_a_phone(world: World, open_desk: Callable[..., Desk], path: str) -> None:
    world.pull(world.publish())
    desk = open_desk(viewport={"width": 360, "height": 740})
    desk.page.goto(path)
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert desk.complaints == []
