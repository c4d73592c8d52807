"""A real network with a real origin PACS, whose requester has no worker but those that a test starts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import peers
import pytest
import synthetic
from faults import standstill
from faults.counting_pacs import CountingPacs
from faults.dying_worker import ORIGIN_VARIABLE

from linkexchange import bootstrap, lifeline, publish, pull
from linkexchange.demo import network
from linkexchange.demo.network import Network, Site
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.proof import Fate
from linkexchange.model.transfer import FINAL, Ask, Authority, Purpose, Transfer
from linkexchange.ports import Node
from linkexchange.settings import CommonSettings
from linkexchange.signing import PROOF_MAX_BYTES, verify
from linkexchange.store.work import Database
from linkexchange.watching import until_announced

COUNT = 6
WAIT_SECONDS = 300.0
"""Guards against hanging only: a machine that does something else besides may stand still for a long while."""
_HERE = Path(__file__).parent
QUICK = {
    "worker_stalled_seconds": 1.5,
    "frozen_seconds": 1.5,
    "retry_seconds": 0.2,
    "offers_seconds": 0.5,
    "idle_seconds": 10.0,
}


Settings = TypeVar("Settings", bound=CommonSettings)


def patient(settings: Settings) -> Settings:
    """For the bench itself: in a transaction of the bench the machine may stand still for longer than nodes bear."""
    return settings.model_copy(update={"frozen_seconds": WAIT_SECONDS})


@dataclass
class Ground:
    """Where a study lies published, and a practice wants it."""

    net: Network
    practice: Node
    entry: str
    destination: CountingPacs
    origin_bytes: dict[str, bytes]
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def request(self) -> UUID:
        ask = Ask(
            Authority.RECORD,
            self.destination.passport.name,
            Purpose.TREATMENT,
            user="test",
            kvnr=synthetic.KVNR,
            entry=self.entry,
        )
        return pull.request(self.practice, ask)

    @contextmanager
    def worker(self, point: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """The worker of `linkexchange worker`, or one that dies at a point."""
        settings = str(self.net.nodes["practice"].settings_file)
        whole = [sys.executable, "-m", "linkexchange", "worker", "--settings", settings]
        dying = [sys.executable, str(_HERE / "dying_worker.py"), settings, point]
        with (self.folder / "worker.log").open("ab") as log:
            environment = {**os.environ, ORIGIN_VARIABLE: str(self.process("hospital", "data"))}
            process = lifeline.spawn(dying if point else whole, output=log, environment=environment)
        self.workers.append(process)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            lifeline.stop(process)
            self.workers.remove(process)

    def clear(self) -> None:
        """An empty destination, into which nothing delivers any more that an earlier test has left behind."""
        with self.practice.store.work(self.practice.me) as work:
            left = [it.transfer for it, _ in work.transfers.recent() if it.state not in FINAL]
        for transfer in left:
            # Whoever still moves it is overtaken by this, and can begin no instance any more.
            pull.give_up(self.practice, transfer, "left behind by a test")
        self.wait(lambda: not self.destination.open, "the end of all associations")
        self.destination.forget()

    def row(self, transfer: UUID) -> Transfer:
        with self.practice.store.work(self.practice.me) as work:
            return work.transfers.get(transfer)

    @property
    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def wait(self, condition: Callable[[], object], what: str, account: Callable[[], str] = str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"waited in vain: {what}\n{account()}\n{self.log[-3000:]}")
            time.sleep(0.05)

    def wait_until_ended(self, transfer: UUID) -> Transfer:
        self.wait(lambda: self.row(transfer).state in FINAL, "the end of the transfer", lambda: self.account(transfer))
        return self.row(transfer)

    def account(self, transfer: UUID) -> str:
        """Where it stands, whether its workers live, and what the database does meanwhile."""
        assert isinstance(self.practice.store, Database)
        doing = standstill.account(self.practice.store.engine)
        workers = [f"process: {it.pid}, ended with {it.poll()}" for it in self.workers]
        return "\n".join(map(str, [self.row(transfer), *self.actions(transfer), *workers, doing]))

    def proof(self, transfer: UUID) -> dict[str, object]:
        with self.practice.store.work(self.practice.me) as work:
            signed = work.transfers.proof(transfer)
        assert signed
        return verify(signed, self.practice.signer.public, max_bytes=PROOF_MAX_BYTES).claims

    def unanswered(self, transfer: UUID) -> set[str]:
        """What has been begun, and of which nothing is written down."""
        with self.practice.store.work(self.practice.me) as work:
            ledger = work.transfers.ledger(transfer)
        return {str(it.sop_instance) for it in ledger if it.attempts and it.fate is Fate.MISSING}

    def actions(self, transfer: UUID) -> list[str]:
        """The audit trail of one transfer at the practice."""
        assert isinstance(self.practice.store, Database)
        with self.practice.store.audit_trail(self.practice.me) as entries:
            return [entry.action.value for entry in entries if entry.fields.get("transfer") == str(transfer)]

    def process(self, site: str, name: str) -> int:
        """The pid of a node's process, by the name that `ps -o comm` shows."""
        parent = self.net.nodes[site].process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        [pid] = [int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == name]
        return pid


@pytest.fixture(scope="module")
def shared_ground() -> Iterator[Ground]:
    """One network for a module, since its start is the slow part."""
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-faults-"))
    folder.chmod(0o711)
    destination = CountingPacs()
    try:
        with peers.Orthanc("ORIGIN") as orthanc, destination.running():
            orthanc.upload(synthetic.study(COUNT, 4096))
            hospital = Site(
                "hospital",
                "Klinikum",
                TelematikId("5-2-KHS-77"),
                "1.2.276.0.76.4.53",
                (orthanc.passport(),),
                QUICK,
            )
            practice = Site(
                "practice",
                "Praxis",
                TelematikId("1-2-PRX-77"),
                "1.2.276.0.76.4.50",
                (destination.passport,),
                QUICK,
                without=("worker", "web"),
            )
            with network.running(folder, [hospital, practice], signature_seconds=0.05) as net:
                entry = published(net, orthanc.passport().name)
                practice = bootstrap.node(patient(net.settings("practice")))
                with closing(practice):
                    yield Ground(net, practice, entry, destination, orthanc.files(), folder)
    finally:
        shutil.rmtree(folder)


def published(net: Network, pacs: str) -> str:
    net.ti.patients.open_record(synthetic.KVNR)
    for site in ("hospital", "practice"):
        me = TelematikId(net.settings(site).telematik_id)
        net.ti.patients.entitle(synthetic.KVNR, me, bootstrap.now() + timedelta(days=90))
    with closing(bootstrap.node(patient(net.settings("hospital")))) as hospital:
        until_announced(hospital, publish.publish(hospital, synthetic.STUDY, pacs=pacs, kvnr=synthetic.KVNR))
    return net.node("practice").record.find(synthetic.KVNR)[0].entry


@pytest.fixture
def ground(shared_ground: Ground) -> Ground:
    """The network, with an empty destination."""
    shared_ground.clear()
    return shared_ground
