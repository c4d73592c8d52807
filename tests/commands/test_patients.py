"""`linkexchange patients` and `linkexchange release-rules` as somebody types them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner
from world import HOSPITAL, KVNR, STUDY, World, data_set

from linkexchange import bootstrap
from linkexchange.commands import app, patients, release_rules
from linkexchange.errors import SettingRefused, UnknownPatient
from linkexchange.model.index import Entry, Source
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.patients import Index
from linkexchange.ports import Doubt
from linkexchange.release import Rules

LOCAL = LocalPatientId("4711")
HEADER = PatientHeader("4711", "", "", "Müller^Jörg", date(1970, 1, 2), "M")
RULES = '[[rules]]\nname = "no-ct"\nwhy = "Grund"\nmodalities = ["CT"]\n\n[[rules]]\nname = "old"\nuntil = 2020-01-01\n'


@pytest.fixture
def index(world: World, monkeypatch: pytest.MonkeyPatch) -> Index:
    index = Index(HOSPITAL, world.nodes, world.clock)
    for command in (patients, release_rules):
        monkeypatch.setattr(command, "node_settings", lambda _: None)
    monkeypatch.setattr(bootstrap, "patient_index", lambda _: index)
    monkeypatch.setattr(bootstrap, "release_rules", lambda _: Rules(HOSPITAL, world.nodes))
    monkeypatch.setattr(bootstrap, "node", lambda _: world.hospital)
    return index


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def question(index: Index) -> str:
    index.tell(Entry(LOCAL, Source.HL7, KVNR, "Mayer", "Jörg", date(1970, 1, 2), "M"))
    index.kvnr_of(HEADER, LOCAL)
    return run("patients").output.split("\t")[0]


@pytest.mark.parametrize("words", [("patients",), ("patients", "list")])
def test_what_waits_is_listed_with_both_sides(words: tuple[str, ...], index: Index) -> None:
    question(index)
    _, _, doubt, number, images, known = run(*words).output.rstrip().split("\t")
    assert (doubt, number) == ("header-differs", "4711")
    assert images == "images: Müller^Jörg, 1970-01-02, M, no KVNR"
    assert known == f"known: Mayer^Jörg, 1970-01-02, M, {KVNR} (hl7)"


@pytest.mark.parametrize(("answer", "found"), [(("--kvnr", KVNR), KVNR), (("--nobody",), Doubt("nobody"))])
def test_a_question_is_decided_once(answer: tuple[str, ...], found: object, index: Index) -> None:
    asked = question(index)
    assert run("patients", "decide", asked, *answer).output == "decided\n"
    assert index.kvnr_of(HEADER, LOCAL) == found
    assert isinstance(run("patients", "decide", asked, *answer).exception, UnknownPatient)


@pytest.mark.parametrize("answer", [(), ("--nobody", "--kvnr", KVNR), ("--kvnr", "A123456781")])
def test_an_answer_is_one_of_both(answer: tuple[str, ...], index: Index) -> None:
    assert isinstance(run("patients", "decide", question(index), *answer).exception, SettingRefused)
    assert len(index.waiting()) == 1


def test_a_number_is_set_by_hand(index: Index) -> None:
    assert run("patients", "set", "4711", "--kvnr", KVNR).output == "set\n"
    assert index.kvnr_of(HEADER, LOCAL) == KVNR
    assert isinstance(run("patients", "set", " ", "--kvnr", KVNR).exception, SettingRefused)
    assert isinstance(run("patients", "decide", "4711", "--nobody").exception, SettingRefused)


def test_a_patient_objects_and_agrees_again(index: Index, world: World) -> None:
    world.publish()
    assert run("patients", "object", "--kvnr", KVNR, "--study", STUDY).output == "objection kept\n"
    said = run("release-rules", "explain", STUDY, "--pacs", "hospital").output
    assert said == "objection\tno\tthe patient objects\nwithheld by objection\n"
    assert run("patients", "agree", "--kvnr", KVNR, "--study", STUDY).output == "objection ended\n"
    assert run("patients", "agree", "--kvnr", KVNR).output == "there was no such objection\n"


# --- release rules ----------------------------------------------------------------------------------------------------


def test_rules_are_loaded_from_toml_and_what_is_listed_can_be_loaded_again(index: Index, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    assert run("release-rules", "load", str(tmp_path / "rules.toml")).output == "rules: 2\n"
    listed = run("release-rules", "list").output
    assert [it["name"] for it in json.loads(listed)["rules"]] == ["no-ct", "old"]
    (tmp_path / "rules.json").write_text(listed)
    assert run("release-rules", "load", str(tmp_path / "rules.json")).output == "rules: 2\n"
    assert run("release-rules", "list").output == listed


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.toml", '[[rules]]\nname = "x"\nmodality = ["CT"]', "rule 1: modality: no such key"),
        ("a.toml", "rules", "neither TOML"),
        ("a.json", "[" * 100_000, "cannot be read"),
        ("a.json", "[]", "no table"),
        ("a.json", "{", "JSON"),
        ("b/c", "", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_changes_nothing(
    name: str, content: str, why: str, index: Index, world: World, tmp_path: Path
) -> None:
    (tmp_path / "good.toml").write_text(RULES)
    run("release-rules", "load", str(tmp_path / "good.toml"))
    if "/" not in name:
        (tmp_path / name).write_text(content)
    refused = run("release-rules", "load", str(tmp_path / name)).exception
    assert isinstance(refused, SettingRefused)
    assert why in str(refused)
    assert len(Rules(HOSPITAL, world.nodes).all()) == 2


def test_the_dry_run_says_what_each_rule_says_and_leaves_no_trace(index: Index, world: World, tmp_path: Path) -> None:
    world.publish(data_set(1, OtherPatientIDsSequence=[]))
    before = world.actions(world.nodes, HOSPITAL)
    said = run("release-rules", "explain", STUDY, "--pacs", "hospital").output
    assert said == "waits for a person: unknown-patient\n"
    assert (index.waiting(), world.actions(world.nodes, HOSPITAL)) == ([], before)
    assert run("release-rules", "explain", STUDY, "--pacs", "hospital", "--kvnr", KVNR).output == "would be published\n"
    (tmp_path / "rules.toml").write_text(RULES)
    run("release-rules", "load", str(tmp_path / "rules.toml"))
    said = run("release-rules", "explain", STUDY, "--pacs", "hospital", "--kvnr", KVNR).output
    assert said.splitlines() == [
        "no-ct\tno\tmodalities: holds\tGrund",
        "old\tdoes not apply\tuntil: does not hold",
        "withheld by no-ct",
    ]
