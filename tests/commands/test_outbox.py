"""`linkexchange outbox` as somebody types it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from outgoing import Outgoing, outgoing
from typer.testing import CliRunner
from world import HOSPITAL, PRACTICE, STUDY, World

from linkexchange import bootstrap, outbox
from linkexchange.commands import app
from linkexchange.commands import outbox as command
from linkexchange.errors import SettingRefused


@pytest.fixture
def out(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outgoing]:
    with outgoing(world, tmp_path / "spool") as out:
        monkeypatch.setattr(command, "node_settings", lambda _: None)
        monkeypatch.setattr(bootstrap, "node", lambda _: out.node)
        yield out


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["outbox", *words], input=typed, catch_exceptions=True)


@pytest.mark.parametrize("words", [(), ("list",)])
def test_what_waits_is_listed(words: tuple[str, ...], out: Outgoing) -> None:
    out.receive(1, 2)
    done = run(*words)
    row, room = done.output.splitlines()
    assert row.split("\t")[0::2] == [STUDY, "2 images", "waiting"]
    assert room.startswith("1 studies, ")


def test_a_failed_delivery_damage_and_the_alarm_are_told(out: Outgoing) -> None:
    out.receive(1)
    out.push()
    out.world.pacs[PRACTICE].status = lambda _: 0xC000
    out.taken()
    outbox.settle(out.node)
    out.files[0].unlink()
    out.folder.alarm_bytes = 1
    row, room = run().output.splitlines()
    assert row.split("\t")[4:] == ["undelivered: failed", f"to {PRACTICE}", "damaged: 1"]
    assert room.startswith("ALARM: ")


def test_whoever_does_not_mean_it_discards_nothing(out: Outgoing) -> None:
    out.receive(1)
    done = run("discard", STUDY, "--reason", "test", typed="n\n")
    assert done.exit_code == 1
    assert len(out.files) == 1


def test_discarding_asks_and_writes_down_who_and_why(out: Outgoing) -> None:
    out.receive(1)
    done = run("discard", STUDY, "--reason", " test ", typed="y\n")
    assert done.output.endswith("discarded: 1 images\n")
    assert out.files == []
    with out.world.nodes.audit_trail(HOSPITAL) as entries:
        fields = list(entries)[-1].fields
    assert (fields["user"], fields["reason"]) == ("command line", "test")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_reason_is_needed(reason: str, out: Outgoing) -> None:
    out.receive(1)
    done = run("discard", STUDY, "--yes", "--reason", reason)
    assert isinstance(done.exception, SettingRefused)
    assert len(out.files) == 1
