"""How well a service of the simulated TI is: down, slow, or in order; and how often it was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(slots=True)
class Condition:
    """The condition of a service, which the switchboard changes while it is served."""

    is_down: bool = False
    slow_seconds: float = 0.0
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Attended:
    """An ASGI application in a condition: slow first, and then 503 where it is down."""

    app: ASGIApp
    condition: Condition

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        self.condition.requests += 1
        if self.condition.slow_seconds:
            await asyncio.sleep(self.condition.slow_seconds)
        answering = Response(status_code=503) if self.condition.is_down else self.app
        await answering(scope, receive, send)
