"""A Konnektor restarts in the night: what needs the card waits, somebody is told, and the PIN heals all of it."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import httpx
import peers
import pytest
import working
from journeys.conftest import Stage
from visitor import words

from linkexchange import pull
from linkexchange.model.readiness import Walked
from linkexchange.model.transfer import State
from linkexchange.store.overview import NodeOverview
from linkexchange.store.work import Database
from linkexchange.watching import until_ended

pytestmark = [pytest.mark.peers, pytest.mark.slow]
WAIT_SECONDS = 120.0


until = partial(working.until, seconds=WAIT_SECONDS)


def doctor(stage: Stage) -> subprocess.CompletedProcess[str]:
    """As the administrator of the practice types it."""
    settings = stage.net.nodes["practice"].settings_file
    command = [sys.executable, "-m", "linkexchange", "doctor", "ti", "--settings", str(settings)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "200"})


def walked(stage: Stage) -> Walked | None:
    with stage.practice.store.work(stage.practice.me) as work:
        return work.walks.latest()


def told(stage: Stage) -> list[str]:
    assert isinstance(stage.practice.store, Database)
    events = NodeOverview(stage.practice.store).events_after(stage.practice.me, 0)
    return [it.topic for it in events if it.topic in {"ti.alarm", "ti.well"}]


def page(stage: Stage, path: str) -> str:
    return words(httpx.get(f"{stage.net.nodes['practice'].pages}{path}", trust_env=False).text)


def restart_what_restarts_at_night(stage: Stage) -> None:
    """Konnektor and record systems: no PIN is verified, and nobody is logged in."""
    switchboard = stage.net.ti.switchboard
    switchboard.restart_konnektor("practice")
    for number in range(1, len(stage.net.settings("practice").record_urls.split(",")) + 1):
        switchboard.restart_record(number)


def test_a_pull_waits_for_the_pin_somebody_is_told_and_all_heals_by_itself(stage: Stage) -> None:
    study = stage.studies[0]
    with peers.Orthanc("ORIGIN") as origin, peers.StoreScp("DEST") as destination:
        origin.upload(study.files)
        stage.use(origin=origin.passport(), destination=destination.passport())
        entry = stage.publish(study)
        restart_what_restarts_at_night(stage)
        transfer = pull.request(stage.practice, stage.ask(study, entry))
        until(lambda: "ti.alarm" in told(stage), "the alarm")
        with stage.practice.store.work(stage.practice.me) as work:
            row = work.transfers.get(transfer)
        assert (row.state, row.reason.partition(":")[0]) == (State.WAITING, "SMC-B")
        assert "Die PIN der Karte ist nicht freigeschaltet" in page(stage, "transfers")
        done = doctor(stage)
        assert (done.returncode, done.stderr) == (1, "")
        assert "Zu tun: Lassen Sie PIN.SMC am Kartenterminal eingeben" in done.stdout
        stage.net.ti.switchboard.enter_pin("practice")
        assert until_ended(stage.practice, transfer).state is State.COMPLETE
        healed = doctor(stage)
        assert (healed.returncode, told(stage)) == (0, ["ti.alarm", "ti.well"]), healed.stdout
        assert "gestört" not in page(stage, "transfers")
