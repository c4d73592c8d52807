"""Pages write little: their tests share two databases, which are emptied after each, since making one costs more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Clock, Server, fresh_database, open_database
from psycopg import sql
from world import World

from linkexchange.store.tables import metadata
from linkexchange.store.work import Database

TABLES = (*metadata.tables, "procrastinate_jobs")


@pytest.fixture(scope="session")
def two_urls(postgres: Server) -> Iterator[tuple[str, str]]:
    """The databases of hub and nodes."""
    with fresh_database(postgres) as hub, fresh_database(postgres) as nodes:
        yield hub, nodes


@pytest.fixture
def world(postgres: Server, two_urls: tuple[str, str], clock: Clock) -> Iterator[World]:
    """A network in one process."""
    with open_database(two_urls[0], clock) as hub, open_database(two_urls[1], clock) as nodes:
        yield World(hub, nodes, clock)
        for database in (hub, nodes):
            _empty(postgres, database)


def _empty(postgres: Server, database: Database) -> None:
    with postgres.superuser_of(database) as connection:
        for table in TABLES:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
