"""Clock, state, and what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linkexchange import documents
from linkexchange.settings import CommonSettings, HubSettings, NodeSettings
from linkexchange.store import embedded, schema
from linkexchange.store.overview import HubOverview, NodeOverview
from linkexchange.store.queue import connector as queue_connector
from linkexchange.store.work import Database

if TYPE_CHECKING:
    from procrastinate import PsycopgConnector

    from linkexchange.jobs import Pace


def now() -> datetime:
    """The clock of everything."""
    return datetime.now(UTC)


@contextmanager
def state(settings: CommonSettings) -> Iterator[Callable[[], None]]:
    """Own the state of a hub or node: start the embedded server where no other is named, and migrate.

    What it yields is to be called now and then: it sees to it that the embedded server runs.
    """
    if settings.database_url is None:
        with embedded.running(settings.state_folder) as addresses:
            schema.migrate(addresses.owner, addresses.serving)
            yield addresses.see_to
        return
    serving = settings.database_url.get_secret_value()
    owner = settings.database_owner_url.get_secret_value() if settings.database_owner_url else serving
    schema.migrate(owner, serving)
    yield lambda: None


def database_url(settings: CommonSettings) -> str:
    """The serving role's URL: from the settings, or from the running embedded server."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded.read_address(settings.state_folder)


def database(settings: CommonSettings) -> Database:
    """The door to the state, after a look at what its role may do."""
    engine = schema.engine_of(database_url(settings), frozen_seconds=settings.frozen_seconds)
    schema.check_serving(engine)
    return Database(engine, read_document=documents.read, now=now)


def node_overview(settings: NodeSettings) -> NodeOverview:
    """What a node's pages read beyond its ports."""
    return NodeOverview(database(settings))


def hub_overview(settings: HubSettings) -> HubOverview:
    """What the hub's page reads."""
    return HubOverview(database(settings))


def queue(settings: NodeSettings) -> PsycopgConnector:
    """The worker's way to its jobs."""
    from linkexchange.jobs import CONNECTIONS_MAX

    return queue_connector(database_url(settings), CONNECTIONS_MAX, frozen_seconds=settings.frozen_seconds)


def pace(settings: NodeSettings) -> Pace:
    """How patient the worker is."""
    from linkexchange.jobs import Pace

    return Pace(
        concurrency=settings.worker_concurrency,
        stalled_seconds=settings.worker_stalled_seconds,
        retry_seconds=settings.retry_seconds,
        retry_attempts=settings.retry_attempts,
        offers_seconds=settings.offers_seconds,
        watch_seconds=settings.watch_seconds,
    )
