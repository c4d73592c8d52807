"""Sixty hostile texts wherever others write, in a real browser: nothing runs, no policy is broken, all is text."""

from __future__ import annotations

import html
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

import listening
import peers
import pytest
from hostile_strings import HOSTILE
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from web.test_browser import FLAGS, QUIET
from world import HOSPITAL, KVNR, PRACTICE, World

from linkexchange.govern import Rulebook
from linkexchange.model.findings import Answer, Check, Finding, Findings
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.index import Entry, Source
from linkexchange.model.participant import HUB, Participant
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.release_request import Kind, ReleaseRequest, Sought, Wanted
from linkexchange.model.released import Heard
from linkexchange.patients import Index
from linkexchange.store.overview import HubOverview, NodeOverview
from linkexchange.web.hub import application as hub_application
from linkexchange.web.node import application as node_application
from linkexchange.web.pages.text import foreign, readable

pytestmark = [pytest.mark.peers, pytest.mark.slow]

HOOK = """
window.ran = () => console.error("RAN");
document.addEventListener("securitypolicyviolation", it => console.error("POLICY " + it.violatedDirective));
"""
MADE = """() => [...document.querySelectorAll("main *")].filter(it =>
  /^(script|img|svg|math|iframe|object|embed|video|audio|marquee|base|meta|link|style|template)$/i.test(it.tagName)
  || it.getAttributeNames().some(name => /^(on|hx-on|style|srcdoc)/.test(name))
  || ["href", "src", "action", "formaction"]
    .some(name => /^\\s*(javascript|data|\\/\\/)/i.test(it.getAttribute(name) ?? ""))
).map(it => it.outerHTML.slice(0, 200))"""
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200d\u200f\ufeff"


@dataclass
class Window:
    """One page of a browser, with all that it objects to and asks for. `origins` are those of our own servers."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext) -> Window:
        context.add_init_script(HOOK)
        window = cls(context.new_page())
        window.page.on("console", lambda it: window.complaints.append(it.text))
        window.page.on("pageerror", lambda it: window.complaints.append(str(it)))
        window.page.on("dialog", lambda it: window.complaints.append(it.message))
        window.page.on("request", lambda it: window.asked.append(it.url))
        return window

    def shows(self, selector: str, *, extra: int = 0) -> None:
        """Every text stands there as it was written, and made nothing but text."""
        found = self.page.locator(selector)
        expect(found).to_have_count(len(HOSTILE) + extra)
        shown = found.all_text_contents()
        assert set(map(written, HOSTILE)) <= set(shown)
        self.made_nothing()

    def made_nothing(self) -> None:
        assert self.page.evaluate(MADE) == []
        assert not set(TURNING) & set(self.page.locator("body").text_content() or "")


def written(text: str) -> str:
    return html.unescape(foreign(text).removeprefix("<bdi>").removesuffix("</bdi>"))


@contextmanager
def browsing() -> Iterator[BrowserContext]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS + QUIET)
        yield browser.new_context(locale="de-DE")
        browser.close()


def titles(world: World) -> None:
    """StudyDescription, as the record shows it."""
    _, document, _ = world.held[world.publish()]
    world.held.clear()
    world.held.update({f"entry-x{at}": (KVNR, document, text) for at, text in enumerate(HOSTILE)})


def patients(world: World) -> None:
    """PatientName in all its groups, beside what another system says."""
    index = Index(HOSPITAL, world.nodes, world.clock)
    locals_ = [LocalPatientId(str(at)) for at in range(len(HOSTILE))]
    told = zip(locals_, HOSTILE, strict=True)
    index.tell_all([Entry(local, Source.HL7, KVNR, text, text, date(1970, 1, 2), "M") for local, text in told])
    for local, text in zip(locals_, HOSTILE, strict=True):
        name = f"{text}^{text}={text}={text}"
        index.kvnr_of(PatientHeader(local.value, "", "", name, date(1980, 1, 2), "M"), local)


def requests(world: World) -> None:
    """Physicians, and what they give as their reason; a request with what cannot be seen is refused before."""
    with world.nodes.work(HOSPITAL) as work:
        for text in (readable(it)[:190] for it in HOSTILE):
            request = ReleaseRequest(
                request=uuid4(),
                requester=PRACTICE,
                origin=HOSPITAL,
                kind=Kind.SECOND_OPINION,
                reason=text,
                patient=Sought(None, f"x{text}", f"x{text}", date(1970, 1, 2)),
                wanted=Wanted(modality="CT"),
                until=date(2026, 12, 1),
                user=text,
                asked=world.clock(),
            )
            work.requests.hear(Heard(request, world.clock()), "x")


def institutions(world: World) -> None:
    """Names in the directory, and the names of their PACS."""
    for at, text in enumerate(HOSTILE):
        one = TelematikId(f"5-2-x{at}")
        with world.resolver.store.work(one) as work:
            work.directory.put(Participant(one, text, f"https://{one}.test", (text,)))


def errors(world: World) -> None:
    """What a PACS answers to a probe."""
    checks = tuple(Finding(Check.ECHO, Answer.NO, text) for text in HOSTILE)
    with world.nodes.work(PRACTICE) as work:
        work.probes.put(Findings("practice", AeTitle("NODE"), checks), world.clock())


@contextmanager
def served(world: World) -> Iterator[list[str]]:
    """The addresses of the practice's pages, the hospital's, and the hub's, with every text in its place."""
    for written_down in (titles, patients, requests, institutions, errors):
        written_down(world)
    hub, pages = world.resolver.store, NodeOverview(world.nodes)
    apps = [
        node_application(world.practice, pages),
        node_application(world.hospital, pages),
        hub_application(HubOverview(hub), world.clock, book=Rulebook(HUB, hub)),
    ]
    with ExitStack() as stack:
        yield [f"http://127.0.0.1:{stack.enter_context(listening.on(app, None))}" for app in apps]


def is_heard(window: Window) -> bool:
    """Whether the hook hears texts that a page without a policy does run."""
    window.page.goto("about:blank")
    window.page.set_content("".join(HOSTILE[12:20]))
    window.page.wait_for_timeout(200)
    return "RAN" in window.complaints


def test_w_01_sixty_hostile_texts_in_every_field_that_others_fill_are_text_and_run_nothing(world: World) -> None:
    peers.require("chromium")
    assert len(HOSTILE) == 60
    with served(world) as addresses, browsing() as context:
        practice, hospital, hub = addresses
        window = Window.of(context)
        page = window.page
        page.goto(f"{practice}/")
        page.get_by_label("Krankenversichertennummer").fill(KVNR)
        page.get_by_role("button", name="Suchen").click()
        window.shows("article h2 bdi")
        page.goto(f"{practice}/pacs")
        window.shows("td small bdi")
        for entries in ("patients", "requests"):
            page.goto(f"{hospital}/{entries}")
            expect(page.locator("article.entry")).to_have_count(60)
            window.made_nothing()
        page.goto(f"{hub}/")
        window.shows("[aria-label=Teilnehmer] th[scope=row] bdi", extra=2)
        for form in (f"{practice}/ask", f"{hub}/rehearsal"):
            page.goto(form)
            window.made_nothing()
        assert window.complaints == []
        assert [url for url in window.asked if not url.startswith(tuple(addresses))] == []
        assert is_heard(window)
