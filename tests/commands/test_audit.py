"""`linkexchange audit` as somebody types it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import Result
from conftest import Clock, Server
from trail.test_export import ME, SIGNER, write
from typer.testing import CliRunner
from world import KVNR, PRACTICE, World

from linkexchange import bootstrap
from linkexchange.bootstrap import Trails
from linkexchange.commands import app, audit
from linkexchange.errors import SettingRefused
from linkexchange.model.balance import DISPATCH_TYP, Dispatch, digest_of
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.sinks import FileSink, heads_in
from linkexchange.store.work import Database
from linkexchange.trail.balance import Reconciler
from linkexchange.trail.check import Checker
from linkexchange.trail.export import Exporter
from linkexchange.trail.keep import Keeper


@pytest.fixture
def trails(database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trails:
    exporter = Exporter(database, [FileSink(tmp_path)], SIGNER, clock, lambda: [ME], 2)
    checker = Checker(database, database.audit_trail, lambda me: heads_in(tmp_path, me), SIGNER.public, clock)
    keeper = Keeper(database, SIGNER, checker, timedelta(days=1096), clock)
    made = Trails(database, SIGNER, lambda: [ME], exporter, checker, keeper)
    for name in ("node_settings", "hub_settings"):
        monkeypatch.setattr(audit, name, lambda _: None)
    for name in ("node_trails", "hub_trails"):
        monkeypatch.setattr(bootstrap, name, lambda _, __: made)
    return made


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words], catch_exceptions=True)


@pytest.mark.parametrize("where", [[], ["--hub"]], ids=["node", "hub"])
def test_a_whole_trail_ends_with_0(trails: Trails, where: list[str]) -> None:
    write(trails.store, 3)
    result = run("verify", *where)
    assert (result.exit_code, result.output) == (0, f"{ME}: 3 entries, whole\n")


def test_u_01_the_first_bad_entry_is_named_and_the_status_is_1(trails: Trails, postgres: Server) -> None:
    write(trails.store, 3)
    with closing(postgres.superuser_of(trails.store)) as connection:
        connection.execute("DELETE FROM audit WHERE seq = 2")
    result = run("verify")
    assert (result.exit_code, result.output) == (1, f"{ME}: entry 2: it does not follow from the one before it\n")


def test_u_01_a_cut_tail_is_found_without_a_head_on_the_command_line(trails: Trails, postgres: Server) -> None:
    write(trails.store, 3)
    assert run("export").output == "3 entries sent on\n"
    with closing(postgres.superuser_of(trails.store)) as connection:
        connection.execute("DELETE FROM audit WHERE seq = 3")
    result = run("verify")
    assert result.exit_code == 1
    assert result.output.startswith(f"{ME}: entry 3: the head that was exported names it")


def test_u_01_a_cut_tail_is_found_by_a_head_that_was_printed(trails: Trails, postgres: Server, tmp_path: Path) -> None:
    write(trails.store, 3)
    (tmp_path / "head").write_text(run("head").output)
    assert run("verify", "--head", str(tmp_path / "head")).exit_code == 0
    with closing(postgres.superuser_of(trails.store)) as connection:
        connection.execute("DELETE FROM audit WHERE seq = 3")
    assert run("verify", "--head", str(tmp_path / "head")).exit_code == 1


@pytest.mark.parametrize("content", ["x", SIGNER.sign({"heads": {}}, typ="other"), ""], ids=["text", "other", "empty"])
def test_what_is_no_head_is_refused(trails: Trails, tmp_path: Path, content: str) -> None:
    (tmp_path / "head").write_text(content)
    assert isinstance(run("verify", "--head", str(tmp_path / "head")).exception, SettingRefused)


def test_what_is_no_key_is_refused(trails: Trails, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("{}")
    assert isinstance(run("verify", "--key", str(tmp_path / "keys")).exception, SettingRefused)


def test_the_state_says_what_waits_and_a_full_receiver_ends_with_1(trails: Trails) -> None:
    write(trails.store, 2)
    trails.exporter.go_round()
    assert run("state").output == f"{ME}: file: entry 2 is there, 0 of at most 2 wait\n"
    write(trails.store, 3)
    with trails.store.work(ME) as work:
        work.trail.missed("file", "file: No space left on device")
    result = run("state")
    assert result.exit_code == 1
    assert "file: entry 2 is there, 3 of at most 2 wait, failing since 20" in result.output


def test_once_a_day_every_chain_is_looked_through_and_shortened(trails: Trails, clock: Clock) -> None:
    clock.advance(days=-1500)
    write(trails.store, 2)
    clock.advance(days=1500)
    write(trails.store, 1)
    trails.exporter.go_round()
    trails.daily()
    with trails.store.work(ME) as work:
        left = work.trail.checkpoint()
    assert left
    assert left[0].seq == 2
    trails.daily()
    assert run("verify").output == f"{ME}: 4 entries, whole\n"


def test_what_does_not_balance_is_listed_and_ends_with_1(
    trails: Trails, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciler = Reconciler(trails.store, "https://hub.example", list, clock, timedelta(hours=1))
    monkeypatch.setattr(bootstrap, "reconciler", lambda _: reconciler)
    assert run("reconcile").output == "both ends of every transfer agree\n"
    key = (uuid4(), PRACTICE, ME)
    with trails.store.work(ME) as work:
        said = _dispatch(*key)
        work.balance.book(said, SIGNER.sign(said.claims(), typ=DISPATCH_TYP), clock())
    monkeypatch.setattr(bootstrap, "reconciler", lambda _: replace(reconciler, participants=lambda: [ME]))
    result = run("reconcile")
    assert result.exit_code == 1
    assert f"{key[0]}: {ME} to {PRACTICE}: not-granted, since 2026-11-24 08:00" in result.output


def _dispatch(transfer: UUID, requester: TelematikId, origin: TelematikId) -> Dispatch:
    return Dispatch(transfer, origin, requester, LinkId(str(uuid4())), 1, digest_of(["1.2"]))


def test_the_list_for_a_patient_is_printed_or_written_for_this_user_only(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.pull(world.publish())
    monkeypatch.setattr(audit, "node_settings", lambda _: None)
    monkeypatch.setattr(bootstrap, "node", lambda _: world.practice)
    printed = run("patient-list", "--kvnr", str(KVNR))
    assert "Was mit Ihren Bildern geschehen ist" in printed.output
    files = tmp_path / "list.html", tmp_path / "list.txt"
    run("patient-list", "--kvnr", str(KVNR), "--html", str(files[0]), "--text", str(files[1]))
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert files[0].read_text().startswith("<!doctype html>")
    assert isinstance(run("patient-list", "--kvnr", "A1").exception, SettingRefused)
