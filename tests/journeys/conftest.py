"""A network between real PACS: what hospital and practice have stands still, which PACS they use changes per test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from linkexchange import bootstrap, documents, publish, pull
from linkexchange.demo import images, network
from linkexchange.demo.images import DemoStudy
from linkexchange.demo.network import Network, Site
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
def staged(**hospital: Any) -> Iterator[Stage]:
    """A network; the keyword arguments are settings of the hospital's node."""
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-journey-"))
    folder.chmod(0o711)
    sites = [
        Site("hospital", "Klinikum", TelematikId("5-2-KHS-1"), "1.2.276.0.76.4.53", (_NOWHERE,), {**QUICK, **hospital}),
        Site("practice", "Praxis", TelematikId("1-2-PRX-1"), "1.2.276.0.76.4.50", (_NOWHERE,), QUICK),
    ]
    try:
        studies = images.prepare(folder / "images")
        with network.running(folder, sites, signature_seconds=0.05) as net:
            for patient in {study.patient.kvnr for study in studies}:
                net.ti.patients.open_record(patient)
                for name in ("hospital", "practice"):
                    net.ti.patients.entitle(patient, net.node(name).me, bootstrap.now() + timedelta(days=90))
            yield Stage(net, studies)
    finally:
        shutil.rmtree(folder)
