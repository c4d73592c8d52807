"""How others know that this process lives: a number that the server keeps locked for as long as it does."""

from __future__ import annotations

import secrets
from threading import Lock

from sqlalchemy import Connection, Engine, func, select

from linkexchange.errors import StateUnavailable
from linkexchange.store.transaction import GONE


class Presence:
    """One connection that does nothing but hold an advisory lock; the server lets go of it when the process dies.

    `inside` are the turns that this process has. A row under its number that is not among them is one whose end could
    not be written down.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._connection: Connection | None = None
        self._number = 0
        self.inside: set[int] = set()

    def number(self) -> int:
        """The locked number; another one where the server had lost the connection. Raises `StateUnavailable`."""
        with self._lock:
            if self._connection is None or not self._answers(self._connection):
                self._begin()
            return self._number

    def close(self) -> None:
        """End it, and with it all that was held under it."""
        with self._lock:
            if self._connection is not None:
                _drop(self._connection)
                self._connection = None

    def _begin(self) -> None:
        self._number = secrets.randbits(62) + 1
        try:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection.execute(select(func.pg_advisory_lock(self._number)))
        except GONE as gone:
            self._connection = None
            raise StateUnavailable from gone

    def _answers(self, connection: Connection) -> bool:
        try:
            connection.execute(select(1))
        except GONE:
            _drop(connection)
            return False
        return True


def _drop(connection: Connection) -> None:
    """Not back into the pool, where the lock would live on."""
    connection.invalidate()
    connection.close()
