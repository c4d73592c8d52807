"""The queue around the use cases: what is tried again, and what goes on whatever happens."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from procrastinate.exceptions import ConnectorException
from world import World

from linkexchange import jobs
from linkexchange.jobs import Pace

PACE = Pace(concurrency=1, stalled_seconds=0.03, retry_seconds=0.1, retry_attempts=3, offers_seconds=1.0)


class RacingQueue:
    """A job that another worker has given back a moment before: giving it back again is an error of the queue."""

    def __init__(self, fails: str) -> None:
        self.rounds = 0
        self._fails = fails

    async def get_stalled_jobs(self, **_: float) -> list[Any]:
        self.rounds += 1
        if self._fails == "asking":
            raise ConnectorException
        return [SimpleNamespace(id=1, task_name="pull")]

    async def retry_job(self, _: object) -> None:
        raise ConnectorException


@pytest.mark.parametrize("fails", ["asking", "giving back"])
def test_an_error_of_the_queue_does_not_end_the_taking_over(world: World, fails: str) -> None:
    queue = RacingQueue(fails)

    async def some_rounds() -> None:
        app: Any = SimpleNamespace(job_manager=queue)
        rescue = asyncio.create_task(jobs._rescue(app, world.practice, PACE))
        for _ in range(500):
            if queue.rounds >= 3 or rescue.done():
                break
            await asyncio.sleep(0.02)
        rescue.cancel()
        await asyncio.gather(rescue, return_exceptions=True)

    asyncio.run(some_rounds())
    assert queue.rounds >= 3
