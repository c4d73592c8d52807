"""`linkexchange doctor pacs` as somebody types it, over the node of a world in one process."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import Result
from typer.testing import CliRunner
from world import HOSPITAL, World

from linkexchange.commands import app
from linkexchange.commands import doctor as command
from linkexchange.errors import SettingRefused, UnknownPacs
from linkexchange.model.findings import Answer, Check
from linkexchange.model.passport import Retrieve

FINE = {Check.ECHO: Answer.YES, Check.STORE: Answer.YES}
NO_DESTINATION = {
    **FINE,
    Check.STUDY_FIND: Answer.YES,
    Check.GET: Answer.NO,
    Check.MOVE: Answer.YES,
    Check.MOVE_DESTINATION: Answer.NO,
}


@pytest.fixture(autouse=True)
def _at_the_hospital(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "node_settings", lambda _: None)
    monkeypatch.setattr(command, "bootstrap", SimpleNamespace(node=lambda _: world.hospital))
    world.pacs[HOSPITAL].answers = FINE


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["doctor", "pacs", *words], env={"COLUMNS": "200", "NO_COLOR": "1"})


def test_a_pacs_that_is_fine_ends_with_0_and_a_line_for_each_check() -> None:
    done = run("hospital")
    assert done.exit_code == 0
    assert "hospital, asked as NODE" in done.output
    assert "It takes instances." in done.output


def test_1_1_05_what_somebody_has_to_do_ends_with_1_and_names_cause_owner_and_next_step(world: World) -> None:
    world.pacs[HOSPITAL].answers = NO_DESTINATION
    done = run("hospital")
    assert done.exit_code == 1
    assert "hospital: C-MOVE: the PACS does not know our AE title NODE" in done.output
    assert "Owner: own PACS administrator. Next: Register NODE at the PACS" in done.output


def test_without_a_name_all_pacs_are_probed() -> None:
    assert "hospital, asked as NODE" in run().output


def test_what_has_changed_since_the_last_probe_is_told(world: World) -> None:
    run("hospital")
    world.pacs[HOSPITAL].answers = {**FINE, Check.COMMITMENT: Answer.NO, Check.STORE: Answer.UNANSWERED}
    assert "hospital: changed: c-store: yes before, not answered now (test)" in run("hospital").output


def test_json_is_the_findings_with_what_follows_from_them(world: World) -> None:
    world.pacs[HOSPITAL].answers = NO_DESTINATION
    (document,) = json.loads(run("hospital", "--json", "--apply").output)
    assert (document["pacs"], document["changes"], document["at"]) == ("hospital", [], world.clock().isoformat())
    assert [need["concern"] for need in document["needs"]] == ["move-destination"]


def test_nothing_is_written_into_the_passport_unless_it_is_asked_for(world: World) -> None:
    world.pacs[HOSPITAL].answers = {**FINE, Check.WADO: Answer.YES}
    run("hospital")
    assert retrieve(world) is Retrieve.C_GET
    assert "hospital: passport: dicomweb, 2 associations" in run("hospital", "--apply").output
    assert retrieve(world) is Retrieve.DICOMWEB


def test_a_study_is_looked_at_in_the_pacs_that_is_named() -> None:
    (document,) = json.loads(run("hospital", "--json", "--study", "1.2.3").output)
    assert document["study"] == "1.2.3"
    assert isinstance(run("--study", "1.2.3").exception, SettingRefused)


def test_a_pacs_that_is_not_registered_is_told() -> None:
    assert isinstance(run("other").exception, UnknownPacs)


def retrieve(world: World) -> Retrieve:
    with world.nodes.work(HOSPITAL) as work:
        return work.pacs.find("hospital").retrieve
