"""What hospitals do today, each as a call that is timed: PACS to PACS, storescu, Orthanc's own ways, pynetdicom."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import peers
from benchmarks.pacs import Archive, Discard
from benchmarks.studies import Study
from peers import server as peer_server

_RELAY = Path(__file__).parent / "relay.py"
_SCU = Path(__file__).parent / "sender.py"


def timed(call: Callable[[], object]) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def move(study: Study, origin: peers.Server, destination: peers.Server) -> float:
    """Direct C-MOVE: movescu tells the origin to send."""
    options = ["-S", "-aec", str(origin.ae_title), "-aem", str(destination.ae_title)]
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study.uid}"]
    return timed(lambda: _run("movescu", *options, *keys, peers.HOST, str(origin.port)))


def send(folder: Path, destination: peers.Server, *, host: str = peers.HOST) -> float:
    """storescu from files, over one association."""
    options = ["-aec", str(destination.ae_title), "+sd", "-xe"]
    return timed(lambda: _run("storescu", *options, host, str(destination.port), str(folder)))


def stow(study: Study, origin: Archive) -> float:
    """Orthanc to Orthanc by its DICOMweb plugin."""
    body = json.dumps({"Resources": [origin.study(study.uid)], "Synchronous": True}).encode()
    return timed(lambda: origin.call("POST", "/dicom-web/servers/other/stow", body))


def peer_store(study: Study, origin: Archive) -> float:
    """Orthanc to Orthanc by its own HTTP transfer between peers."""
    body = json.dumps({"Resources": [origin.study(study.uid)], "Synchronous": True}).encode()
    return timed(lambda: origin.call("POST", "/peers/other/store", body))


def pynetdicom_send(folder: Path, destination: peers.Server) -> float:
    """Pynetdicom alone, as a sender of files; the start of the interpreter is not counted."""
    answer = subprocess.run(
        [sys.executable, str(_SCU), str(folder), str(destination.ae_title), str(destination.port)],
        env=peer_server.ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(answer.stdout)


@contextmanager
def relay(destination: Discard) -> Iterator[peers.Server]:
    """One hop of pynetdicom in front of a destination."""
    with _Relay(destination) as server:
        yield server


class _Relay(peers.Server):
    def __init__(self, destination: Discard) -> None:
        super().__init__("RELAY")
        self._destination = destination

    def command(self) -> list[str]:
        onward = [str(self._destination.ae_title), str(self._destination.port)]
        return [sys.executable, str(_RELAY), str(self.port), *onward]


def _run(*command: str) -> None:
    """A command of DCMTK, whose exit status is looked at."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, env=peer_server.ENVIRONMENT, stdout=said, stderr=said, check=False)
        said.seek(0)
        if done.returncode:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {said.read()[-500:]!r}")
