"""A server as a child process, and the few DICOM operations that tests need before the product can do them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport, Retrieve
from peers.ground import HOST, PATH, free_port, require

READY_SECONDS = 30.0
# The variable switches Nagle's algorithm off in DCMTK, which Orthanc is built on as well.
ENVIRONMENT = {**os.environ, "PATH": PATH, "TCP_NODELAY": "1"}


class Server:
    """A child process with a folder; subclasses say which command, and how to see that it answers."""

    programs: tuple[str, ...] = ()

    def __init__(self, ae_title: str) -> None:
        require("setpriv", *self.programs)
        self.ae_title = AeTitle(ae_title)
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="linkexchange-peer-"))
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def ready(self) -> bool:
        return echo(self.ae_title, self.port)

    def part10(self) -> dict[str, bytes]:
        """Every instance on its disk, by SOP Instance UID, as a DICOM file."""
        raise NotImplementedError

    def files(self) -> dict[str, bytes]:
        """Every instance on its disk, by SOP Instance UID, as an encoded data set."""
        return {uid: data_set(file) for uid, file in self.part10().items()}

    def passport(self, retrieve: Retrieve = Retrieve.C_GET) -> Passport:
        """Where this PACS is and how it is asked."""
        return Passport(str(self.ae_title).lower(), self.ae_title, HOST, self.port, retrieve)

    def start(self) -> None:
        """Start it, and come back when it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        _wait(self.ready, self._alive, lambda: self.log()[-2000:])

    def stop(self) -> None:
        """Take it down at once, with what it has forked; what it holds stays."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log(self) -> str:
        """What it has written to its standard output and error."""
        return (self.folder / "server.log").read_text(errors="replace")

    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def data_set(part10: bytes) -> bytes:
    """A DICOM file without preamble and file meta."""
    if part10[128:140] != b"DICM\x02\x00\x00\x00UL\x04\x00":
        raise ValueError("not a DICOM file with a group length")
    return part10[144 + int.from_bytes(part10[140:144], "little") :]


def echo(ae_title: str, port: int) -> bool:
    """Whether a C-ECHO is answered."""
    ae = AE("PEERS")
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = 2
    ae.add_requested_context(Verification)
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) != 0:
            return False
    assoc = ae.associate(HOST, port, ae_title=ae_title)
    try:
        return bool(assoc.is_established and assoc.send_c_echo().get("Status") == 0)
    finally:
        if assoc.is_established:
            assoc.release()


def send(ae_title: str, port: int, data_sets: Iterable[Any]) -> None:
    """C-STORE with pynetdicom, each data set in its own transfer syntax; anything but success is an error."""
    ae = AE("PEERS")
    data_sets = list(data_sets)
    for sop_class, syntax in {(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) for ds in data_sets}:
        ae.add_requested_context(sop_class, syntax)
    assoc = ae.associate(HOST, port, ae_title=ae_title)
    if not assoc.is_established:
        raise RuntimeError("no association")
    try:
        refused = [ds.SOPInstanceUID for ds in data_sets if assoc.send_c_store(ds).get("Status") != 0]
    finally:
        assoc.release()
    if refused:
        raise RuntimeError(f"not stored: {len(refused)} of {len(data_sets)}")


def stored(paths: Iterable[Path]) -> dict[str, bytes]:
    return {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID): path.read_bytes() for path in paths}


def _wait(ready: Callable[[], bool], alive: Callable[[], bool], log: Callable[[], str]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if not alive() or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start: {log()}")
        time.sleep(0.02)
