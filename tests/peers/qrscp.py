"""The Query/Retrieve application that ships with pynetdicom."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from peers.ground import HOST
from peers.server import Server, send, stored


class Qrscp(Server):
    """The Q/R application that ships with pynetdicom. It decodes and encodes again whatever passes through it."""

    def __init__(self, ae_title: str = "QRSCP") -> None:
        super().__init__(ae_title)
        settings = {
            "ae_title": ae_title,
            "port": self.port,
            "max_pdu": 131072,
            "acse_timeout": 30,
            "dimse_timeout": 30,
            "network_timeout": 30,
            "bind_address": HOST,
            "instance_location": self.folder / "storage",
            "database_location": self.folder / "index.sqlite",
            "log_identifier": False,
        }
        rows = [f"{key}: {value}" for key, value in settings.items()]
        (self.folder / "qrscp.ini").write_text("\n".join(["[DEFAULT]", *rows, ""]))

    def command(self) -> list[str]:
        return [sys.executable, "-m", "pynetdicom", "qrscp", "-q", "--config", "qrscp.ini"]

    def upload(self, files: Iterable[Path | bytes]) -> None:
        """Send files by C-STORE: it has no other door."""
        data_sets = [dcmread(DicomBytesIO(file) if isinstance(file, bytes) else file) for file in files]
        send(self.ae_title, self.port, data_sets)

    def part10(self) -> dict[str, bytes]:
        return stored((self.folder / "storage").iterdir())
