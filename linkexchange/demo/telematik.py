"""The simulated TI of a network on one machine: a process, and what nodes and people need of it."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from linkexchange import lifeline
from linkexchange.demo.starting import READY_SECONDS, patience, start
from ti_adapter.simulator import __main__ as simulator
from ti_adapter.simulator.client import PatientClient, Switchboard
from ti_adapter.simulator.serving import ADMIN_KEY_VARIABLE

RECORD_SYSTEMS = 2
_KEY_FILE = "admin-key"
USER_AGENT = "LINKEXCHANGEDEMO0001/1.0"


@dataclass(frozen=True, slots=True)
class Institution:
    """Who has a card, and a Konnektor in which it is inserted. `name` is for the files."""

    name: str
    telematik_id: str
    institution: str
    profession_oid: str


@dataclass(frozen=True, slots=True)
class Ti:
    """What is running. `patients` are the patients' own side, `switchboard` is what may go wrong."""

    patients: PatientClient
    switchboard: Switchboard
    _places: dict[str, Any] = field(repr=False)
    _folder: Path

    def by_hand(self, name: str) -> list[str]:
        """Commands with which somebody else switches things wrong; the key stays in its file."""
        return [
            f"export TI_SIMULATOR_FOLDER={self._folder} {ADMIN_KEY_VARIABLE}=$(cat {self._folder / _KEY_FILE})",
            f"python -m ti_adapter.simulator.switch restart {name}",
            "linkexchange doctor ti",
            f"python -m ti_adapter.simulator.switch pin {name}",
        ]

    def common_settings(self) -> dict[str, Any]:
        """What hub and nodes need."""
        return {"tsl_url": self._places["tsl"], "tsl_anchor": self._places["tsl_anchor"]}

    def hub_settings(self) -> dict[str, Any]:
        """What a hub needs that asks the directory."""
        client = self._places["vzd_client"]
        return {
            **self.common_settings(),
            "vzd_url": self._places["vzd"],
            "vzd_token_url": client["token_url"],
            "vzd_client_id": client["id"],
            "vzd_client_secret": client["secret"],
            "ti_ca": self._places["tls_ca"],
        }

    def settings_of(self, name: str) -> dict[str, Any]:
        """What the node of an institution needs beside."""
        own = self._places["institutions"][name]
        return {
            "konnektor_url": own["konnektor"],
            "konnektor_certificate": own["konnektor_certificate"],
            "konnektor_client_certificate": own["client_certificate"],
            "konnektor_client_key": own["client_key"],
            "konnektor_mandant": own["mandant"],
            "konnektor_client_system": own["client_system"],
            "konnektor_workplace": own["workplace"],
            "smcb_iccsn": own["iccsn"],
            "ti_ca": self._places["tls_ca"],
            "idp_url": self._places["idp"],
            "idp_issuer": self._places["idp_issuer"],
            "record_urls": ",".join(self._places["records"]),
            "ti_user_agent": USER_AGENT,
        }


@contextmanager
def running(
    folder: Path, institutions: Sequence[Institution], host: str, *, signature_seconds: float = 1.0
) -> Iterator[Ti]:
    """Start it, wait until it answers, and end it with the block. `folder` will be made; a card takes its time."""
    folder.mkdir()
    plan = folder / "plan.json"
    plan.write_text(
        json.dumps({"record_systems": RECORD_SYSTEMS, "institutions": [asdict(one) for one in institutions]})
    )
    options = ["--folder", str(folder), "--plan", str(plan), "--host", host]
    options += ["--signature-seconds", str(signature_seconds)]
    admin_key = secrets.token_urlsafe(24)
    (folder / _KEY_FILE).touch(0o600)
    (folder / _KEY_FILE).write_text(admin_key)
    with (folder / "log").open("wb") as log:
        process = _started(options, {**os.environ, ADMIN_KEY_VARIABLE: admin_key}, log)
    try:
        places = _places(folder / "ti.json", process)
        board = places["switchboard"]
        yield Ti(PatientClient(board, admin_key), Switchboard(board, admin_key), places, folder)
    finally:
        lifeline.stop(process)


def _started(options: list[str], environment: dict[str, str], log: Any) -> lifeline.Child:
    command = [sys.executable, "-m", "ti_adapter.simulator", *options]
    return start("ti", partial(_serve, options, environment), command, output=log, environment=environment)


def _serve(options: Sequence[str], environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    sys.argv[1:] = options
    simulator.main()


def _places(file: Path, process: lifeline.Child) -> dict[str, Any]:
    """The file is there, whole, once everything answers."""
    deadline = time.monotonic() + READY_SECONDS
    while not file.exists():
        patience(process, deadline, "the simulated TI")
    places: dict[str, Any] = json.loads(file.read_text())
    return places
