"""Fixtures for all tests: a PostgreSQL server per test process, a database of its own per test."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import psycopg
import pytest
import structlog
from psycopg import sql
from sqlalchemy import make_url
from world import World

from linkexchange import documents
from linkexchange.store import embedded, schema
from linkexchange.store.tables import metadata
from linkexchange.store.work import Database

# Careless times show in a zone that is never UTC.
os.environ["TZ"] = "America/St_Johns"
time.tzset()


hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=10)
"""`make check` tries fewer examples than `make test`."""


_LONG = {
    "demo",
    "faults",
    "fuzz",
    "journeys",
    "test_browser.py",
    "test_gemlibpki.py",
    "test_hl7_engine.py",
    "test_readme.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs a database is marked so; `make check` leaves it to `make test`.

    Files that start whole networks, machines or browsers come first: at the end one would keep a single core busy.
    """
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker("database")
    items.sort(key=lambda item: _LONG.isdisjoint({item.path.name, item.path.parent.name}))


def pytest_runtest_setup() -> None:
    """A process of `make test` has threads from the beginning: its networks are forked by another one."""
    if (
        "linkexchange.demo.network" in sys.modules
        and "PYTEST_XDIST_WORKER" in os.environ
        and "zygote" not in sys.modules
    ):
        import zygote

        zygote.take_over()


@pytest.fixture(autouse=True)
def _logs_go_nowhere_that_is_closed() -> Iterator[None]:
    """A command that a test calls lets logs go to a stream that ends with that test."""
    hooks = sys.excepthook, threading.excepthook
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    sys.excepthook, threading.excepthook = hooks


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


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that any user may enter, since a database started by root runs as another one."""
    with tempfile.TemporaryDirectory(prefix="le-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


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
    """The serving role's URL of a database of one's own, for a test that spoils it."""
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


@pytest.fixture(scope="session")
def urls(postgres: Server) -> Iterator[tuple[str, str]]:
    """Two databases for all tests of this process, of a hub and of nodes; each test empties what it used."""
    with fresh_database(postgres) as hub, fresh_database(postgres) as nodes:
        yield hub, nodes


@pytest.fixture
def database(postgres: Server, urls: tuple[str, str], clock: Clock) -> Iterator[Database]:
    """The door to an empty database, that of nodes."""
    with open_database(urls[1], clock) as database:
        yield database
        _empty(postgres, database)


@pytest.fixture
def world(postgres: Server, urls: tuple[str, str], database: Database, clock: Clock) -> Iterator[World]:
    """A network in one process; `database` is that of the nodes."""
    with open_database(urls[0], clock) as hub:
        network = World(hub, database, clock)
        yield network
        network.transcoder.close()
        _empty(postgres, hub)


def _empty(postgres: Server, database: Database) -> None:
    """In one transaction, which costs far less than a database of its own for each test."""
    with postgres.superuser_of(database) as connection:
        connection.execute("; ".join(f"DELETE FROM {table}" for table in (*metadata.tables, "procrastinate_jobs")))
