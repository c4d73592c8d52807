"""The queue's connections: they hear at once, and cost nothing while there is nothing to hear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from procrastinate import App
from sqlalchemy import make_url

from linkexchange.store.queue import LOOK_UP_SECONDS, QuietConnection, connector


def test_a_connection_that_listens_hears_at_once_and_never_looks_up_by_itself(urls: tuple[str, str]) -> None:
    pauses: list[float] = []

    async def heard() -> str:
        connections = [await QuietConnection.connect(urls[1], autocommit=True) for _ in range(2)]
        async with connections[0] as listening, connections[1] as other:
            await listening.execute("LISTEN lx_test")
            asyncio.get_running_loop().call_later = _noting(pauses)  # type: ignore[method-assign]
            told = asyncio.create_task(_first(listening))
            await other.execute("NOTIFY lx_test, 'news'")
            return await told

    assert asyncio.run(asyncio.wait_for(heard(), 20)) == "news"
    assert pauses
    assert set(pauses) == {LOOK_UP_SECONDS}


def test_what_the_address_says_of_a_session_stands_beside_the_limit_of_its_silence(urls: tuple[str, str]) -> None:
    address = make_url(urls[1]).update_query_dict({"options": "-c statement_timeout=7s"})
    queue = connector(address.render_as_string(hide_password=False), 1, frozen_seconds=5)

    async def said(what: str) -> str:
        async with App(connector=queue).open_async():
            [value] = (await queue.execute_query_one_async(f"SHOW {what}")).values()  # type: ignore[arg-type]
        return str(value)

    assert asyncio.run(said("statement_timeout")) == "7s"
    assert asyncio.run(said("idle_in_transaction_session_timeout")) == "5s"


async def _first(listening: QuietConnection) -> str:
    [heard] = [notify.payload async for notify in listening.notifies(stop_after=1)]
    return heard


def _noting(pauses: list[float]) -> Callable[..., asyncio.TimerHandle]:
    later = asyncio.get_running_loop().call_later

    def noted(delay: float, *rest: Any) -> asyncio.TimerHandle:
        pauses.append(delay)
        return later(delay, *rest)

    return noted
