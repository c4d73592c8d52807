"""A real PACS, a real worker that publishes by itself, and SIGKILL at each step: nothing is lost, nothing is double."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import peers
import pytest
import synthetic
from faults.dying_publisher import FROZEN, POINTS
from pydicom import dcmread
from pydicom.filewriter import dcmwrite

from linkexchange import bootstrap, documents, lifeline
from linkexchange.demo import network
from linkexchange.demo.network import Network, Site
from linkexchange.documents.companion import unique_id_of
from linkexchange.errors import UnknownStudy
from linkexchange.model.identifiers import StudyUid, TelematikId
from linkexchange.model.link import Link, LinkStatus
from linkexchange.model.watched import Wait
from linkexchange.ports import Node

pytestmark = [pytest.mark.peers, pytest.mark.slow]
WAIT_SECONDS = 120.0
REFERENCES = "urn:ihe:iti:xds:2013:referenceIdList"
_HERE = Path(__file__).parent
_SETTINGS = {
    "worker_stalled_seconds": 1.5,
    "retry_seconds": 0.2,
    "watch_pacs": "origin",
    "watch_seconds": 0.3,
    "quiet_seconds": 1.0,
    "watch_days": 1,
    "companion_page": True,
}
_STEPS = list(POINTS)
_ALL = "LINKEXCHANGE_KILLS" in os.environ
"""At each step in `make kills`, at one or two of each kind in `make test`."""
AT_PUBLISHING = _STEPS[1:9] if _ALL else ["before the hub knows", "after the record has it"]
AT_REPLACING = ["after the newer version is in its place"]
AT_REPLACING += [_STEPS[10], "before the link is committed", "before that is committed"] if _ALL else []
AT_WITHDRAWING = _STEPS[11:] if _ALL else ["after the hub has ended it"]


@dataclass
class Clinic:
    """A hospital whose PACS is an Orthanc, and whose worker is started by a test."""

    net: Network
    node: Node
    orthanc: peers.Orthanc
    folder: Path

    @contextmanager
    def worker(self, point: str = "") -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, str(_HERE / "dying_publisher.py"), self.net.nodes["hospital"].settings_file, point]
        environment = {**os.environ, "PYTHONPATH": str(_HERE.parent)}
        with (self.folder / "worker.log").open("ab") as log:
            process = lifeline.spawn(command, output=log, environment=environment)
        try:
            yield process
        finally:
            lifeline.stop(process)

    def dies(self, point: str) -> None:
        """A worker goes on until it kills itself at this point."""
        with self.worker(point) as process:
            self.wait(lambda: process.poll() is not None, f"the death {point}")
            assert process.returncode == -signal.SIGKILL

    def send(self, study: StudyUid, *numbers: int) -> None:
        """The modality sends these images."""
        files = synthetic.study(max(numbers), 8, study=study)
        self.orthanc.upload([_of_today(files[number - 1]) for number in numbers])

    def current(self, study: StudyUid) -> list[Link]:
        """What the record shows of a study: one document, or there is a double."""
        entries = self.node.record.find(synthetic.KVNR)
        links = [documents.read(self.node.record.retrieve(synthetic.KVNR, it.entry)) for it in entries]
        return [link for link in links if link.manifest.study == study]

    def pages(self, study: StudyUid) -> list[str]:
        """The uniqueId of each companion page that the record shows of a study."""
        listed = self.net.ti.patients.documents(synthetic.KVNR)
        pages = [it.metadata for it in listed if it.media_type == "application/pdf"]
        return [it.unique_id for it in pages if any(study + "^" in one for one in it.slots[REFERENCES])]

    def settled(self, study: StudyUid) -> bool:
        """Nothing is left to be said, and the study has its link or waits for images."""
        with self.node.store.work(self.node.me) as work:
            try:
                watched = work.watched.get("origin", study)
            except UnknownStudy:
                return False
            return not work.links.untold() and watched.wait in (Wait.NOTHING, Wait.IMAGES)

    def shows(self, study: StudyUid, count: int, status: LinkStatus = LinkStatus.AVAILABLE) -> bool:
        if not self.settled(study):
            return False
        current = self.current(study)
        assert len(self.pages(study)) <= 1
        return [(it.status, len(it.manifest.uids)) for it in current] == [(status, count)] and self.pages(study) == [
            unique_id_of(it.link) for it in current
        ]

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"waited in vain: {what}\n{(self.folder / 'worker.log').read_text()[-3000:]}")
            time.sleep(0.1)


def _of_today(content: bytes) -> bytes:
    ds = dcmread(io.BytesIO(content))
    ds.StudyDate = f"{bootstrap.now().astimezone():%Y%m%d}"
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-published-"))
    folder.chmod(0o711)
    try:
        with peers.Orthanc("ORIGIN") as orthanc:
            me, role = TelematikId("5-2-KHS-78"), "1.2.276.0.76.4.53"
            site = Site("hospital", "Klinikum", me, role, (orthanc.passport(),), _SETTINGS, without=("worker", "web"))
            with network.running(folder, [site], signature_seconds=0.05) as net:
                net.ti.patients.open_record(synthetic.KVNR)
                net.ti.patients.entitle(synthetic.KVNR, me, bootstrap.now() + timedelta(days=90))
                with closing(bootstrap.node(net.settings("hospital"))) as node:
                    yield Clinic(net, node, orthanc, folder)
    finally:
        shutil.rmtree(folder)


def _study(number: int) -> StudyUid:
    return StudyUid(f"1.2.276.0.7230010.3.1.2.78.{number}")


def test_a_study_in_two_bursts_ends_as_one_version_that_replaces_the_first_and_its_deletion_withdraws_it(
    clinic: Clinic,
) -> None:
    study = _study(0)
    with clinic.worker():
        clinic.send(study, 1, 2)
        clinic.wait(lambda: clinic.shows(study, 2), "the first version")
        [first] = clinic.current(study)
        clinic.send(study, 3, 4, 5)
        clinic.wait(lambda: clinic.shows(study, 5), "the version of both bursts")
        [second] = clinic.current(study)
        assert second.replaces == first.link
        clinic.orthanc.delete(study)
        clinic.wait(lambda: clinic.shows(study, 5, LinkStatus.CANCELLED), "the withdrawal")
    with clinic.node.store.work(clinic.node.me) as work:
        assert not work.links.is_active(second.link)


@pytest.mark.parametrize("point", AT_PUBLISHING)
def test_a_worker_killed_while_it_publishes(clinic: Clinic, point: str) -> None:
    study = _study(100 + AT_PUBLISHING.index(point))
    clinic.send(study, 1, 2)
    clinic.dies(point)
    with clinic.worker():
        clinic.wait(lambda: clinic.shows(study, 2), "one document")


@pytest.mark.parametrize("point", AT_REPLACING)
def test_a_worker_killed_while_it_replaces(clinic: Clinic, point: str) -> None:
    study = _study(200 + AT_REPLACING.index(point))
    clinic.send(study, 1)
    with clinic.worker():
        clinic.wait(lambda: clinic.shows(study, 1), "the first version")
    clinic.send(study, 2)
    clinic.dies(point)
    with clinic.worker():
        clinic.wait(lambda: clinic.shows(study, 2), "one document, the newer one")


@pytest.mark.parametrize("point", AT_WITHDRAWING)
def test_a_worker_killed_while_it_withdraws(clinic: Clinic, point: str) -> None:
    study = _study(300 + AT_WITHDRAWING.index(point))
    clinic.send(study, 1)
    with clinic.worker():
        clinic.wait(lambda: clinic.shows(study, 1), "the document")
    clinic.orthanc.delete(study)
    clinic.dies(point)
    with clinic.worker():
        clinic.wait(lambda: clinic.shows(study, 1, LinkStatus.CANCELLED), "one document, closed")


def test_a_worker_frozen_while_it_stores_finds_when_it_wakes_that_another_has_done_it(clinic: Clinic) -> None:
    study = _study(400)
    clinic.send(study, 1, 2)
    with clinic.worker(FROZEN) as frozen:
        clinic.wait(lambda: _is_stopped(frozen.pid), "the frost")
        with clinic.worker():
            clinic.wait(lambda: clinic.shows(study, 2), "one document")
            before = _refused(clinic)
            frozen.send_signal(signal.SIGCONT)
            clinic.wait(lambda: _refused(clinic) > before, "the refusal of the second")
            clinic.wait(lambda: clinic.shows(study, 2), "one document still")


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _refused(clinic: Clinic) -> int:
    outcomes = [access.outcome for access in clinic.net.ti.patients.accesses(synthetic.KVNR)]
    return outcomes.count("XDSDuplicateDocument")
