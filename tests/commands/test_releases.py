"""`linkexchange ask`, `asked` and `releases` as somebody types them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner
from world import HOSPITAL, KVNR, PRACTICE, STUDY, World, data_set

from linkexchange import bootstrap, release, releasing
from linkexchange.commands import app, ask, releases
from linkexchange.errors import NotReviewable, RequestIncomplete, SettingRefused
from linkexchange.model.index import Entry, Source
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.released import Standing
from linkexchange.patients import Index
from linkexchange.releasing import Letting

ASK = ("ask", HOSPITAL, "--user", "Dr. Ask", "--destination", "practice", "--kvnr", KVNR, "--modality", "ct")
RULES = '[[rules]]\nname = "er"\nkinds = ["emergency"]\nrequesters = ["1-2-*"]\nreview_days = 2\n'


@pytest.fixture
def ward(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    world.pacs[HOSPITAL].hold(data_set(1))
    world.hospital = replace(world.hospital, rules=release.Rules(HOSPITAL, world.nodes))
    index = Index(HOSPITAL, world.nodes, world.clock)
    index.tell(Entry(LocalPatientId("4711"), Source.HL7, KVNR, "Müller", "Jörg", date(1970, 1, 2), "M"))
    monkeypatch.setattr(ask, "node_settings", lambda _: PRACTICE)
    monkeypatch.setattr(releases, "node_settings", lambda _: HOSPITAL)
    monkeypatch.setattr(bootstrap, "node", lambda me: world.practice if me == PRACTICE else world.hospital)
    monkeypatch.setattr(bootstrap, "letting", lambda me: Letting(me, world.nodes))
    return world


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def asked(world: World, *words: str) -> str:
    """The number of a request that was typed, handed in and judged."""
    said = run(*ASK, *words).output
    number = said.removeprefix("asked: ").strip()
    releasing.go_round(world.practice)
    with world.nodes.work(HOSPITAL) as work:
        [request] = [it.request.request for it in work.requests.recent() if str(it.request.request) == number]
    releasing.judge(world.hospital, request)
    return number


def test_a_request_is_asked_listed_shown_and_released(ward: World) -> None:
    number = asked(ward, "--kind", "second-opinion", "--reason", "vor OP")
    assert run("asked").output == f"{number}\t{HOSPITAL}\tsecond-opinion\topen\n"
    [line] = run("releases", "list").output.splitlines()
    assert line.split("\t")[2:] == [PRACTICE, "second-opinion", "open", "no-rule", "vor OP"]
    assert run("releases", "show", number).output == f"known as {KVNR}\n{STUDY}\thospital\tno date\tCT\tsure\n"
    given = ("--pacs", "hospital", "--until", "2026-11-30", "--user", "Dr. Yes")
    assert run("releases", "release", number, STUDY, *given).output.startswith("released: link ")
    [line] = run("releases", "list").output.splitlines()
    assert line.split("\t")[4:] == ["released", "person by Dr. Yes", "vor OP"]


def test_a_request_is_refused_with_a_reason(ward: World) -> None:
    number = asked(ward, "--kind", "no-record", "--reason", "keine ePA", "--until", "2026-12-24")
    assert run("releases", "refuse", number, "--reason", "Nein", "--user", "Dr. No").output == "refused\n"
    with ward.nodes.work(HOSPITAL) as work:
        [heard] = work.requests.recent()
    assert (heard.standing, heard.request.until) == (Standing.REFUSED, date(2026, 12, 24))


def test_a07_an_emergency_is_reviewed_by_two_persons(ward: World, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    assert run("releases", "load", str(tmp_path / "rules.toml")).output == "rules: 1\n"
    listed = run("releases", "rules").output
    assert json.loads(listed)["rules"][0]["requesters"] == ["1-2-*"]
    blank = run(*ASK, "--kind", "emergency", "--reason", "  ")
    assert isinstance(blank.exception, RequestIncomplete)
    number = asked(ward, "--kind", "emergency", "--reason", "bewusstlos")
    ward.clock.advance(days=3)  # type: ignore[attr-defined]
    assert "emergency by er\t0 of 2 reviews\tOVERDUE" in run("releases", "list").output
    one = ("releases", "review", number, "--justified", "--user", "Dr. One")
    assert run(*one).output == "awaits one more person\n"
    assert isinstance(run(*one).exception, NotReviewable)
    other = ("releases", "review", number, "--not-justified", "--user", "Dr. Two", "--note", "nein")
    assert run(*other).output == "reviewed by two persons\n"


def test_what_is_typed_wrong_is_refused_by_its_name(ward: World, tmp_path: Path) -> None:
    reason = ("--kind", "no-record", "--reason", "x")
    for words, name in (((*ASK, *reason, "--born", "x"), "--born"), (("releases", "show", "x"), "REQUEST")):
        assert name in str(run(*words).exception)
    assert isinstance(run(*ASK[:-2], *reason).exception, RequestIncomplete)
    (tmp_path / "rules.toml").write_text(RULES.replace("emergency", "always"))
    assert isinstance(run("releases", "load", str(tmp_path / "rules.toml")).exception, SettingRefused)
