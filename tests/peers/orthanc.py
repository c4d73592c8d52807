"""Orthanc with its DICOMweb plugin."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from linkexchange.model.passport import Passport, Retrieve
from peers.ground import HOST, free_port, require
from peers.server import READY_SECONDS, Server

_PLUGIN_FOLDERS = (Path("/usr/lib/orthanc"), Path("/usr/share/orthanc/plugins"))


class Orthanc(Server):
    """Orthanc with its DICOMweb plugin. `settings` are keys of its configuration file."""

    programs = ("Orthanc",)

    def __init__(self, ae_title: str = "ORTHANC", **settings: Any) -> None:
        plugin = _plugin("libOrthancDicomWeb.so")
        super().__init__(ae_title)
        self.http_port = free_port()
        self.url = f"http://{HOST}:{self.http_port}"
        (self.folder / "orthanc.json").write_text(json.dumps({**self._settings(plugin), **settings}))

    def _settings(self, plugin: Path) -> dict[str, Any]:
        return {
            "Name": str(self.ae_title),
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "storage"),
            "SyncStorageArea": False,
            "Plugins": [str(plugin)],
            "HttpPort": self.http_port,
            "AuthenticationEnabled": False,
            "RemoteAccessAllowed": False,
            "DicomAet": str(self.ae_title),
            "DicomPort": self.port,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "UnknownSopClassAccepted": True,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }

    def command(self) -> list[str]:
        return ["Orthanc", "orthanc.json"]

    def ready(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self._get("/system")) and super().ready()
        return False

    def passport(self, retrieve: Retrieve = Retrieve.C_GET) -> Passport:
        """Where this PACS is and how it is asked."""
        url = f"{self.url}/dicom-web/"
        return Passport(str(self.ae_title).lower(), self.ae_title, HOST, self.port, retrieve, dicomweb_url=url)

    def upload(self, files: Iterable[Path | bytes]) -> None:
        """Put files in by its REST interface, which keeps them to the byte."""
        for file in files:
            self._post("/instances", file if isinstance(file, bytes) else file.read_bytes())

    def delete(self, study: str) -> None:
        """Delete a study."""
        [found] = json.loads(self._post("/tools/lookup", study.encode()))
        gone = urllib.request.Request(self.url + found["Path"], method="DELETE")
        urllib.request.urlopen(gone, timeout=READY_SECONDS).close()

    def part10(self) -> dict[str, bytes]:
        instances = json.loads(self._get("/instances?expand"))
        return {row["MainDicomTags"]["SOPInstanceUID"]: self._get(f"/instances/{row['ID']}/file") for row in instances}

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=READY_SECONDS) as answer:
            return bytes(answer.read())

    def _post(self, path: str, body: bytes) -> bytes:
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, data=body), timeout=READY_SECONDS
        ) as answer:
            return bytes(answer.read())


def _plugin(name: str) -> Path:
    for folder in _PLUGIN_FOLDERS:
        found = sorted(folder.glob(f"{name}*"))
        if found:
            return found[0]
    require(name)
    raise FileNotFoundError(name)
