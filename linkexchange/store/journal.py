"""The one write that is made for every instance: small, fast, and fenced like all others.

A transaction of the usual kind takes some milliseconds, and there may be a thousand instances a second. So this is a
single statement on a connection of its own, committed by itself, and the server does not wait for its disk. If the
server dies, by a power cut or otherwise, the last half second of counted attempts may be lost; the fates, and whatever
ends a transfer, are written by transactions that wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from linkexchange.errors import Overtaken, StateUnavailable
from linkexchange.model.identifiers import SopInstanceUid, TelematikId
from linkexchange.model.transfer import State, Transfer

_BEGIN = """
INSERT INTO instances (participant, transfer, sop_instance, fate, attempts, bytes, note)
SELECT participant, transfer, %(uid)s, 'missing', 1, 0, '' FROM transfers
WHERE transfer = %(transfer)s AND epoch = %(epoch)s AND state = %(state)s
ON CONFLICT (participant, transfer, sop_instance) DO UPDATE SET attempts = instances.attempts + 1
RETURNING attempts
"""


class RunJournal:
    """`ports.Journal` over one connection, for one thread; the statement runs in another one."""

    def __init__(self, driver: Any, run: Transfer, beside: Executor) -> None:
        self._driver = driver
        self._beside = beside
        self._key = {"transfer": run.transfer, "epoch": run.epoch, "state": State.MOVING.value}

    def begin(self, sop_instance: SopInstanceUid) -> Callable[[], int]:
        """Count one more attempt."""
        return self._beside.submit(self._begin, sop_instance).result

    def _begin(self, sop_instance: SopInstanceUid) -> int:
        try:
            row = self._driver.execute(_BEGIN, {**self._key, "uid": sop_instance}, prepare=True).fetchone()
        except (psycopg.OperationalError, psycopg.InterfaceError) as gone:
            raise StateUnavailable from gone
        if row is None:
            raise Overtaken
        return int(row[0])


@contextmanager
def journal(engine: Engine, run: Transfer, participant: TelematikId) -> Iterator[RunJournal]:
    """A connection that acts for this participant until the end, and goes back to the pool as it came."""
    try:
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.autocommit = True
            driver.execute("SELECT set_config('linkexchange.participant', %s, false)", [str(participant)])
            driver.execute("SET synchronous_commit = off")
            try:
                with ThreadPoolExecutor(1, "journal") as beside:
                    yield RunJournal(driver, run, beside)
            finally:
                # What was set for the session would outlive this run in the pool.
                connection.invalidate()
    except (OperationalError, InterfaceError) as gone:
        raise StateUnavailable from gone
