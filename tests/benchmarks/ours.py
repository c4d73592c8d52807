"""Our side: a hub and nodes as real processes with mTLS, where a study is published once and pulled again and again."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import synthetic
from benchmarks.studies import Study

from linkexchange import bootstrap, publish, pull
from linkexchange.demo import network
from linkexchange.demo.free_ports import HOST, free_port
from linkexchange.demo.network import Network, Site
from linkexchange.errors import OriginPacsBusy, PacsBusy
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import FINAL, Ask, Authority, Purpose, State
from linkexchange.ports import Node
from linkexchange.signing import PROOF_MAX_BYTES, verify
from linkexchange.store.trail import CHANNEL
from linkexchange.watching import until_announced

PRACTICE = "practice"
HOSPITAL = "hospital"
_MOVE_TITLES = "LXBENCH1,LXBENCH2"
_LOOK_SECONDS = 1.0
_REMOVALS = 10
_PATIENCE_SECONDS = 900.0
_TURNS = (PacsBusy.code, OriginPacsBusy.code)
_ACT_FOR = "SELECT set_config('linkexchange.participant', %s, false)"
_OPEN = "SELECT state, reason FROM transfers WHERE transfer = ANY(%s) AND NOT state = ANY(%s)"
_TAKEN = """
    SELECT min(event.at) FROM procrastinate_events event JOIN procrastinate_jobs job ON job.id = event.job_id
    WHERE event.type = 'started' AND job.task_name = 'pull' AND job.args->>'transfer' = %s
"""
"""When a worker took the job of a transfer."""


class Untrue(Exception):
    """A pull did not end complete, so its time says nothing."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A running network, in which the practice pulls what hospitals have published."""

    net: Network

    @property
    def practice(self) -> Node:
        return self.net.node(PRACTICE)

    @property
    def _database_url(self) -> str:
        return bootstrap.database_url(self.net.settings(PRACTICE))

    def publish(self, study: Study, passport: Passport, *, at: str = HOSPITAL) -> str:
        """Publish, from the PACS that a passport names, and return the record's entry of the newest link."""
        hospital = self.net.node(at)
        link = publish.publish(hospital, study.uid, pacs=passport.name, kvnr=synthetic.KVNR)
        until_announced(hospital, link)
        with hospital.store.work(hospital.me) as work:
            return work.links.get(link).entry

    def request(self, entry: str, destination: Passport) -> UUID:
        ask = Ask(
            Authority.RECORD, destination.name, Purpose.TREATMENT, user="benchmark", kvnr=synthetic.KVNR, entry=entry
        )
        return pull.request(self.practice, ask)

    def pull(self, study: Study, entry: str, destination: Passport) -> float:
        """Seconds from the request until the row is final. Raises `Untrue` unless the proof says complete."""
        begun = time.monotonic()
        transfer = self.request(entry, destination)
        self.wait([transfer])
        seconds = time.monotonic() - begun
        self.see_complete(transfer, study)
        return seconds

    def wait(self, pulls: Sequence[UUID]) -> None:
        """Until all are final. Waiting for one's turn is a part of it, waiting for anything else is a failure.

        It looks when the node says that something has happened, and no more often: what looking costs, the pulls lose.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            connection.execute(_ACT_FOR, [str(self.practice.me)])
            while open_still := connection.execute(_OPEN, [list(pulls), [state.value for state in FINAL]]).fetchall():
                waiting = [reason for state, reason in open_still if state == State.WAITING]
                stuck = [reason for reason in waiting if reason.partition(":")[0] not in _TURNS]
                if stuck or time.monotonic() > deadline:
                    raise Untrue(f"{(stuck or open_still)[:3]}")
                next(connection.notifies(timeout=_LOOK_SECONDS, stop_after=1), None)

    def see_complete(self, transfer: UUID, study: Study) -> None:
        """The signed proof has every instance of the study as stored."""
        practice = self.practice
        with practice.store.work(practice.me) as work:
            row, signed = work.transfers.get(transfer), work.transfers.proof(transfer)
        if signed is None:
            raise Untrue(f"no proof: {row.state}: {row.reason}")
        claims = verify(signed, practice.signer.public, max_bytes=PROOF_MAX_BYTES).claims
        if (claims["outcome"], claims["stored"]) != ("complete", study.instances):
            raise Untrue(f"{claims['outcome']}: {claims['stored']} of {study.instances}: {_faults(claims)}")

    def receives(self, at: str = HOSPITAL) -> dict[str, int]:
        """AE titles and ports under which a node takes what it has called for by C-MOVE; empty where it cannot."""
        settings = self.net.settings(at)
        return dict.fromkeys(filter(None, settings.move_ae_titles.split(",")), settings.dimse_port)

    def taken(self, transfer: UUID) -> datetime:
        """When the worker took the job."""
        with psycopg.connect(self._database_url) as connection:
            row = connection.execute(_TAKEN, [str(transfer)]).fetchone()
        assert row
        assert isinstance(row[0], datetime)
        return row[0]


def _faults(claims: dict[str, Any]) -> str:
    """The first few that are not stored."""
    absent = [row for row in claims["instances"] if row["fate"] != "stored"]
    return "; ".join(f"{row['fate']} {row['status']} {row['note']}" for row in absent[:3])


def practice(destinations: Sequence[Passport], **more: Any) -> Site:
    return Site(PRACTICE, "Praxis", TelematikId("1-2-PRX-90"), "1.2.276.0.76.4.50", tuple(destinations), **more)


def hospital(origins: Sequence[Passport], name: str = HOSPITAL, **more: Any) -> Site:
    telematik_id = TelematikId(f"5-2-KHS-{name}")
    return Site(name, f"Klinikum {name}", telematik_id, "1.2.276.0.76.4.53", tuple(origins), **more)


def receiving() -> dict[str, Any]:
    """Settings of a node to which a PACS can move images."""
    return {"dimse_host": HOST, "dimse_port": free_port(), "move_ae_titles": _MOVE_TITLES}


@contextmanager
def running(sites: Sequence[Site], **where: Any) -> Iterator[Ours]:
    """Start hub and nodes. Their databases lie on a real disk, as they would, and not in memory."""
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-bench-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        with network.running(folder, sites, **where) as net:
            net.ti.patients.open_record(synthetic.KVNR)
            for site in sites:
                net.ti.patients.entitle(synthetic.KVNR, site.telematik_id, bootstrap.now() + timedelta(days=90))
            yield Ours(net)
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """A database that was ended the hard way may write for a moment longer."""
    for _ in range(_REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(1.0)
