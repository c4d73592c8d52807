"""The queue of a node, worked off in a thread of the test, without what a worker does beside its jobs.

with working.on(node, url, PACE):
    until(lambda: ...)
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from linkexchange import jobs
from linkexchange.jobs import Pace
from linkexchange.ports import Node
from linkexchange.store.queue import connector


@contextmanager
def on(node: Node, database_url: str, pace: Pace) -> Iterator[None]:
    """Until the block ends; then the jobs that run come to their end."""
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_work(node, database_url, pace, over)))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def until(reached: Callable[[], object], what: str = "it does not come to that", *, seconds: float = 300.0) -> None:
    """Wait for a condition; `what` is said where that is in vain."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


async def _work(node: Node, database_url: str, pace: Pace, over: threading.Event) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32))
    app = jobs.tasks(node, connector(database_url, jobs.CONNECTIONS_MAX), pace)
    async with app.open_async():
        taking = [asyncio.create_task(jobs._take(app, pace, queue)) for queue in jobs._QUEUES]
        await asyncio.to_thread(over.wait)
        for one in taking:
            one.cancel()
        await asyncio.gather(*taking, return_exceptions=True)
