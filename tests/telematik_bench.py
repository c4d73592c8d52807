"""The whole simulated TI as a process, and nodes' ends of it.

with running(folder) as bench:
    with bench.telematik(CLINIC) as clinic:
        clinic.record().find(KVNR)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from linkexchange.demo import telematik as simulated
from linkexchange.demo.free_ports import HOST
from linkexchange.demo.telematik import Institution, Ti
from linkexchange.settings import NodeSettings
from linkexchange.telematik import Telematik
from ti_adapter.simulator.shape import HOSPITAL, PRACTICE

CLINIC = Institution("klinik", "5-2.9001", "Klinik Nord", HOSPITAL)
PRAXIS = Institution("praxis", "1-20.1", "Praxis am Markt", PRACTICE)


@dataclass
class Clock:
    """The time of a node; the TI has the true one."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class TelematikBench:
    """What is running."""

    ti: Ti
    folder: Path
    clock: Clock = field(default_factory=Clock)

    def settings(self, who: Institution, **changes: object) -> NodeSettings:
        """Those of a node, of which only what concerns the TI means anything."""
        own = self.ti.settings_of(who.name)
        key, certificate = own["konnektor_client_key"], own["konnektor_client_certificate"]
        told = {
            "state_folder": self.folder,
            "tls_certificate": certificate,
            "tls_key": key,
            "tls_ca": certificate,
            "hub_url": "https://hub.example",
            "hub_keys": self.folder / "keys.json",
            "node_url": "https://node.example",
            "listen_port": 8443,
            "pages_port": 8080,
            "telematik_id": who.telematik_id,
            "name": who.institution,
            **self.ti.common_settings(),
            **own,
        }
        return NodeSettings(**{**told, **changes})

    def telematik(
        self, who: Institution = CLINIC, *, clock: Callable[[], datetime] | None = None, **changes: object
    ) -> Telematik:
        """A node's end, which the caller closes."""
        return Telematik(self.settings(who, **changes), clock or self.clock)

    def signatures(self, who: Institution = CLINIC) -> int:
        """How many its card has made."""
        return self.ti.switchboard.state().signatures[who.name]


@contextmanager
def running(folder: Path) -> Iterator[TelematikBench]:
    """Cards sign at once."""
    with simulated.running(folder / "ti", [CLINIC, PRAXIS], HOST, signature_seconds=0.0) as ti:
        yield TelematikBench(ti, folder)
