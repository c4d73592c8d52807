"""Large bodies around an application without a wire: who gets a place, who waits, and who is not even read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from linkexchange.errors import IdentityRefused
from linkexchange.web.limits import Allowance, Allowances, Know, Limits
from linkexchange.web.places import Room

LARGE = Allowances({}, Allowance(1 << 20, 5.0, frozenset({"text/plain"})))
ROOM = Room(small_bytes=100, places=2, seconds=0.1)


@dataclass
class Holding:
    """An application that answers when it is told to, and meanwhile holds the body."""

    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0
    most: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        self.held += 1
        self.most = max(self.most, self.held)
        await self.goes_on.wait()
        self.held -= 1
        await Response(status_code=204)(scope, receive, send)


@dataclass
class Sending:
    """One request, of a certificate, in chunks of 60 bytes."""

    limits: Limits
    chunks: int = 10
    read: int = 0
    answer: dict[str, Any] = field(default_factory=dict)

    async def ask(self, certificate: bytes) -> int:
        tls = {"client_certificate_der": certificate} if certificate else {}
        scope = {"type": "http", "method": "POST", "path": "/", "client": ("192.0.2.1", 1), "extensions": {"tls": tls}}
        headers = [(b"transfer-encoding", b"chunked"), (b"content-type", b"text/plain")]
        await self.limits({**scope, "headers": headers}, self._receive, self._send)
        return int(self.answer["status"])

    async def _receive(self) -> Message:
        self.read += 1
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x" * 60, "more_body": self.read < self.chunks}

    async def _send(self, message: Message) -> None:
        self.answer.update(message)


Case = Callable[[Holding, Callable[..., Sending]], Awaitable[None]]


def _run(case: Case, *, know: Know | None = None) -> None:
    async def running() -> None:
        app = Holding()
        limits = Limits(app, LARGE, room=ROOM, **({"know": know} if know else {}))
        await asyncio.wait_for(case(app, lambda **how: Sending(limits, **how)), 10)

    asyncio.run(running())


def test_w_05_few_large_bodies_are_held_at_once_and_whoever_finds_no_place_is_told_when_to_come_again() -> None:
    async def case(app: Holding, sending: Callable[..., Sending]) -> None:
        asked = [sending() for _ in range(6)]
        first = [asyncio.create_task(it.ask(bytes([number]))) for number, it in enumerate(asked)]
        done, _ = await asyncio.wait(first, timeout=1.0)
        assert sorted(task.result() for task in done) == [503] * 4
        refused = [it for it in asked if it.answer]
        assert {it.read for it in refused} == {2}
        assert all((b"retry-after", b"10") in it.answer["headers"] for it in refused)
        app.goes_on.set()
        assert sorted([await task for task in first]) == [204] * 2 + [503] * 4
        assert app.most == ROOM.places
        assert await sending().ask(b"later") == 204

    _run(case)


def test_w_05_one_certificate_has_one_place_and_the_next_of_its_bodies_waits() -> None:
    async def case(app: Holding, sending: Callable[..., Sending]) -> None:
        first, second, other = (asyncio.create_task(sending().ask(it)) for it in (b"a", b"a", b"b"))
        await asyncio.sleep(0.05)
        assert app.held == 2
        app.goes_on.set()
        assert [await it for it in (first, second, other)] == [204] * 3
        assert app.most == 2

    _run(case)


def test_w_05_small_bodies_need_no_place() -> None:
    async def case(app: Holding, sending: Callable[..., Sending]) -> None:
        asked = [asyncio.create_task(sending(chunks=1).ask(b"a")) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert app.held == 5
        app.goes_on.set()
        assert [await it for it in asked] == [204] * 5

    _run(case)


def test_w_05_a_large_body_of_somebody_unknown_is_not_read() -> None:
    async def nobody(_: Scope) -> None:
        raise IdentityRefused("revoked")

    async def case(app: Holding, sending: Callable[..., Sending]) -> None:
        stranger = sending(chunks=1000)
        assert (await stranger.ask(b"a"), stranger.read, app.most) == (403, 2, 0)

    _run(case, know=nobody)


def test_a_place_is_free_again_when_its_request_has_ended_in_another_way() -> None:
    async def case(app: Holding, sending: Callable[..., Sending]) -> None:
        broken = asyncio.create_task(sending().ask(b"a"))
        while not app.held:
            await asyncio.sleep(0)
        broken.cancel()
        await asyncio.gather(broken, return_exceptions=True)
        app.goes_on.set()
        assert await sending().ask(b"a") == 204

    _run(case)
