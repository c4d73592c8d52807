"""A hospital and a practice with real processes between two scripted PACS; the hospital also resolves for its links.

with revoking.running() as stage, stage.pacs(500, pause_seconds=0.01) as (study, destination):
    transfer = stage.ask(study)
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from linkexchange import bootstrap, lifeline, publish, pull
from linkexchange.certificates import write_key
from linkexchange.conform import HOST, DestinationManners, DestinationPacs, OriginPacs
from linkexchange.conform.images import STUDY, made
from linkexchange.demo import network
from linkexchange.demo.free_ports import free_port
from linkexchange.demo.network import Network, Site
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import AeTitle, Kvnr, StudyUid, TelematikId
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Ask, Authority, Purpose, Transfer
from linkexchange.ports import Node
from linkexchange.signing import PROOF_MAX_BYTES, Signer, verify
from linkexchange.store.work import Database
from linkexchange.watching import until_announced

KVNR, OTHER_KVNR = Kvnr.with_check_digit("M98765432"), Kvnr.with_check_digit("M98765433")
OTHER_STUDY = f"{STUDY}.77"
HOSPITAL, PRACTICE = TelematikId("5-2-KHS-1"), TelematikId("1-2-PRX-1")
WAIT_SECONDS = 60.0
_NOWHERE = Passport("pacs", AeTitle("NOWHERE"), HOST, 1, max_associations=1)
_QUICK = {"offers_seconds": 0.5, "retry_seconds": 0.3, "worker_stalled_seconds": 5.0}


@dataclass
class Stage:
    """What is running; the hub may have been killed and started again."""

    net: Network
    hub: lifeline.Child

    def kill_hub(self) -> None:
        lifeline.stop(self.hub)

    def start_hub(self) -> None:
        file = self.net.hub.settings_file
        command = [sys.executable, "-m", "linkexchange", "hub", "--settings", str(file)]
        with (file.parent / "log").open("ab") as log:
            self.hub = lifeline.spawn(command, output=log)

    @property
    def hospital(self) -> Node:
        return self.net.node("hospital")

    @property
    def practice(self) -> Node:
        return self.net.node("practice")

    @contextmanager
    def pacs(self, count: int, *, pause_seconds: float = 0.0) -> Iterator[DestinationPacs]:
        """A PACS at either end: the hospital's has a study of so many images and one of two, the practice's pauses."""
        manners = DestinationManners(pause_seconds=pause_seconds)
        holds = *made(count, kilobytes=1), *made(2, kilobytes=1, first=count + 1, StudyInstanceUID=OTHER_STUDY)
        with OriginPacs(holds) as origin, DestinationPacs(manners) as destination:
            for node, it in ((self.hospital, origin), (self.practice, destination)):
                passport = replace(_NOWHERE, ae_title=AeTitle(it.ae_title), port=it.port)
                with node.store.work(node.me) as work:
                    work.pacs.put(passport)
            yield destination

    def publish(self, study: str = STUDY, kvnr: Kvnr = KVNR) -> str:
        """Publish at the hospital, once; the entry as the practice finds it."""
        if found := self.practice.record.find(kvnr):
            return found[0].entry
        link = publish.publish(self.hospital, StudyUid(study), pacs="pacs", kvnr=kvnr)
        until_announced(self.hospital, link)
        return self.practice.record.find(kvnr)[0].entry

    def ask(self, entry: str, kvnr: Kvnr = KVNR) -> UUID:
        ask = Ask(Authority.RECORD, "pacs", Purpose.TREATMENT, user="test", kvnr=kvnr, entry=entry)
        return pull.request(self.practice, ask)

    def row(self, transfer: UUID) -> Transfer:
        with self.practice.store.work(PRACTICE) as work:
            return work.transfers.get(transfer)

    def of_offer(self, offer: str) -> Transfer | None:
        with self.practice.store.work(PRACTICE) as work:
            return work.transfers.of_offer(offer)

    def proof(self, transfer: UUID) -> Mapping[str, Any]:
        with self.practice.store.work(PRACTICE) as work:
            signed = work.transfers.proof(transfer)
        assert signed, self.row(transfer).reason
        return verify(signed, self.practice.signer.public, max_bytes=PROOF_MAX_BYTES).claims

    def receipts(self) -> set[str]:
        """The transfers of which the practice has handed in its proof."""
        with closing(bootstrap.database(self.net.settings("practice"))) as database:
            return set(fields_of(database, PRACTICE, Action.RECEIPT_SENT))


def fields_of(database: Database, me: TelematikId, action: Action) -> dict[str, Mapping[str, str | int]]:
    """The newest entry of this action for each transfer."""
    with database.audit_trail(me) as entries:
        return {str(it.fields["transfer"]): it.fields for it in entries if it.action is action}


def wait(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def running() -> Iterator[Stage]:
    """All of it; two patients have records, which let both in."""
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-revoking-"))
    folder.chmod(0o711)
    key, port, url = folder / "own.key", free_port(), ""
    url = f"https://{HOST}:{port}"
    private = ec.generate_private_key(ec.SECP256R1())
    write_key(key, private)
    (folder / "own.json").write_text(Signer.named(private).public.to_jwks())
    resolves = {"resolver_port": port, "resolver_url": url, "resolver_key": key}
    knows = {"partner_resolvers": f"{HOSPITAL} {url} {folder / 'own.json'}"}
    roles = "1.2.276.0.76.4.53", "1.2.276.0.76.4.50"
    sites = [
        Site("hospital", "Klinikum", HOSPITAL, roles[0], (_NOWHERE,), {**_QUICK, **resolves}, without=("web",)),
        Site("practice", "Praxis", PRACTICE, roles[1], (_NOWHERE,), {**_QUICK, **knows}, without=("web",)),
    ]
    try:
        with network.running(folder, sites, signature_seconds=0.05) as net:
            for kvnr in (KVNR, OTHER_KVNR):
                net.ti.patients.open_record(kvnr)
                for me in (HOSPITAL, PRACTICE):
                    net.ti.patients.entitle(kvnr, me, bootstrap.now() + timedelta(days=90))
            stage = Stage(net, net.hub.process)
            yield stage
            stage.kill_hub()
    finally:
        shutil.rmtree(folder)
