"""`linkexchange pacs` as somebody types it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import Result
from typer.testing import CliRunner
from world import HOSPITAL, World

from linkexchange.commands import app
from linkexchange.commands import pacs as command
from linkexchange.errors import SettingRefused, UnknownPacs
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport, Retrieve, Store


@pytest.fixture(autouse=True)
def _at_the_hospital(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "node_settings", lambda _: SimpleNamespace(telematik_id=HOSPITAL))
    monkeypatch.setattr(command, "bootstrap", SimpleNamespace(database=lambda _: world.nodes))


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["pacs", *words], catch_exceptions=True)


def known(world: World) -> Passport:
    with world.nodes.work(HOSPITAL) as work:
        return work.pacs.find("hospital")


def test_limits_and_hours_are_set_and_written_down(world: World) -> None:
    done = run(
        "limit", "hospital", "--associations", "3", "--no-prefetch", "07:00-12:00", "--no-prefetch", "13:00-18:00"
    )
    assert done.output == "hospital: 3 at once, without prefetch: 07:00-12:00, 13:00-18:00\n"
    passport = known(world)
    assert passport.max_associations == 3
    assert passport.no_prefetch == (Hours.parse("07:00-12:00"), Hours.parse("13:00-18:00"))
    assert world.actions(world.nodes, HOSPITAL)[-1] == "pacs.changed"


def test_what_is_not_named_stays(world: World) -> None:
    run("limit", "hospital", "--associations", "3", "--no-prefetch", "07:00-18:00")
    run("limit", "hospital", "--associations", "5")
    assert (known(world).max_associations, len(known(world).no_prefetch)) == (5, 1)
    run("limit", "hospital", "--prefetch-always")
    assert (known(world).max_associations, known(world).no_prefetch) == (5, ())


def test_1_2_a_limit_is_not_lost_when_the_pacs_is_registered_again(world: World) -> None:
    run("limit", "hospital", "--associations", "3", "--no-prefetch", "07:00-18:00")
    run("set", "hospital", "--ae-title", "NEW", "--host", "10.0.0.8", "--port", "105")
    assert (known(world).ae_title, known(world).max_associations, len(known(world).no_prefetch)) == ("NEW", 3, 1)


def test_wrong_hours_and_an_unknown_pacs_are_refused() -> None:
    assert isinstance(run("limit", "hospital", "--no-prefetch", "7-18").exception, SettingRefused)
    assert isinstance(run("limit", "nowhere", "--associations", "2").exception, UnknownPacs)


AT = ("--ae-title", "NEW", "--host", "10.0.0.8", "--port", "105")


def test_how_images_are_given_to_it_is_set_and_stays_when_it_is_registered_again(world: World) -> None:
    said = run("set", "hospital", *AT, "--store", "stow-rs", "--dicomweb-url", "https://pacs.local/dicom-web", "--tls")
    assert said.output == "hospital: NEW at 10.0.0.8:105, fetched by c-get, stored to by stow-rs\n"
    run("set", "hospital", *AT, "--retrieve", "c-move")
    passport = known(world)
    assert (passport.retrieve, passport.store, passport.tls) == (Retrieve.C_MOVE, Store.STOW_RS, True)
    assert passport.dicomweb_url == "https://pacs.local/dicom-web"


def test_a_new_pacs_is_asked_by_c_get_and_stored_to_by_c_store(world: World) -> None:
    run("set", "second", *AT)
    with world.nodes.work(HOSPITAL) as work:
        assert work.pacs.find("second") == Passport("second", AeTitle("NEW"), "10.0.0.8", 105)


@pytest.mark.parametrize("way", [("--retrieve", "dicomweb"), ("--store", "stow-rs")])
def test_dicomweb_without_an_address_is_refused(world: World, way: tuple[str, str]) -> None:
    assert isinstance(run("set", "second", *AT, *way).exception, SettingRefused)
    with world.nodes.work(HOSPITAL) as work, pytest.raises(UnknownPacs):
        work.pacs.find("second")


def test_a_title_that_is_none_is_refused() -> None:
    said = run("set", "second", "--ae-title", "X" * 17, "--host", "10.0.0.8", "--port", "105")
    assert isinstance(said.exception, SettingRefused)


def test_the_name_of_the_outbox_is_no_name_for_a_pacs() -> None:
    done = run("set", "outbox", "--ae-title", "A", "--host", "h", "--port", "104")
    assert isinstance(done.exception, SettingRefused)
    assert "NAME" in done.exception.detail
