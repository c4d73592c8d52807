"""Places for large bodies in one process: few at once, and one for each certificate.

Whoever has none does not get its body read, so that many who send at once cost no memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256

from starlette.types import Scope

from linkexchange.errors import BodiesFull


@dataclass(frozen=True, slots=True)
class Room:
    """A body above `small_bytes` takes one of `places`, and waits `seconds` for it."""

    small_bytes: int = 64 << 10
    places: int = 4
    seconds: float = 5.0


class Places:
    """Who is sending a large body."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taken: set[str] = set()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def one(self, scope: Scope) -> AsyncIterator[None]:
        """Have a place until the end of the block. Raises `BodiesFull` where none becomes free in time."""
        holder = _holder(scope)
        await self._take(holder)
        try:
            yield
        finally:
            self._taken.remove(holder)
            async with self._changed:
                self._changed.notify_all()

    async def _take(self, holder: str) -> None:
        try:
            async with asyncio.timeout(self._room.seconds), self._changed:
                await self._changed.wait_for(lambda: self._is_free(holder))
                self._taken.add(holder)
        except TimeoutError as late:
            raise BodiesFull from late

    def _is_free(self, holder: str) -> bool:
        return holder not in self._taken and len(self._taken) < self._room.places


def _holder(scope: Scope) -> str:
    """The certificate; all who show none are one."""
    certificate = scope.get("extensions", {}).get("tls", {}).get("client_certificate_der")
    return sha256(certificate or b"").hexdigest()
