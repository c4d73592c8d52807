"""A hospital whose studies publish themselves: Orthanc, PostgreSQL, the processes of its node, hub and record.

with house.running([kvnr]) as clinic:
    clinic.hears(adt(...))
    clinic.takes(study, number="4711")
    clinic.wait(lambda: clinic.links(kvnr), "the link")
"""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import notifying
import peers
import pytest
import synthetic
from pydicom import dcmread
from pydicom.filewriter import dcmwrite

from linkexchange import bootstrap, documents
from linkexchange.demo import network
from linkexchange.demo.free_ports import free_port, listens
from linkexchange.demo.network import Network, Site
from linkexchange.model.identifiers import Kvnr, LinkId, StudyUid, TelematikId
from linkexchange.model.link import Link, LinkStatus
from linkexchange.ports import Node
from linkexchange.settings import NodeSettings

WAIT_SECONDS = 120.0
ME, ROLE = TelematikId("5-2-KHS-90"), "1.2.276.0.76.4.53"
ISSUER = "1.2.276.0.1.1"
NAMED = {"name": "Größler^Änne", "born": "19610517", "sex": "F"}
"""The patient of all images, as an HIS names them."""
_QUICK = {"worker_stalled_seconds": 1.5, "retry_seconds": 0.2, "watch_seconds": 0.3, "quiet_seconds": 0.5}


@dataclass(frozen=True)
class Clinic:
    """What is running."""

    net: Network
    orthanc: peers.Orthanc
    folder: Path

    @property
    def node(self) -> Node:
        return self.net.node("hospital")

    @property
    def settings(self) -> NodeSettings:
        return self.net.settings("hospital")

    def takes(self, study: StudyUid, *, number: str = "", accession: str = "") -> None:
        """The PACS gets a study of one image. With a number, the image names the patient by nothing but that."""
        [file] = synthetic.study(1, 8, study=study)
        self.orthanc.upload([_changed(file, number, accession)])

    def hears(self, *messages: bytes) -> list[str]:
        """Send HL7 messages, one after the other; how each was answered (MSA-1)."""
        with notifying.sender(self.settings.hl7_port) as sender:
            return [sender.ask(message)[1][1] for message in messages]

    def links(self, kvnr: Kvnr) -> list[Link]:
        """What the record of an insured person shows."""
        entries = self.node.record.find(kvnr)
        return [documents.read(self.node.record.retrieve(kvnr, it.entry)) for it in entries]

    def shows(self, kvnr: Kvnr, study: StudyUid, status: LinkStatus = LinkStatus.AVAILABLE) -> bool:
        """Whether the record has one document of a study, in this status, and nothing is left to be said."""
        with self.node.store.work(self.node.me) as work:
            untold = work.links.untold()
        found = [it.status for it in self.links(kvnr) if it.manifest.study == study]
        return not untold and found == [status]

    def at_the_hub(self, link: LinkId) -> LinkStatus:
        """What the hub's ledger says."""
        hub = bootstrap.database(self.net.hub_settings)
        with hub.work(ME) as work:
            row = work.hub.link(link)
        hub.close()
        assert row
        return row.status

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                logs = [file.read_text()[-3000:] for file in sorted(self.folder.glob("**/*log"))]
                pytest.fail("\n".join([f"waited in vain: {what}", *logs]))
            time.sleep(0.1)


@contextmanager
def running(insured: Collection[Kvnr]) -> Iterator[Clinic]:
    """All of it; these insured persons have a record, which lets the hospital in. Its PACS is called `pacs`."""
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-house-"))
    folder.chmod(0o711)
    hl7_port = free_port()
    ports = {"hl7_port": hl7_port, "hl7_senders": peers.HOST, "hl7_pacs": "pacs", "ian_port": free_port()}
    try:
        with peers.Orthanc("ORIGIN") as orthanc:
            pacs = (replace(orthanc.passport(), name="pacs"),)
            site = Site("hospital", "Klinikum", ME, ROLE, pacs, {**_QUICK, **ports}, without=("web",))
            with network.running(folder, [site], signature_seconds=0.05) as net:
                clinic = Clinic(net, orthanc, folder)
                for kvnr in insured:
                    net.ti.patients.open_record(kvnr)
                    net.ti.patients.entitle(kvnr, ME, bootstrap.now() + timedelta(days=90))
                clinic.wait(lambda: listens(hl7_port), "the port for HL7")
                yield clinic
    finally:
        shutil.rmtree(folder)


def _changed(content: bytes, number: str, accession: str) -> bytes:
    ds = dcmread(io.BytesIO(content))
    ds.StudyDate, ds.AccessionNumber = f"{bootstrap.now().astimezone():%Y%m%d}", accession
    if number:
        ds.PatientID, ds.IssuerOfPatientID = number, ISSUER
        del ds.OtherPatientIDsSequence
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()
