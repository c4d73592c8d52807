"""From a synchronous body to an ASGI response, through threads, without a bridge between them.

Each chunk is made in a thread of a pool of its own, then sent on the event loop; the next is made when the transport
has taken it, which is all the back-pressure there is. A stalled client so holds no thread, and a stalled PACS holds one
of these and never those of other routes.

The answer begins when its first chunk is there: until then a fault is an answer of its own. Later, a fault ends the
connection without the end of the body, so that nobody takes what has arrived for the whole.
"""

from __future__ import annotations

from collections.abc import Generator
from uuid import uuid4

import anyio
import structlog
from anyio import CancelScope, CapacityLimiter, create_task_group, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from linkexchange.dicomweb.multipart import content_type
from linkexchange.dicomweb.serving import Body
from linkexchange.errors import Fault
from linkexchange.problem import MEDIA_TYPE, problem

STALLED_SECONDS = 120.0
"""How long a client may take nothing before its connection and the PACS behind it are given free."""

_log = structlog.get_logger(__name__)


class MultipartStream(Response):
    """The answer to a WADO-RS request. It ends the retrieval from the PACS, however it ends itself."""

    def __init__(self, body: Body, limiter: CapacityLimiter, *, stalled_seconds: float = STALLED_SECONDS) -> None:
        super().__init__(media_type=content_type(body.boundary))
        del self.headers["content-length"]
        self._chunks: Generator[bytes, None, None] = body.chunks()
        self._transfer = str(body.grant.transfer)
        self._limiter = limiter
        self._stalled_seconds = stalled_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, until the body has ended or the client has gone."""
        try:
            async with create_task_group() as group:
                group.start_soon(_watch, receive, group.cancel_scope)
                await self._answer(scope, receive, send)
                group.cancel_scope.cancel()
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(self._chunks.close, limiter=self._limiter)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            chunk = await self._next()
        except Fault as fault:
            await problem_response(fault)(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            while chunk:
                with anyio.fail_after(self._stalled_seconds):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                chunk = await self._next()
        except (Fault, TimeoutError) as broken:
            # Without the end of the body, uvicorn closes the connection; the client sees an incomplete answer.
            _log.warning("answer broken off", code=getattr(broken, "code", "stalled"), transfer=self._transfer)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self) -> bytes:
        return await to_thread.run_sync(next, self._chunks, b"", limiter=self._limiter)


def problem_response(fault: Fault) -> Response:
    """A fault as problem document, logged under the trace id that it names."""
    trace_id = str(uuid4())
    answer = problem(fault, trace_id)
    _log.info("answered with a problem", code=fault.code, detail=fault.detail, trace_id=trace_id)
    return Response(answer.content, answer.status, answer.headers, media_type=MEDIA_TYPE)


async def _watch(receive: Receive, scope: CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
