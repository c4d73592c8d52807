"""The simulated VAU as an ASGI application, with another one inside it.

    app = VauApp(VauServer(VauIdentity.issue(now)), inner)        # for any ASGI server

Every outer request goes to the `VauServer`. What was asked inside a channel is asked of `inner`, an application like
any other; it finds the channel's name under `scope["extensions"]["vau"]["key_id"]`, since a login belongs to a channel.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

import h11
import httpx
from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ti_adapter.simulator.body import read_body
from ti_adapter.simulator.vau import InnerRequest, OuterAnswer, VauServer
from ti_adapter.vau.outer import OuterRequest

BODY_MAX_BYTES = 32 * 1024 * 1024


class VauApp:
    """Answers a body of more than 32 MiB with 413, and inside the channel what is no HTTP with 400."""

    def __init__(
        self, server: VauServer, inner: ASGIApp, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._server, self._inner, self._clock = server, inner, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One outer request."""
        assert scope["type"] == "http"
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        body = await read_body(request, BODY_MAX_BYTES)
        if len(body) > BODY_MAX_BYTES:
            return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        asked = OuterRequest(request.method, request.url.path, dict(request.headers), body)
        answer = await self._answer(asked)
        return Response(answer.body, answer.status, answer.headers)

    async def _answer(self, asked: OuterRequest) -> OuterAnswer:
        answer = self._server.receive(asked, self._clock())
        if isinstance(answer, InnerRequest):
            return self._server.respond(answer, await self._ask(answer))
        return answer

    async def _ask(self, asked: InnerRequest) -> bytes:
        connection = h11.Connection(h11.SERVER)
        try:
            request = _read(connection, asked.plaintext)
        except h11.RemoteProtocolError:
            return _write(h11.Connection(h11.SERVER), httpx.Response(HTTPStatus.BAD_REQUEST))
        key_id = asked.channel.requests.key_id

        async def within(scope: Scope, receive: Receive, send: Send) -> None:
            await self._inner({**scope, "extensions": {"vau": {"key_id": key_id}}}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(within)) as client:
            return _write(connection, await client.send(request))


def _read(connection: h11.Connection, plaintext: bytes) -> httpx.Request:
    """The one request in a plaintext; raises `h11.RemoteProtocolError` for what is none or has something behind it."""
    connection.receive_data(plaintext)
    connection.receive_data(b"")
    head, body = connection.next_event(), bytearray()
    if not isinstance(head, h11.Request):
        raise h11.RemoteProtocolError("no request")
    while isinstance(event := connection.next_event(), h11.Data):
        body += event.data
    if connection.trailing_data[0]:
        raise h11.RemoteProtocolError("more than a request")
    hosts = [value for name, value in head.headers if name == b"host"]
    try:
        url = httpx.URL(f"http://{hosts[0].decode('ascii')}{head.target.decode('ascii')}")
    except (IndexError, ValueError, httpx.InvalidURL) as wrong:
        raise h11.RemoteProtocolError("no address") from wrong
    return httpx.Request(head.method.decode(), url, headers=list(head.headers), content=bytes(body))


def _write(connection: h11.Connection, response: httpx.Response) -> bytes:
    head = h11.Response(status_code=response.status_code, headers=response.headers.raw)
    events = (head, h11.Data(data=response.content), h11.EndOfMessage())
    return b"".join(connection.send(event) or b"" for event in events)
