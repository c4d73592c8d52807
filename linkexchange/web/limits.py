"""What a request may be before an application sees it: pure ASGI, around all routes of an interface.

1. Nobody asks too often (`rates`).
2. A body is sent as it is: nothing is unpacked here.
3. A body is no larger than its class of routes allows, whether its length is declared or not, and all of it is here in
   time. No more than is allowed is ever kept in memory.
4. A large body is read from whom the interface knows, and from few at once (`places`).
5. A body is of a kind that the route reads, and JSON is well formed (`wellformed`).

How long and how large a head may be is the listener's matter (`linkexchange.guarding`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linkexchange.errors import BodyTooLarge, BodyTooSlow, Fault, MediaRefused
from linkexchange.signing import PROOF_MAX_BYTES, TOKEN_MAX_BYTES
from linkexchange.web import wellformed
from linkexchange.web.places import Places, Room
from linkexchange.web.rates import Rates, Turnstiles
from linkexchange.web.refusing import refusal

JSON = frozenset({"application/json", "application/fhir+json"})
_OPEN_ENDED = "transfer-encoding"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a body may be; `""` among the media types allows for one without."""

    max_bytes: int = 64 << 10
    seconds: float = 10.0
    media_types: frozenset[str] = JSON


@dataclass(frozen=True, slots=True)
class Allowances:
    """By path, exactly; all other paths have `otherwise`."""

    by_path: Mapping[str, Allowance] = field(default_factory=dict)
    otherwise: Allowance = Allowance()

    def of(self, path: str) -> Allowance:
        """What a request to this path may bring."""
        return self.by_path.get(path, self.otherwise)


JWS = frozenset({"application/jose", "text/plain", ""})
HUB = Allowances(
    {
        "/ledger/receipts": Allowance(PROOF_MAX_BYTES, 300.0, JWS),
        "/ledger/dispatches": Allowance(TOKEN_MAX_BYTES, media_types=JWS),
    }
)
"""A receipt names every instance of a study; it comes over lines of every speed."""


Know = Callable[[Scope], Awaitable[None]]
"""Raises a `Fault` where a large body of this caller is not even read."""


async def _anybody(_: Scope) -> None:
    return


class Limits:
    """ASGI middleware."""

    def __init__(
        self,
        app: ASGIApp,
        allowances: Allowances = HUB,
        rates: Rates | None = None,
        *,
        know: Know = _anybody,
        room: Room = Room(),  # noqa: B008 - frozen
    ) -> None:
        self._app = app
        self._allowances = allowances
        self._turnstiles = Turnstiles(rates or Rates())
        self._know, self._room, self._places = know, room, Places(room)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not; the connection then ends, since its body was not read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        async with AsyncExitStack() as held:
            await self._answer(scope, receive, send, held)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, held: AsyncExitStack) -> None:
        """`held` is the place of a large body, which stays in memory until the application has answered."""
        try:
            self._turnstiles.pass_through(scope)
            source = await self._admitted(scope, receive, held)
        except Fault as fault:
            answer = refusal(scope["path"], fault)
            answer.headers["connection"] = "close"
            await answer(scope, receive, send)
        except _Gone:
            return
        else:
            await self._app(scope, source, send)

    async def _admitted(self, scope: Scope, receive: Receive, held: AsyncExitStack) -> Receive:
        """Whence the application reads the body, which has been looked at."""
        headers, allowance = Headers(scope=scope), self._allowances.of(scope["path"])
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise MediaRefused("content encoding")
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > allowance.max_bytes:
            raise BodyTooLarge
        if int(declared) == 0 and _OPEN_ENDED not in headers:
            return receive
        body = await self._read(scope, receive, allowance, held)
        if body:
            _demand_kind(headers, body, allowance)
        return _again(body, receive)

    async def _read(self, scope: Scope, receive: Receive, allowance: Allowance, held: AsyncExitStack) -> bytes:
        chunks: list[bytes] = []
        size, large, more = 0, False, True
        try:
            async with asyncio.timeout(allowance.seconds):
                while more:
                    chunk, more = await _chunk(receive)
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > allowance.max_bytes:
                        raise BodyTooLarge
                    if size > self._room.small_bytes and not large:
                        large = True
                        await self._know(scope)
                        await held.enter_async_context(self._places.one(scope))
        except TimeoutError as late:
            raise BodyTooSlow from late
        return b"".join(chunks)


async def _chunk(receive: Receive) -> tuple[bytes, bool]:
    """The next part of a body, and whether more comes."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _Gone
    return message.get("body", b""), bool(message.get("more_body"))


def _demand_kind(headers: Headers, body: bytes, allowance: Allowance) -> None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in allowance.media_types:
        raise MediaRefused("content type")
    if media_type in JSON:
        wellformed.demand(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body as one message; after it, whatever still comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def source() -> Message:
        return messages.pop() if messages else await receive()

    return source


class _Gone(Exception):
    """The client has hung up."""
