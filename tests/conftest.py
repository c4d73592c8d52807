"""Fixtures for all tests: a PostgreSQL server per test process, a database of its own per test."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url
from world import World

from linkexchange import documents
from linkexchange.store import embedded, schema
from linkexchange.store.work import Database

# Careless times show in a zone that is never UTC.
os.environ["TZ"] = "America/St_Johns"
time.tzset()


@dataclass(frozen=True)
class Server:
    """A running server with one migrated database that new ones are copied from."""

    folder: Path
    addresses: embedded.Addresses

    def superuser(self, database: str = "postgres") -> psycopg.Connection:
        owner = make_url(self.addresses.owner)
        password = (self.folder / "superuser").read_text()
        url = f"postgresql://postgres:{password}@/{database}?host={owner.query['host']}"
        return psycopg.connect(url, autocommit=True)

    def superuser_of(self, database: Database) -> psycopg.Connection:
        return self.superuser(str(database.engine.url.database))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The embedded server, as a node runs it."""
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-test-"))
    folder.chmod(0o711)
    try:
        with embedded.running(folder) as addresses:
            schema.migrate(addresses.owner, addresses.serving)
            yield Server(folder, addresses)
    finally:
        shutil.rmtree(folder)


@contextmanager
def fresh_database(postgres: Server) -> Iterator[str]:
    """A copy of the migrated database; the serving role's URL."""
    name = f"test_{os.urandom(6).hex()}"
    with postgres.superuser() as connection:
        made = "CREATE DATABASE {} TEMPLATE {} OWNER {}"
        template, owner = embedded.DATABASE, embedded.OWNER_ROLE
        connection.execute(sql.SQL(made).format(*map(sql.Identifier, (name, template, owner))))
    yield make_url(postgres.addresses.serving).set(database=name).render_as_string(hide_password=False)
    with postgres.superuser() as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    """The serving role's URL of a fresh database."""
    with fresh_database(postgres) as url:
        yield url


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **by: float) -> None:
        self.time += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    """An injected clock."""
    return Clock()


@contextmanager
def open_database(url: str, clock: Clock) -> Iterator[Database]:
    """The door to a database."""
    database = Database(schema.engine_of(url), read_document=documents.read, now=clock)
    yield database
    database.close()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    """The door to a fresh database."""
    with open_database(database_url, clock) as database:
        yield database


@pytest.fixture
def world(postgres: Server, database: Database, clock: Clock) -> Iterator[World]:
    """A network in one process; `database` is that of the nodes."""
    with fresh_database(postgres) as url, open_database(url, clock) as hub:
        yield World(hub, database, clock)
