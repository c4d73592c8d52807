"""The one write that instances wait for: small, fast, and fenced like all others.

A transaction of the usual kind takes some milliseconds, and there may be a thousand instances a second. So this is a
single prepared statement on a connection of its own, committed by itself, and the server does not wait for its disk. If
the server dies, by a power cut or otherwise, the last half second of counted attempts may be lost; the fates, and
whatever ends a transfer, are written by transactions that wait.

The statement leaves when an instance begins, and its answer is taken when the instance ends: no thread waits for it
meanwhile. A cursor of psycopg would wait, so this speaks to libpq through `psycopg.pq`.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from linkexchange.errors import Overtaken, StateUnavailable
from linkexchange.model.identifiers import SopInstanceUid, TelematikId
from linkexchange.model.transfer import State, Transfer
from linkexchange.store.transaction import PARTICIPANT

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

_BEGIN = b"""
INSERT INTO instances (participant, transfer, sop_instance, fate, attempts, bytes, note)
SELECT participant, transfer, unnest($4::text[]), 'missing', 1, 0, '' FROM transfers
WHERE transfer = $1 AND epoch = $2 AND state = $3
ON CONFLICT (participant, transfer, sop_instance) DO UPDATE SET attempts = instances.attempts + 1
"""
_TAKE_BACK = b"""
UPDATE instances SET attempts = attempts - 1 FROM transfers own
WHERE own.transfer = $1 AND own.epoch = $2 AND own.state = $3 AND own.participant = instances.participant
AND instances.transfer = $1 AND instances.sop_instance = ANY($4::text[])
"""
_STATEMENTS = {b"begin": _BEGIN, b"take_back": _TAKE_BACK}


class RunJournal:
    """`ports.Journal` over one connection, for one thread."""

    def __init__(self, libpq: PGconn, run: Transfer) -> None:
        self._libpq = libpq
        self._key = [str(run.transfer).encode(), str(run.epoch).encode(), State.MOVING.value.encode()]
        self._poll = select.poll()
        self._poll.register(libpq.socket, select.POLLIN)
        # What is sent is small and goes at once; only the answers are waited for, here and not in libpq.
        libpq.nonblocking = 0
        for name, statement in _STATEMENTS.items():
            libpq.send_prepare(name, statement)
            self._answer()
        self._asked = 0

    def begin(self, sop_instances: Sequence[SopInstanceUid]) -> Callable[[], None]:
        """Count one more attempt of each."""
        self._send(b"begin", sop_instances)
        return self._written

    def take_back(self, sop_instances: Sequence[SopInstanceUid]) -> None:
        """Count one less."""
        self._send(b"take_back", sop_instances)
        self._written()

    def _send(self, name: bytes, sop_instances: Sequence[SopInstanceUid]) -> None:
        # What broke off on its way was not waited for.
        self._written()
        with _reaching():
            uids = "{" + ",".join(sop_instances) + "}"
            self._libpq.send_query_prepared(name, [*self._key, uids.encode()])
        self._asked = len(sop_instances)

    def _written(self) -> None:
        """Wait for the answer to what was sent last, if nobody has. Each of its rows must have been ours to write."""
        if asked := self._asked:
            with _reaching():
                answer = self._answer()
            self._asked = 0
            if answer.command_tuples != asked:
                raise Overtaken

    def _answer(self) -> PGresult:
        """The result of what was sent; libpq closes it with a None."""
        result = self._next()
        while self._next() is not None:
            pass
        if result is None or result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result) if result else psycopg.OperationalError("no result")
        return result

    def _next(self) -> PGresult | None:
        while self._libpq.is_busy():
            self._poll.poll()
            self._libpq.consume_input()
        return self._libpq.get_result()


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as gone:
        raise StateUnavailable from gone


@contextmanager
def journal(engine: Engine, run: Transfer, participant: TelematikId) -> Iterator[RunJournal]:
    """A connection that acts for this participant until the end."""
    with closing(_own(engine)) as driver:
        with _reaching():
            driver.autocommit = True
            driver.execute("SELECT set_config(%s, %s, false)", [PARTICIPANT, str(participant)])
            driver.execute("SET synchronous_commit = off")
            mine = RunJournal(driver.pgconn, run)
        yield mine


def _own(engine: Engine) -> psycopg.Connection:
    """One from the pool that does not go back: many runs would leave none there for the transactions of all."""
    with _reaching():
        pooled = engine.raw_connection()
    driver = pooled.driver_connection
    assert isinstance(driver, psycopg.Connection)
    pooled.detach()
    return driver
