"""Before the own PACS is sent to: a transfer waits for its turn there, says so, and can be stopped meanwhile."""

from __future__ import annotations

from contextlib import AbstractContextManager

from linkexchange.errors import PacsBusy
from linkexchange.model.transfer import Transfer
from linkexchange.model.turn import Use
from linkexchange.ports import Node
from linkexchange.pull import finish
from linkexchange.turnstile import Turn, Turnstile, Who


def at_destination(node: Node, run: Transfer) -> AbstractContextManager[Turn]:
    """The turn at the destination; it comes before the permission, which would not keep that long.

    Raises `UnknownPacs`. On entering, raises `PacsBusy`, or what ends the run: `StoppedByPerson` or `Overtaken`.
    """
    with node.store.work(node.me) as work:
        passport = work.pacs.find(run.ask.destination)
    who = Who(run.transfer, run.ask.purpose, lambda: finish.wait(node, run, PacsBusy(after_seconds=0)))
    return Turnstile(node.store, node.me, node.now, node.pauses.turn_seconds).turn(passport, Use.STORE, who)
