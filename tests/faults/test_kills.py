"""SIGKILL at random moments, to worker and data processes of either node: nothing lost, doubled, corrupted or untrue.

Each case is one transfer, with a kill in three of ten. Moments are random and repeatable, as shares of what a transfer
takes here. `LINKEXCHANGE_KILLS` says how many kills, `LINKEXCHANGE_SEED` which; the long run takes 300, over 1,000
transfers. Afterwards V1 to V7
are checked by a program that shares nothing with the product. V8 is not: everything here has one address.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from uuid import UUID

import checker
import pytest
import synthetic
from faults.conftest import WAIT_SECONDS, Ground, patient

from linkexchange import bootstrap
from linkexchange.model.transfer import State
from linkexchange.store.work import Database

pytestmark = [pytest.mark.peers, pytest.mark.slow]

KILLS = int(os.environ.get("LINKEXCHANGE_KILLS", "4"))
TRANSFERS = KILLS * 10 // 3
VICTIMS = ("practice worker", "practice data", "hospital worker", "hospital data")
PIXELS = bytes(range(20, 220))
"""Stands in every row of the synthetic images."""
_RANDOM = random.Random(int(os.environ.get("LINKEXCHANGE_SEED", "77")))


@dataclass(frozen=True)
class Kill:
    """Whom, and after which share of what a transfer usually takes."""

    victim: str
    share: float

    def __str__(self) -> str:
        return f"{self.victim} at {self.share:.2f}"


def cases() -> list[Kill | None]:
    """Every victim as often as the others, in transfers that are drawn by lot."""
    kills = [Kill(VICTIMS[number % len(VICTIMS)], _RANDOM.uniform(0, 1.1)) for number in range(KILLS)]
    drawn: list[Kill | None] = [*kills, *[None] * (TRANSFERS - KILLS)]
    _RANDOM.shuffle(drawn)
    return drawn


@dataclass
class Crew:
    """The processes that may be killed. Nodes replace theirs; the practice's worker is replaced here."""

    ground: Ground
    hub: Database
    usual_seconds: float = 0
    _hired: ExitStack = field(default_factory=ExitStack)

    def hire(self) -> None:
        self._worker: subprocess.Popen[bytes] = self._hired.enter_context(self.ground.worker())

    def dismiss(self) -> None:
        self._hired.close()

    def wait_until_all_run(self) -> None:
        if (status := self._worker.poll()) is not None:
            self.hire()
            pytest.fail(f"the worker had ended by itself, with status {status}")
        for victim in VICTIMS:
            self.ground.wait(lambda victim=victim: self._pid(victim), f"the {victim}")

    def kill(self, victim: str) -> None:
        os.kill(self._pid(victim), signal.SIGKILL)
        if victim == "practice worker":
            self._worker.wait()
            self.hire()

    def pull(self, kill: Kill | None) -> tuple[UUID, float]:
        """Ask, kill, and wait for the end; the transfer, and how long it took."""
        began = time.monotonic()
        transfer = self.ground.request()
        if kill:
            time.sleep(kill.share * self.usual_seconds)
            self.kill(kill.victim)
        self.ground.wait_until_ended(transfer)
        return transfer, time.monotonic() - began

    def _pid(self, victim: str) -> int:
        """0 where it does not run."""
        if victim == "practice worker":
            return self._worker.pid
        with suppress(ValueError, FileNotFoundError):
            return self.ground.process(*victim.split())
        return 0


@pytest.fixture(scope="module")
def crew(shared_ground: Ground) -> Iterator[Crew]:
    """All at work, and what a transfer takes when nobody dies. At the end nothing is left on disk."""
    with closing(bootstrap.database(patient(shared_ground.net.hub_settings))) as hub:
        crew = Crew(shared_ground, hub)
        crew.hire()
        try:
            crew.pull(None)
            _, crew.usual_seconds = crew.pull(None)
            yield crew
        finally:
            crew.dismiss()
    assert list(checker.residue([shared_ground.folder], [PIXELS])) == []


def rows(database: Database, table: str, ground: Ground, order: str = "1") -> list[dict[str, object]]:
    """All rows of the practice, past the product's own reading."""
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("SELECT set_config('linkexchange.participant', %s, true)", [str(ground.practice.me)])
        return checker.select(driver, table, str(ground.practice.me), order)


def evidence(crew: Crew, transfer: UUID, seconds: float) -> checker.Evidence:
    ground, node = crew.ground, crew.ground.practice.store
    assert isinstance(node, Database)
    transfers = rows(node, "transfers", ground)
    [row] = [it for it in transfers if it["transfer"] == transfer]
    syntaxes = {uid: synthetic.SYNTAXES[int(uid.rpartition(".")[2]) % 2] for uid in ground.origin_bytes}
    return checker.Evidence(
        origin={uid: checker.Image(syntaxes[uid], content) for uid, content in ground.origin_bytes.items()},
        arrivals=list(ground.destination.arrivals),
        row=row,
        ledger=[it for it in rows(node, "instances", ground) if it["transfer"] == transfer],
        trail=rows(node, "audit", ground, "seq"),
        hub_trail=rows(crew.hub, "audit", ground, "seq"),
        proof=str(row["proof"] or ""),
        key=ground.practice.signer.key,
        seconds=seconds,
        deadline_seconds=WAIT_SECONDS,
        answered=[str(transfer)],
        known=[str(it["transfer"]) for it in transfers],
        open_associations=ground.destination.open,
    )


@pytest.mark.parametrize("kill", cases(), ids=lambda kill: str(kill or "nobody"))
def test_f_01_whoever_is_killed_whenever_the_transfer_is_whole_and_true(
    ground: Ground, crew: Crew, kill: Kill | None
) -> None:
    crew.wait_until_all_run()
    transfer, seconds = crew.pull(kill)
    ground.wait(lambda: not ground.destination.open, "the end of all associations")
    assert checker.violations(evidence(crew, transfer, seconds)) == []
    assert ground.row(transfer).state is State.COMPLETE
