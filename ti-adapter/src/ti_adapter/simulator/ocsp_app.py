"""The simulated OCSP responder over HTTP (RFC 6960, appendix A), with the ways in which HTTP itself goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from ti_adapter.simulator.ocsp_responder import OcspResponder

_REQUEST, _ANSWER = "application/ocsp-request", "application/ocsp-response"
_REQUEST_MAX_BYTES = 4096


class Manner(Enum):
    """How the responder behaves on the line."""

    PROMPT = "prompt"
    DOWN = "down"
    ELSEWHERE = "elsewhere"
    SLOW = "slow"
    DRIPPING = "dripping"
    ENDLESS = "endless"


@dataclass(slots=True)
class OnTheLine:
    """A responder and its manner, which a test or a switchboard changes while it is served."""

    responder: OcspResponder
    manner: Manner = Manner.PROMPT
    slow_seconds: float = 60.0
    """How long a slow responder takes, and one that drips takes for each byte."""


def create_ocsp_app(line: OnTheLine) -> FastAPI:
    """The responder as an ASGI application; it answers at every path, as AIA addresses have any."""
    app = FastAPI(title="Simulated OCSP responder", openapi_url=None)

    @app.post("/{path:path}")
    async def answer(request: Request) -> Response:
        body = await _body(request)
        if request.headers.get("content-type") != _REQUEST or body is None:
            return Response(status_code=400)
        return await _in_manner(line, line.responder.answer(body))

    return app


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _REQUEST_MAX_BYTES:
            return None
    return bytes(body)


async def _in_manner(line: OnTheLine, answer: bytes) -> Response:
    match line.manner:
        case Manner.DOWN:
            return Response(status_code=503, headers={"retry-after": "1"})
        case Manner.ELSEWHERE:
            return Response(status_code=307, headers={"location": "/elsewhere"})
        case Manner.DRIPPING:
            return StreamingResponse(_dripping(answer, line.slow_seconds), media_type=_ANSWER)
        case Manner.ENDLESS:
            return StreamingResponse(_endless(), media_type=_ANSWER)
        case Manner.SLOW:
            await asyncio.sleep(line.slow_seconds)
    return Response(answer, media_type=_ANSWER)


async def _dripping(answer: bytes, pause_seconds: float) -> AsyncIterator[bytes]:
    for byte in answer:
        yield bytes([byte])
        await asyncio.sleep(pause_seconds)


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(4096)
        await asyncio.sleep(0)
