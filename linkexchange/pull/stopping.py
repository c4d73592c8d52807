"""Somebody does not want it any more."""

from __future__ import annotations

from uuid import UUID

from linkexchange.errors import StoppedByPerson
from linkexchange.model.audit import Action
from linkexchange.model.transfer import FINAL, State
from linkexchange.ports import Node
from linkexchange.pull import finish


def stop(node: Node, transfer: UUID, who: str) -> None:
    """Stop a transfer, now or at the worker's next look. Safe to repeat; one that has ended stays as it is.

    What was asked is never forgotten: while it moves, the watch of that run looks for it, and so does every run before
    it does anything and before it waits. Raises `UnknownTransfer`.
    """
    with node.store.work(node.me) as work:
        row = work.transfers.ask_to_stop(transfer, who)
        if row.state in FINAL:
            return
        work.audit(Action.PULL_STOP_ASKED, transfer=str(transfer), user=who)
        work.emit(Action.PULL_STOP_ASKED.value, transfer=str(transfer))
        if row.state is State.MOVING:
            return
        # Nobody moves it, and who was just about to will find himself overtaken.
        claimed = work.transfers.claim(transfer)
        first = work.transfers.stop_asked(claimed)
    finish.refuse(node, claimed, StoppedByPerson(first))
