"""How simulated services behave on the line: promptly, or in one of the ways in which HTTP itself goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum

from fastapi import Response
from fastapi.responses import StreamingResponse


class Manner(Enum):
    """How a service behaves on the line."""

    PROMPT = "prompt"
    DOWN = "down"
    ELSEWHERE = "elsewhere"
    SLOW = "slow"
    DRIPPING = "dripping"
    ENDLESS = "endless"


@dataclass(slots=True)
class Line:
    """The manner of a service, which a test or a switchboard changes while it is served.

    `slow_seconds` is how long a slow service takes, and one that drips takes for each byte.
    """

    manner: Manner = Manner.PROMPT
    slow_seconds: float = 60.0


async def in_manner(line: Line, answer: bytes, media_type: str) -> Response:
    """The answer as it comes over this line."""
    match line.manner:
        case Manner.DOWN:
            return Response(status_code=503, headers={"retry-after": "1"})
        case Manner.ELSEWHERE:
            return Response(status_code=307, headers={"location": "/elsewhere"})
        case Manner.DRIPPING:
            return StreamingResponse(_dripping(answer, line.slow_seconds), media_type=media_type)
        case Manner.ENDLESS:
            return StreamingResponse(_endless(), media_type=media_type)
        case Manner.SLOW:
            await asyncio.sleep(line.slow_seconds)
    return Response(answer, media_type=media_type)


async def _dripping(answer: bytes, pause_seconds: float) -> AsyncIterator[bytes]:
    for byte in answer:
        yield bytes([byte])
        await asyncio.sleep(pause_seconds)


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(64 * 1024)
        await asyncio.sleep(0)
