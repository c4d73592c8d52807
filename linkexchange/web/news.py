"""What a resolver tells nodes without a session: its keys, and what is revoked, as soon as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Query
from starlette.concurrency import run_in_threadpool

from linkexchange import tell
from linkexchange.errors import Unavailable
from linkexchange.resolve import Caller, Resolver
from linkexchange.web.resolver import caller_of

WAIT_MAX_SECONDS = 25
LOOK_SECONDS = 0.5
_NUMBER_MAX = 2**53 - 1
"""The largest whole number that canonical JSON (RFC 8785) can hold: it is said again in what is signed."""
_log = structlog.get_logger(__name__)


class Bell:
    """Wakes whoever waits for a number beyond the one it knows.

    However many wait, the database is looked at twice a second, and not at all when nobody does.
    """

    def __init__(self, newest: Callable[[], int]) -> None:
        self._newest = newest
        self._changed = asyncio.Condition()
        self._number = 0
        self._waiting = 0
        self._is_over = False
        self._looking: asyncio.Task[None] | None = None

    async def wait(self, after: int, seconds: float) -> None:
        """Until there is a newer one, or so long."""
        self._waiting += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._is_over or self._number > after)
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1

    async def end(self) -> None:
        """Nobody waits here any more: the process that would ring it ends."""
        async with self._changed:
            self._is_over = True
            self._changed.notify_all()

    async def _look(self) -> None:
        while self._waiting:
            try:
                number = await run_in_threadpool(self._newest)
            except Unavailable as down:
                _log.info("revocations not looked at", code=down.code)
            else:
                async with self._changed:
                    self._number = number
                    self._changed.notify_all()
            await asyncio.sleep(LOOK_SECONDS)


def add_news(app: FastAPI, resolver: Resolver) -> None:
    """Whoever has been put out hears it here: the certificate need not count any more."""
    bells: dict[asyncio.AbstractEventLoop, Bell] = {}

    async def end() -> None:
        for bell in bells.values():
            await bell.end()

    app.state.at_end = end

    @app.get("/resolver/keys/signed")
    def keys() -> dict[str, list[str]]:
        return {"signed": list(tell.keys(resolver))}

    @app.get("/resolver/revocations")
    async def revocations(
        caller: Annotated[Caller, Depends(caller_of)],
        after: Annotated[int, Query(ge=0, le=_NUMBER_MAX)] = 0,
        wait: Annotated[int, Query(ge=0, le=WAIT_MAX_SECONDS)] = 0,
    ) -> dict[str, str]:
        if wait:
            bell = bells.setdefault(asyncio.get_running_loop(), Bell(lambda: tell.newest(resolver, caller)))
            await bell.wait(after, wait)
        return {"revocations": await run_in_threadpool(tell.revocations, resolver, caller, after)}
