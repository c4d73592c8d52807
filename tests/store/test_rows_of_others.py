"""Row-level security, table by table, as the role that serves: whatever a statement forgets, no row of another moves.

Every table of the metadata is here by itself; a new one needs nothing but its policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conftest import Server
from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, JSON, Column, Connection, Table, insert, text
from sqlalchemy.exc import DBAPIError

from linkexchange.store.tables import metadata
from linkexchange.store.work import Database

TABLES = sorted(metadata.tables.values(), key=lambda table: table.name)
FOR_ALL_TO_READ = {"directory", "revocations"}
"""The directory and what was revoked are for all."""
ME, OTHER = "1-2-me", "1-2-other"
_VALUES: dict[type, object] = {
    str: "x",
    int: 1,
    bool: False,
    bytes: b"x",
    float: 1.0,
    UUID: UUID(int=1),
    date: date(2026, 11, 24),
    datetime: datetime(2026, 11, 24, tzinfo=UTC),
}


def _value(column: Column[Any]) -> object:
    if column.name == "participant":
        return OTHER
    if isinstance(column.type, ARRAY):
        return []
    return {} if isinstance(column.type, JSON) else _VALUES[column.type.python_type]


def _row(table: Table) -> dict[str, object]:
    return {column.name: _value(column) for column in table.columns}


def _lay(postgres: Server, database: Database, table: Table) -> None:
    """A row of the other participant, past all policies and references."""
    row = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in _row(table).items()}
    names, places = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
    with postgres.superuser_of(database) as connection:
        connection.execute("SET session_replication_role = replica")
        statement = f'INSERT INTO "{table.name}" ({names}) OVERRIDING SYSTEM VALUE VALUES ({places})'
        connection.execute(statement.encode(), list(row.values()))


def _laid(postgres: Server, database: Database, table: Table) -> list[tuple[Any, ...]]:
    with postgres.superuser_of(database) as connection:
        return connection.execute(f'SELECT * FROM "{table.name}"'.encode()).fetchall()


@contextmanager
def _as_me(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as connection:
        connection.execute(text("SELECT set_config('linkexchange.participant', :me, true)"), {"me": ME})
        yield connection
        connection.rollback()


def _changed(database: Database, statement: str) -> int:
    """How many rows it changes; none, where it may not even be tried."""
    try:
        with _as_me(database) as connection:
            changed = connection.execute(text(statement)).rowcount
            connection.commit()
            return changed
    except DBAPIError as refused:
        if isinstance(refused.orig, psycopg.errors.InsufficientPrivilege):
            return 0
        raise


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_t12_no_row_of_another_can_be_read_changed_removed_or_made(
    postgres: Server, database: Database, table: Table
) -> None:
    _lay(postgres, database, table)
    before = _laid(postgres, database, table)
    with _as_me(database) as connection:
        seen = connection.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one()
    column = next(it.name for it in table.columns)
    taken = f"UPDATE \"{table.name}\" SET participant = '{ME}'"
    statements = (f'UPDATE "{table.name}" SET "{column}" = "{column}"', taken, f'DELETE FROM "{table.name}"')
    assert seen == (1 if table.name in FOR_ALL_TO_READ else 0)
    assert [_changed(database, statement) for statement in statements] == [0, 0, 0]
    with pytest.raises(DBAPIError, match=r"row-level security|permission denied"), _as_me(database) as connection:
        connection.execute(insert(table).values({**_row(table), "participant": OTHER + "2"}))
    assert _laid(postgres, database, table) == before


def test_t12_the_tables_here_are_all_that_the_serving_role_can_reach(database: Database) -> None:
    """Beside them there are the queue, whose rows hold ids, and the version of the schema."""
    query = text(
        "SELECT table_name FROM information_schema.table_privileges WHERE grantee = current_user"
        " AND table_schema = 'public' GROUP BY table_name"
    )
    with database.engine.connect() as connection:
        reachable = set(connection.execute(query).scalars())
    ours = {name for name in reachable if not name.startswith("procrastinate")}
    assert ours - {"alembic_version"} == {table.name for table in TABLES}
