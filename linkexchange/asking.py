"""Before the watcher asks a PACS: its short questions have their turn like transfers do, behind all of them.

with asking.turn(node, passport, place):
    ...  # one association at a time

A question counts among the retrievals that the PACS bears at once (`Use.RETRIEVE`), in the line of prefetch: so an
emergency and a treatment go before it, and it waits no longer than prefetch does. It is no prefetch, though, and the
hours without prefetch are nothing to it. Who is not let in asks again later, and has kept its place in line: `place`
is the number under which it is known there, and nobody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TypeVar
from uuid import UUID, uuid4

from linkexchange.errors import PacsBusy
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Use
from linkexchange.ports import Node
from linkexchange.turnstile import Turn, Turnstile, Who

QUEUE = "watch"
"""Of all jobs that ask a PACS for the watcher: a hundred that wait for their turn keep no receipt waiting."""
_Answer = TypeVar("_Answer")


def turn(node: Node, passport: Passport, place: UUID | None = None) -> AbstractContextManager[Turn]:
    """The turn at a PACS, for as long as the block lasts; without a place in line, at the end of it.

    On entering, raises `PacsBusy` where the turn does not come in time.
    """
    who = Who(place or uuid4(), Purpose.PREFETCH, at_any_hour=True)
    return Turnstile(node.store, node.me, node.now, node.pauses.turn_seconds).turn(passport, Use.RETRIEVE, who)


def patiently(node: Node, passport: Passport, ask: Callable[[], _Answer]) -> _Answer:
    """Ask when it is one's turn, however long that takes: for a person who waits for it."""
    place = uuid4()
    while True:
        with suppress(PacsBusy), turn(node, passport, place):
            return ask()
