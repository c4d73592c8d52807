"""The demo's PACS: Orthanc where it is installed, else the Query/Retrieve application that ships with pynetdicom."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from linkexchange import lifeline
from linkexchange.demo.free_ports import HOST, free_port, listens
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport, Retrieve

READY_SECONDS = 60.0
_ORTHANC_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin")


class Kind(StrEnum):
    """Whose PACS."""

    ORTHANC = "orthanc"
    QRSCP = "qrscp"


def installed() -> Kind:
    """Orthanc where it is installed."""
    return Kind.ORTHANC if _find_orthanc() else Kind.QRSCP


@contextmanager
def running(name: str, folder: Path, kind: Kind) -> Iterator[Passport]:
    """A PACS with nothing in it, until the block ends."""
    folder.mkdir()
    passport = Passport(name, AeTitle(name.upper()), HOST, port=free_port(), retrieve=Retrieve.C_GET)
    command = {Kind.ORTHANC: _orthanc, Kind.QRSCP: _qrscp}[kind](passport, folder)
    with (folder / "log").open("wb") as log:
        process = lifeline.spawn(command, ending=signal.SIGKILL, output=log)
    try:
        yield passport
    finally:
        lifeline.stop(process)


def until_listening(passports: Iterable[Passport]) -> None:
    """Wait until each takes calls, since it may need longer than the network; raises `PacsUnavailable`."""
    deadline = time.monotonic() + READY_SECONDS
    for passport in passports:
        while not listens(passport.port):
            if time.monotonic() > deadline:
                raise PacsUnavailable(f"{passport.name} does not listen after {READY_SECONDS:g} s")
            time.sleep(0.05)


def _find_orthanc() -> str | None:
    return shutil.which("Orthanc") or shutil.which("Orthanc", path=":".join(_ORTHANC_FOLDERS))


def _orthanc(passport: Passport, folder: Path) -> list[str]:
    settings = {
        "Name": passport.name,
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpServerEnabled": False,
        "DicomAet": str(passport.ae_title),
        "DicomPort": passport.port,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "UnknownSopClassAccepted": True,
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(settings))
    return [_find_orthanc() or "Orthanc", str(file)]


def _qrscp(passport: Passport, folder: Path) -> list[str]:
    settings = {
        "ae_title": passport.ae_title,
        "port": passport.port,
        "bind_address": passport.host,
        "max_pdu": 131072,
        "acse_timeout": 30,
        "dimse_timeout": 30,
        "network_timeout": 30,
        "instance_location": folder / "instances",
        "database_location": folder / "index.sqlite",
        "log_identifier": False,
    }
    file = folder / "qrscp.ini"
    file.write_text("\n".join(["[DEFAULT]", *(f"{key}: {value}" for key, value in settings.items()), ""]))
    return [sys.executable, "-m", "pynetdicom", "qrscp", "-q", "--config", str(file)]
