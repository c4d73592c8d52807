"""The job: a transfer from wherever it stands to its end, or to the reason why it waits."""

from __future__ import annotations

from uuid import UUID

from linkexchange.errors import Overtaken, PatientIdTaken, PeerFault, Refused, Unavailable
from linkexchange.model.audit import Action
from linkexchange.model.patient import Patient, contradictions
from linkexchange.model.transfer import FINAL, State, Transfer
from linkexchange.ports import Destination, Node
from linkexchange.pull import finish
from linkexchange.pull.move import Move
from linkexchange.pull.permission import Permission, obtain

FRUITLESS_ROUNDS = 2


def run(node: Node, transfer: UUID) -> None:
    """Carry a transfer on. Safe to run twice and after any crash.

    Raises `Unavailable` when it must wait: the reason stands in the row, and the queue tries again. Raises `Overtaken`
    when another worker has claimed the transfer meanwhile: this run has changed nothing since.
    """
    with node.store.work(node.me) as work:
        claimed = work.transfers.claim(transfer)
    if claimed.state in FINAL:
        return
    try:
        permission = obtain(node, claimed)
        _carry_out(node, _begin(node, claimed, permission), permission)
    except Overtaken:
        raise
    except (Refused, PeerFault) as no:
        finish.refuse(node, claimed, no)
    except Unavailable as later:
        finish.wait(node, claimed, later)
        raise


def _begin(node: Node, claimed: Transfer, permission: Permission) -> Move:
    """The permission is written down, and the ledger of what earlier runs have done is taken up."""
    link, number = permission.link, str(claimed.transfer)
    with node.store.work(node.me) as work:
        described = work.transfers.describe(claimed, link)
        permitted = work.transfers.advance(described, State.PERMITTED)
        work.audit(Action.PULL_PERMITTED, transfer=number, link=link.link, epoch=claimed.epoch)
        moving = work.transfers.advance(permitted, State.MOVING)
        ledger = {delivered.sop_instance: delivered for delivered in work.transfers.ledger(claimed.transfer)}
        move = Move(node, moving, link, ledger=ledger)
        work.transfers.progress(moving, move.progress)
        work.audit(Action.PULL_BEGUN, transfer=number, origin=link.origin.telematik_id, wanted=len(move.wanted))
        work.emit(Action.PULL_BEGUN.value, transfer=number, state=moving.state.value, total=move.progress.total)
    return move


def _carry_out(node: Node, move: Move, permission: Permission) -> None:
    """From here on there is something to account for: whoever says no now ends the transfer with a proof."""
    try:
        if move.wanted:
            permission = _rounds(node, move, permission)
        finish.prove(node, move, permission.origin)
    except Overtaken:
        raise
    except (Refused, PeerFault) as no:
        finish.stop(node, move, no)


def _see_whose_number(destination: Destination, patient: Patient) -> None:
    """Two sites may give one Patient ID to two persons; until headers are changed, such images must not arrive."""
    holder = destination.holder(patient.local_id) if patient.local_id else None
    if holder and (wrong := contradictions(holder, patient)):
        raise PatientIdTaken(", ".join(wrong))


def _rounds(node: Node, move: Move, permission: Permission) -> Permission:
    """Ask until nothing is wanted, or until asking twice has brought nothing new; each time with a fresh grant."""
    with node.store.work(node.me) as work:
        passport = work.pacs.find(move.run.ask.destination)
    destination = node.destination(passport)
    _see_whose_number(destination, move.link.patient)
    fruitless = 0
    with destination.deliver() as delivery:
        while True:
            before = len(move.wanted)
            move.once(permission.origin, delivery)
            fruitless = fruitless + 1 if len(move.wanted) == before else 0
            if not move.wanted or fruitless == FRUITLESS_ROUNDS:
                return permission
            permission = obtain(node, move.run)
