"""`linkexchange doctor ti` as somebody types it, over the node of a world in one process."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import Result
from typer.testing import CliRunner
from walks import CARD_ENDS, NO_PIN, WELL
from world import HOSPITAL, World

from linkexchange.commands import app, doctor_ti


@pytest.fixture(autouse=True)
def _at_the_hospital(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_ti, "node_settings", lambda _: None)
    monkeypatch.setattr(doctor_ti, "bootstrap", SimpleNamespace(node=lambda _: world.hospital))
    world.readiness[HOSPITAL] = WELL


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["doctor", "ti", *words], env={"COLUMNS": "200", "NO_COLOR": "1"})


def test_a_chain_that_is_well_ends_with_0_and_a_line_for_each_step() -> None:
    done = run()
    assert done.exit_code == 0
    assert all(step in done.output for step in ("Konnektor", "Karte (SMC-B)", "PIN der Karte", "in Ordnung"))
    assert done.output.rstrip().endswith("Es ist nichts zu tun.")


def test_what_would_stop_a_pull_tonight_ends_with_1_and_names_cause_owner_and_next_step(world: World) -> None:
    world.readiness[HOSPITAL] = NO_PIN
    done = run()
    assert done.exit_code == 1
    assert "PIN der Karte: Die PIN der Karte ist nicht freigeschaltet" in done.output
    assert "Zuständig: Ihre Einrichtung. Zu tun: Lassen Sie PIN.SMC am Kartenterminal eingeben" in done.output
    assert "zuerst: PIN der Karte" in done.output


def test_it_is_told_in_english_where_that_is_asked_for(world: World) -> None:
    world.readiness[HOSPITAL] = NO_PIN
    done = run("--lang", "en")
    assert "PIN of the card: The PIN of the card is not verified" in done.output
    assert "Owner: own institution. Next: Have PIN.SMC entered at the card terminal" in done.output
    assert "first: PIN of the card" in done.output


def test_what_only_warns_is_told_and_ends_with_0(world: World) -> None:
    world.readiness[HOSPITAL] = CARD_ENDS
    done = run()
    assert done.exit_code == 0
    assert "Das Zertifikat der Karte läuft am 05.12.2026 ab." in done.output


def test_json_is_what_was_found_and_what_follows_from_it_in_both_languages(world: World) -> None:
    world.readiness[HOSPITAL] = NO_PIN
    done = run("--json")
    document = json.loads(done.output)
    assert done.exit_code == 1
    assert document["findings"] == NO_PIN.to_json()["findings"]
    assert document["at"] == document["alarm_since"] == world.clock().isoformat()
    (need,) = document["needs"]
    assert (need["step"], need["reason"], need["owner"]) == ("pin", "pin-not-verified", "own institution")
    assert need["de"]["cause"].startswith("Die PIN der Karte")
    assert need["en"]["cause"].startswith("The PIN of the card")


def test_a_walk_that_somebody_types_is_kept_as_that_of_the_evening_is(world: World) -> None:
    run()
    with world.nodes.work(HOSPITAL) as work:
        walked = work.walks.latest()
    assert walked is not None
    assert walked.readiness == WELL
