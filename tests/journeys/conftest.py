"""A network between real PACS: what hospital and practice have stands still, which PACS they use changes per test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from linkexchange import bootstrap, documents, publish, pull
from linkexchange.demo import images, network
from linkexchange.demo.free_ports import HOST, free_port
from linkexchange.demo.images import DemoStudy
from linkexchange.demo.network import Network, Site
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Ask, Authority, Purpose, Transfer
from linkexchange.ports import Node
from linkexchange.signing import PROOF_MAX_BYTES, verify
from linkexchange.watching import until_announced, until_ended

QUICK = {"offers_seconds": 0.3, "retry_seconds": 0.3, "worker_stalled_seconds": 5.0}
_NOWHERE = Passport("pacs", AeTitle("NOWHERE"), "127.0.0.1", 1)


@dataclass
class Stage:
    """Two participants whose one PACS each is called `pacs`, whichever that is at the moment."""

    net: Network
    studies: Sequence[DemoStudy]

    @property
    def hospital(self) -> Node:
        return self.net.node("hospital")

    @property
    def practice(self) -> Node:
        return self.net.node("practice")

    def use(self, *, origin: Passport, destination: Passport) -> None:
        for node, passport in ((self.hospital, origin), (self.practice, destination)):
            with node.store.work(node.me) as work:
                work.pacs.put(replace(passport, name="pacs"))

    def publish(self, study: DemoStudy) -> str:
        """Publish at the hospital; the entry as the practice finds it."""
        link = publish.publish(self.hospital, study.study, pacs="pacs", kvnr=study.patient.kvnr)
        until_announced(self.hospital, link)
        for entry in self.practice.record.find(study.patient.kvnr):
            if documents.read(self.practice.record.retrieve(study.patient.kvnr, entry.entry)).link == link:
                return entry.entry
        raise AssertionError("the practice does not find the link")

    @contextmanager
    def without_address(self) -> Iterator[None]:
        """For as long as the block lasts, the directory has no address of the hospital that could be called."""
        hub = bootstrap.database(self.net.hub_settings)
        with hub.work(self.hospital.me) as work:
            row = work.directory.find(self.hospital.me)
            assert row
            # Nobody listens at port 1, and the certificate is for this host.
            work.directory.put(replace(row, node_url=f"https://{HOST}:1"))
        try:
            yield
        finally:
            with hub.work(self.hospital.me) as work:
                work.directory.put(row)
            hub.close()

    def routes(self) -> list[str]:
        """By which route each pull of the practice came, as its audit trail says."""
        store = bootstrap.database(self.net.settings("practice"))
        with closing(store), store.audit_trail(self.practice.me) as entries:
            return [str(entry.fields.get("route")) for entry in entries if entry.action is Action.PULL_ENDED]

    def ask(self, study: DemoStudy, entry: str) -> Ask:
        kvnr = study.patient.kvnr
        return Ask(Authority.RECORD, "pacs", Purpose.TREATMENT, user="test", kvnr=kvnr, entry=entry)

    def pull(self, study: DemoStudy, entry: str) -> Transfer:
        return until_ended(self.practice, pull.request(self.practice, self.ask(study, entry)))

    def proof(self, transfer: Transfer) -> dict[str, Any]:
        with self.practice.store.work(self.practice.me) as work:
            signed = work.transfers.proof(transfer.transfer)
        assert signed, transfer.reason
        return verify(signed, self.practice.signer.public, max_bytes=PROOF_MAX_BYTES).claims


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One network for a module."""
    with staged() as stage:
        yield stage


@contextmanager
def staged(*, relayed: bool = False, **hospital: Any) -> Iterator[Stage]:
    """A network, with a relay if need be; the other keyword arguments are settings of the hospital's node."""
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-journey-"))
    folder.chmod(0o711)
    relay_port = free_port() if relayed else 0
    both = {**QUICK, **({"relays": f"{HOST}:{relay_port}"} if relayed else {})}
    sites = [
        Site("hospital", "Klinikum", TelematikId("5-2-KHS-1"), "1.2.276.0.76.4.53", (_NOWHERE,), {**both, **hospital}),
        Site("practice", "Praxis", TelematikId("1-2-PRX-1"), "1.2.276.0.76.4.50", (_NOWHERE,), both),
    ]
    try:
        studies = images.prepare(folder / "images")
        with network.running(folder, sites, signature_seconds=0.05, hub_settings={"relay_port": relay_port}) as net:
            for patient in {study.patient.kvnr for study in studies}:
                net.ti.patients.open_record(patient)
                for name in ("hospital", "practice"):
                    net.ti.patients.entitle(patient, net.node(name).me, bootstrap.now() + timedelta(days=90))
            yield Stage(net, studies)
    finally:
        shutil.rmtree(folder)
