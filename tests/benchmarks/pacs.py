"""The PACS of the benchmarks: an Orthanc as origin, another one and a storescp that discards as destinations."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peers
from peers import server as peer_server

from linkexchange.model.passport import Passport, Retrieve

DESTINATION_ASSOCIATIONS = 4
ORIGIN_ASSOCIATIONS = 4
_TIMEOUT_SECONDS = 600.0
_PDU_BYTES = "131072"


class Archive(peers.Orthanc):
    """An Orthanc that knows its neighbours and can be emptied."""

    def __init__(self, ae_title: str, **settings: Any) -> None:
        super().__init__(ae_title, **{"DicomScuTimeout": 120, "SaveJobs": False, **settings})
        self._known: dict[str, dict[str, Any]] = {}

    def start(self) -> None:
        """Start it, and remind it of its neighbours, whom it forgets at its end."""
        super().start()
        for path, row in self._known.items():
            self._put(path, row)

    def know(self, ae_title: str, port: int) -> None:
        """Make somebody on this machine a destination of C-MOVE."""
        row = {"AET": ae_title, "Host": peers.HOST, "Port": port, "AllowEcho": True, "AllowStore": True}
        self._put(f"/modalities/{ae_title}", row)

    def befriend(self, other: Archive) -> None:
        """Make another Orthanc a peer, and a DICOMweb server."""
        self._put("/peers/other", {"Url": other.url})
        self._put("/dicom-web/servers/other", {"Url": f"{other.url}/dicom-web/", "ChunkedTransfers": "1"})

    def _put(self, path: str, row: dict[str, Any]) -> None:
        self._known[path] = row
        self.call("PUT", path, json.dumps(row).encode())

    def count(self) -> int:
        """How many instances it holds."""
        return int(json.loads(self.call("GET", "/statistics"))["CountInstances"])

    def studies(self) -> list[str]:
        """Its own identifiers of what it holds."""
        found = json.loads(self.call("GET", "/studies"))
        return [str(identifier) for identifier in found]

    def study(self, uid: str) -> str:
        """Its own identifier of one study."""
        [found] = json.loads(self.call("POST", "/tools/lookup", uid.encode()))
        return str(found["ID"])

    def empty(self) -> None:
        for study in self.studies():
            self.call("DELETE", f"/studies/{study}")

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            return bytes(answer.read())

    def ways(self) -> list[Passport]:
        """One passport for each way in which a node can fetch from it."""
        return [self.way(retrieve) for retrieve in Retrieve]

    def way(self, retrieve: Retrieve) -> Passport:
        url = f"{self.url}/dicom-web/"
        name = f"{str(self.ae_title).lower()}-{retrieve.value}"
        return Passport(
            name,
            self.ae_title,
            peers.HOST,
            self.port,
            retrieve,
            dicomweb_url=url,
            max_associations=ORIGIN_ASSOCIATIONS,
        )

    def as_destination(self) -> Passport:
        return _destination(self)

    def fill(self, paths: Iterable[Path]) -> None:
        """Bring files in by storescu, which reads them piece by piece."""
        folders = sorted({str(path.parent) for path in paths})
        options = ["-aec", str(self.ae_title), "+sd", "+r", peers.HOST, str(self.port)]
        command = ["storescu", "--quiet", "--required", *options, *folders]
        subprocess.run(command, env=peer_server.ENVIRONMENT, check=True)


class Discard(peers.StoreScp):
    """DCMTK's storescp, which takes everything and keeps nothing."""

    def __init__(self, ae_title: str = "DISCARD", options: Iterable[str] = ()) -> None:
        super().__init__(ae_title, ("--ignore", "--max-pdu", _PDU_BYTES, *options))

    def as_destination(self) -> Passport:
        return _destination(self)


def _destination(server: peers.Server) -> Passport:
    associations = DESTINATION_ASSOCIATIONS
    name = str(server.ae_title).lower()
    return Passport(name, server.ae_title, peers.HOST, server.port, max_associations=associations)


@dataclass(frozen=True, slots=True)
class Pacs:
    """The three, running; `origin` knows the other two."""

    origin: Archive
    archive: Archive
    discard: Discard

    def restart(self) -> None:
        """With the environment as it is now; what they hold stays."""
        for server in (self.origin, self.archive, self.discard):
            server.stop()
            server.start()


@contextmanager
def running() -> Iterator[Pacs]:
    """All three on the loopback address."""
    with ExitStack() as stack:
        servers = (Archive("ORIGIN"), Archive("ARCHIVE"), Discard())
        for server in servers:
            stack.enter_context(server)
        origin, archive, discard = servers
        for neighbour in (archive, discard):
            origin.know(str(neighbour.ae_title), neighbour.port)
        origin.befriend(archive)
        yield Pacs(*servers)


@contextmanager
def nagle(pacs: Pacs) -> Iterator[None]:
    """The peers as hospitals run them: DCMTK, and Orthanc on top of it, with Nagle's algorithm on."""
    peer_server.ENVIRONMENT["TCP_NODELAY"] = "0"
    try:
        pacs.restart()
        yield
    finally:
        peer_server.ENVIRONMENT["TCP_NODELAY"] = "1"
        pacs.restart()
