"""The queue's own connections to the database, beside those of the units of work."""

from __future__ import annotations

from typing import Any

from procrastinate import PsycopgConnector
from psycopg import AsyncConnection

from linkexchange.store.transaction import session_options

LOOK_UP_SECONDS = 60.0


class QuietConnection(AsyncConnection[Any]):
    """Sleeps until the server says something.

    Its base looks up ten times a second, for the sake of Ctrl-C, which the event loop hears without that. One such
    connection listens for each queue, in each worker of each node: a hundredth of a processor for every one of them.
    """

    async def wait(self, gen: Any, interval: float = LOOK_UP_SECONDS, timeout: float | None = None) -> Any:
        """Carry on a conversation with the server to its end. Raises as its base does."""
        return await super().wait(gen, interval, timeout)


def connector(database_url: str, connections_max: int, *, frozen_seconds: float = 30.0) -> PsycopgConnector:
    """How procrastinate reaches the database, by a `postgresql://` URL; opened by whoever runs jobs.

    A worker that freezes just as it says that it lives holds its row, which every worker that starts wants to remove.
    """
    return PsycopgConnector(
        conninfo=database_url,
        kwargs={"options": session_options(database_url, frozen_seconds)},
        min_size=1,
        max_size=connections_max,
        connection_class=QuietConnection,
    )
