"""`linkexchange watch` as somebody types it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import Result
from noticing import Ward
from typer.testing import CliRunner
from world import World

from linkexchange import bootstrap
from linkexchange.commands import app
from linkexchange.commands import watch as command
from linkexchange.errors import SettingRefused
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.watched import Wait
from linkexchange.ports import Doubt

STUDY = StudyUid("1.2.3")


@pytest.fixture
def ward(world: World, monkeypatch: pytest.MonkeyPatch) -> Ward:
    ward = Ward(world)
    monkeypatch.setattr(command, "node_settings", lambda _: SimpleNamespace(backfill_hours="20:00-05:00"))
    monkeypatch.setattr(bootstrap, "node", lambda _: ward.node)
    return ward


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["watch", *words], catch_exceptions=True)


def test_what_waits_is_listed_with_the_reason(ward: Ward) -> None:
    ward.index.answer = Doubt("unknown-patient")
    ward.shelf.put(STUDY, 1)
    ward.round()
    ward.round(minutes=10)
    row, counts = run("list").output.splitlines()
    assert row.split("\t")[:2] + row.split("\t")[3:4] == [STUDY, "hospital", "patient: unknown-patient"]
    assert counts == "1 wait for patient, 0 links that a record has not been told of yet"


def test_a_study_that_somebody_names_is_watched(ward: Ward) -> None:
    assert run("look", STUDY, "--pacs", "hospital").output == "watched from now on\n"
    assert run("look", STUDY, "--pacs", "hospital").output == "is looked at\n"


def test_old_studies_are_queued_once_and_wait_for_their_turn(ward: Ward) -> None:
    ward.shelf.put(STUDY, 1)
    words = ("backfill", "--pacs", "hospital", "--from", "2020-01-01", "--to", "2020-01-02")
    assert run(*words).output == "1 studies have been queued\n"
    assert run(*words).output == "0 studies have been queued\n"
    assert ward.watched(STUDY).wait is Wait.TURN


@pytest.mark.parametrize(("first", "last"), [("2020-01-02", "2020-01-01"), ("yesterday", "2020-01-01")])
def test_days_that_are_none_are_refused(ward: Ward, first: str, last: str) -> None:
    done = run("backfill", "--pacs", "hospital", "--from", first, "--to", last)
    assert isinstance(done.exception, SettingRefused)


def test_a_back_fill_that_would_never_begin_is_refused(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "node_settings", lambda _: SimpleNamespace(backfill_hours=""))
    done = run("backfill", "--pacs", "hospital", "--from", "2020-01-01", "--to", "2020-01-01")
    assert isinstance(done.exception, SettingRefused)
