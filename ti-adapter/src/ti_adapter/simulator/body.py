"""The body of a request, as far as somebody will read it."""

from __future__ import annotations

from fastapi import Request


async def read_body(request: Request, max_bytes: int) -> bytes:
    """At most one byte more than `max_bytes`: by that whoever reads it sees that it is too long, and can say so."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[: max_bytes + 1 - len(body)]
        if len(body) > max_bytes:
            break
    return bytes(body)
