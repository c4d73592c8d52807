"""A real worker that kills or freezes itself at a named point: `python dying_worker.py SETTINGS POINT`.

It is the worker of `linkexchange worker`, put together by the same bootstrap; only the ports on whose edge it dies are
wrapped. So the product has no switch for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, LiteralString

from procrastinate import PsycopgConnector
from procrastinate.sql import queries

from linkexchange import bootstrap, jobs
from linkexchange.model.identifiers import SopClassUid, TelematikId
from linkexchange.model.passport import Passport
from linkexchange.ports import Brake, Delivery, IncomingInstance, Node, Reply, Room
from linkexchange.settings import NodeSettings, load

ORIGIN_VARIABLE = "ORIGIN_DATA_PID"


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def freeze(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def kill_origin(*_: object) -> None:
    """The data process of the origin, whose pid stands in the environment; this worker lives on."""
    with suppress(ProcessLookupError):
        os.kill(int(os.environ[ORIGIN_VARIABLE]), signal.SIGKILL)


class Before:
    """Whatever it wraps, with something done before one method is called."""

    def __init__(self, inner: Any, method: str, act: Callable[..., object]) -> None:
        self._inner, self._method, self._act = inner, method, act

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            self._act()
        return getattr(self._inner, name)


class DyingDelivery:
    """A way into the destination on which the worker dies at the edge of its n-th instance."""

    def __init__(self, inner: Delivery, *, number: int, edge: str, act: Callable[[], object]) -> None:
        self._inner, self._number, self._edge, self._act = inner, number, edge, act
        self._count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, instance: IncomingInstance) -> Sequence[Reply]:
        self._count += 1
        mine = self._count == self._number
        if mine and self._edge == "before":
            self._act()
        chunks = self._in_the_middle(instance.chunks) if mine and self._edge == "middle" else instance.chunks
        replies = self._inner.send(replace(instance, chunks=chunks))
        if mine and self._edge == "after":
            self._inner.settle()
            self._act()
        return replies

    def _in_the_middle(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        yield next(chunks)
        self._act()
        yield from chunks


def at_delivery(node: Node, *, number: int, edge: str, act: Callable[[], object]) -> Node:
    def destination(passport: Passport) -> Any:
        inner = node.destination(passport)

        class Wrapped:
            holder, held = staticmethod(inner.holder), staticmethod(inner.held)

            @contextmanager
            def deliver(
                self, sop_classes: Collection[SopClassUid], *, brake: Brake, room: Room
            ) -> Iterator[DyingDelivery]:
                with inner.deliver(sop_classes, brake=brake, room=room) as delivery:
                    yield DyingDelivery(delivery, number=number, edge=edge, act=act)

        return Wrapped()

    return replace(node, destination=destination)


def while_writing_down(node: Node, act: Callable[[], object]) -> Node:
    """Within a transaction of a run that moves, which then holds the row of its transfer."""

    class Wrapped:
        def __getattr__(self, name: str) -> Any:
            return getattr(node.store, name)

        @contextmanager
        def work(self, participant: TelematikId) -> Iterator[Any]:
            with node.store.work(participant) as work:
                work.transfers = Before(work.transfers, "progress", act)  # type: ignore[misc,assignment]
                yield work

    return replace(node, store=Wrapped())  # type: ignore[arg-type]


def while_it_says_that_it_lives(node: Node, queue: PsycopgConnector) -> Node:
    """In the middle of an instance, and of a transaction of the queue, which then holds the row of that worker."""
    in_the_middle, begun, woken = Event(), Event(), Event()
    say = queue.execute_query_async

    def act() -> None:
        in_the_middle.set()
        woken.wait()

    async def freezing(query: LiteralString, **arguments: Any) -> None:
        async with queue.pool.connection() as connection:
            await connection.execute(query, arguments)
            freeze()
            woken.set()

    async def said(query: LiteralString, **arguments: Any) -> None:
        # Each queue says so by itself; two that freeze one after the other would be woken once.
        freezes = query == queries["update_heartbeat"] and in_the_middle.is_set() and not begun.is_set()
        if freezes:
            begun.set()
        await (freezing if freezes else say)(query, **arguments)

    queue.execute_query_async = said  # type: ignore[method-assign]
    return at_delivery(node, number=2, edge="middle", act=act)


class DyingSigner:
    """Dies when it is to sign a proof: after the last instance, before the proof is committed."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def sign(self, claims: Any, *, typ: str) -> str:
        if "proof" in typ:
            die()
        return str(self._inner.sign(claims, typ=typ))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


POINTS: dict[str, Callable[[Node], Node]] = {
    "after claiming the job": lambda node: replace(node, record=Before(node.record, "retrieve", die)),
    "after the grant": lambda node: replace(node, origin=lambda *_: die()),
    "after the first instance was stored": lambda node: at_delivery(node, number=2, edge="before", act=die),
    "before an answer was written down": lambda node: at_delivery(node, number=2, edge="after", act=die),
    "in the middle of an instance": lambda node: at_delivery(node, number=2, edge="middle", act=die),
    "before the proof is committed": lambda node: replace(node, signer=DyingSigner(node.signer)),
    "before the receipt": lambda node: replace(node, hub=Before(node.hub, "receipt", die)),
    "origin killed in the middle": lambda node: at_delivery(node, number=2, edge="middle", act=kill_origin),
    "frozen while it writes down": lambda node: while_writing_down(node, freeze),
    "frozen in the middle": lambda node: at_delivery(node, number=2, edge="middle", act=freeze),
}
FROZEN_LIVING = "frozen while it says that it lives"


def main() -> None:
    settings = load(NodeSettings, Path(sys.argv[1]))
    bootstrap.log_to_stderr("info")
    node, queue, point = bootstrap.node(settings), bootstrap.queue(settings), sys.argv[2]
    node = while_it_says_that_it_lives(node, queue) if point == FROZEN_LIVING else POINTS[point](node)
    asyncio.run(jobs.work(node, queue, bootstrap.pace(settings), destination=""))


if __name__ == "__main__":
    main()
