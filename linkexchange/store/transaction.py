"""A transaction, and on whose behalf it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from linkexchange.errors import StateUnavailable
from linkexchange.model.identifiers import TelematikId

GONE = (OperationalError, InterfaceError, PoolTimeout)
"""The server is gone, or all connections to it that a process may have are in use."""
PARTICIPANT = "linkexchange.participant"
"""The setting that row-level security looks at."""

_ACT_FOR = text(f"SELECT set_config('{PARTICIPANT}', :participant, true)")


def session_options(database_url: str, frozen_seconds: float) -> str:
    """What a session is opened with: what the URL says, and that nobody holds others back.

    A process that freezes keeps its locks, so the server ends a transaction in which it hears nothing for so long.
    """
    patience = f"-c idle_in_transaction_session_timeout={round(frozen_seconds * 1000)}"
    return f"{make_url(database_url).query.get('options', '')} {patience}".strip()


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Commit at the end, roll back on any exception. A server that is gone is `StateUnavailable`, no bug of ours."""
    try:
        with engine.begin() as connection:
            yield connection
    except GONE as gone:
        raise StateUnavailable from gone
    except InternalError as other:
        if isinstance(other.orig, IdleInTransactionSessionTimeout):
            raise StateUnavailable from other
        raise


def act_for(connection: Connection, participant: TelematikId) -> None:
    """Until the transaction ends or acts for another: row-level security shows this participant's rows."""
    connection.execute(_ACT_FOR, {"participant": str(participant)})
