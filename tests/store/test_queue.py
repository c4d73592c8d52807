"""The queue's connections: they hear at once, and cost nothing while there is nothing to hear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from linkexchange.store.queue import LOOK_UP_SECONDS, QuietConnection


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


async def _first(listening: QuietConnection) -> str:
    [heard] = [notify.payload async for notify in listening.notifies(stop_after=1)]
    return heard


def _noting(pauses: list[float]) -> Callable[..., asyncio.TimerHandle]:
    later = asyncio.get_running_loop().call_later

    def noted(delay: float, *rest: Any) -> asyncio.TimerHandle:
        pauses.append(delay)
        return later(delay, *rest)

    return noted
