"""dcmjs-dimse, a DICOM implementation in JavaScript that shares no code with any other here.

It comes from the npm registry, once, pinned by a lock file.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import certificates
import peers
from interop.tcp import is_open
from kept_tools import npm_packages
from peers.server import Server

SCRIPTS = Path(__file__).parent / "javascript"
VERSION = "0.3.3"


@functools.cache
def installed() -> Path:
    """The folder with its packages."""
    return npm_packages(SCRIPTS)


class Dcmjs(Server):
    """An archive made of it: it stores, and sends all it was given whatever it is asked for."""

    programs = ("node", "npm")

    def __init__(self, tls: certificates.NodeCertificate | None = None) -> None:
        self._packages = installed()
        super().__init__("DCMJS")
        self._tls = [str(tls.key), str(tls.certificate), str(tls.ca)] if tls else []
        for name in ("stored", "held", "sent"):
            (self.folder / name).mkdir()

    def command(self) -> list[str]:
        script = [str(SCRIPTS / "archive.js"), str(self._packages), str(self.port), str(self.folder)]
        return ["node", *script, *self._tls]

    def ready(self) -> bool:
        return is_open(self.port) if self._tls else super().ready()

    def upload(self, files: Iterable[bytes]) -> None:
        for number, file in enumerate(files):
            (self.folder / "held" / f"{number}.dcm").write_bytes(file)

    def files(self) -> dict[str, bytes]:
        """What has come, as it came."""
        return self._noted("stored")

    def sent(self) -> dict[str, bytes]:
        """What it has sent, as it has encoded it."""
        return self._noted("sent")

    def _noted(self, folder: str) -> dict[str, bytes]:
        return {path.name.partition("_")[0]: path.read_bytes() for path in (self.folder / folder).iterdir()}


def send(called: str, port: int, files: Iterable[Path]) -> Mapping[str, tuple[int, str]]:
    """C-STORE: the status of each answer, and the SHA-256 of the data set as it was encoded, by SOP Instance UID."""
    script = [str(SCRIPTS / "store.js"), str(installed()), peers.HOST, str(port), called]
    command = ["node", *script, *map(str, files)]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    words = [line.split() for line in lines if not line.startswith("Unknown")]
    return {uid: (int(status), digest) for uid, status, digest in (it for it in words if len(it) == 3)}
