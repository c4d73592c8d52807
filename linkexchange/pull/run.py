"""The job: a transfer from wherever it stands to its end, or to the reason why it waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from linkexchange.errors import (
    Overtaken,
    PacsUnavailable,
    PatientIdTaken,
    PeerFault,
    Refused,
    TransferInterrupted,
    Unavailable,
)
from linkexchange.model.audit import Action
from linkexchange.model.patient import Patient, contradictions
from linkexchange.model.transfer import FINAL, State, Transfer
from linkexchange.ports import Brake, Destination, Node, UnitOfWork
from linkexchange.pull import evidence, finish
from linkexchange.pull.ledger import Ledger
from linkexchange.pull.move import Move
from linkexchange.pull.permission import Permission, obtain
from linkexchange.pull.turn import at_destination
from linkexchange.pull.watch import Watch
from linkexchange.turnstile import Turn

FRUITLESS_ROUNDS = 2


def run(node: Node, transfer: UUID) -> None:
    """Carry a transfer on. Safe to run twice and after any crash.

    Raises `Unavailable` when it must wait: the reason stands in the row, and the queue tries again. Raises `Overtaken`
    when another worker has claimed the transfer meanwhile: this run has changed nothing since.
    """
    with node.store.work(node.me) as work:
        claimed = _claim(work, transfer)
    if claimed.state in FINAL:
        return
    try:
        _attempt(node, claimed)
    except Overtaken:
        raise
    except (Refused, PeerFault) as no:
        finish.refuse(node, claimed, no)


def _claim(work: UnitOfWork, transfer: UUID) -> Transfer:
    """Whoever moved it has died or is overtaken: until it moves again, a stop need not wait for anybody's watch."""
    claimed = work.transfers.claim(transfer)
    return finish.put_back(work, claimed, TransferInterrupted.code) if claimed.state is State.MOVING else claimed


def _attempt(node: Node, claimed: Transfer) -> None:
    """One attempt, unless somebody has said stop while nobody was there to heed it."""
    try:
        with node.store.work(node.me) as work:
            finish.heed(node, work, claimed)
            work.trail.check_room()
        with at_destination(node, claimed) as turn:
            permission = obtain(node, claimed)
            _carry_out(node, _begin(node, claimed, permission, turn), permission)
    except Unavailable as later:
        finish.wait(node, claimed, later)
        raise


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run for which the permission has been written down, and the ledger of what earlier runs have done."""

    run: Transfer
    ledger: Ledger
    turn: Turn


def _begin(node: Node, claimed: Transfer, permission: Permission, turn: Turn) -> _Begun:
    link, number = permission.link, str(claimed.transfer)
    with node.store.work(node.me) as work:
        described = work.transfers.describe(claimed, link)
        permitted = work.transfers.advance(described, State.PERMITTED)
        work.audit(Action.PULL_PERMITTED, transfer=number, link=link.link, epoch=claimed.epoch)
        moving = work.transfers.advance(permitted, State.MOVING)
        ledger = Ledger(link.manifest, work.transfers.ledger(claimed.transfer))
        work.transfers.progress(moving, ledger.progress, first=True)
        whence = {"origin": link.origin.telematik_id, "link": link.link, "study": link.manifest.study}
        work.audit(Action.PULL_BEGUN, transfer=number, **whence, wanted=len(ledger.wanted))
        work.emit(Action.PULL_BEGUN.value, transfer=number, state=moving.state.value, total=ledger.progress.total)
    return _Begun(moving, ledger, turn)


def _carry_out(node: Node, begun: _Begun, permission: Permission) -> None:
    """From here on there is something to account for: whoever says no now ends the transfer with a proof."""
    try:
        with Watch(node, begun.run, begun.ledger) as watch:
            if begun.ledger.wanted:
                permission = _deliver(node, begun, permission, brake=watch.brake)
            at_origin = finish.told(permission.origin, begun.run.transfer)
        finish.prove(node, begun.run, at_origin)
    except Overtaken:
        raise
    except (Refused, PeerFault) as no:
        finish.stop(node, begun.run, no)


def _deliver(node: Node, begun: _Begun, permission: Permission, *, brake: Brake) -> Permission:
    """Open the way into the destination, and move; see what it has before, and what it lists afterwards."""
    with node.store.work(node.me) as work:
        passport = work.pacs.find(begun.run.ask.destination)
    destination, link, ledger = node.destination(passport), permission.link, begun.ledger
    _see_whose_number(destination, link.patient, brake)
    with node.store.journal(begun.run, node.me) as journal:
        strangers = evidence.before(
            node, begun.run, destination, passport=passport, link=link, ledger=ledger, brake=brake
        )
        with node.store.work(node.me) as work:
            work.transfers.progress(begun.run, ledger.progress, first=True)
        move = Move(link, ledger, journal, node.transcoder, brake, strangers)
        permission = _rounds(node, begun, move, destination=destination, permission=permission)
        evidence.after(destination, ledger, link.manifest.study, brake=brake, pauses=node.pauses.listing_seconds)
    return permission


def _rounds(node: Node, begun: _Begun, move: Move, *, destination: Destination, permission: Permission) -> Permission:
    """Move until nothing is wanted or nothing more comes. What breaks off goes on at once where it brought something.

    Raises what it broke off with, where it had brought nothing and no image is to blame, or where its destination is
    out of resources.
    """
    while move.wanted:
        wanted = move.ledger.wanted
        try:
            return _until_fruitless(node, begun, move, destination=destination, permission=permission)
        except Unavailable as broken:
            goes_on = move.blame(broken) or move.ledger.wanted != wanted
            if move.brake.pulled or move.ledger.put_off or not goes_on:
                raise
        evidence.between(destination, move.ledger, move.link.manifest.study, brake=move.brake)
        permission = obtain(node, begun.run)
    return permission


def _until_fruitless(
    node: Node, begun: _Begun, move: Move, *, destination: Destination, permission: Permission
) -> Permission:
    """Ask until nothing is wanted, or until asking twice has brought nothing new; each time with a fresh grant.

    A destination that is out of resources is given longer and longer pauses. Raises `PacsUnavailable` when it still is.
    """
    fruitless, pauses = 0, iter(node.pauses.resources_seconds)
    classes = move.link.manifest.sop_classes
    with destination.deliver(classes, brake=move.brake, room=begun.turn.room) as delivery:
        while (wanted := move.wanted) and not move.brake.pulled:
            move.once(permission.origin, delivery)
            evidence.between(destination, move.ledger, move.link.manifest.study, brake=move.brake)
            if move.ledger.put_off:
                move.brake.wait(_next(pauses))
            elif move.wanted == wanted:
                fruitless += 1
            if not move.wanted or fruitless == FRUITLESS_ROUNDS:
                break
            permission = obtain(node, begun.run)
    return permission


def _next(pauses: Iterator[float]) -> float:
    """How long a destination is given that is out of resources, the next time."""
    pause = next(pauses, None)
    if pause is None:
        raise PacsUnavailable("out of resources, status A700")
    return pause


def _see_whose_number(destination: Destination, patient: Patient, brake: Brake) -> None:
    """Two sites may give one Patient ID to two persons; until headers are changed, such images must not arrive."""
    holder = destination.holder(patient.local_id, brake=brake) if patient.local_id else None
    if holder and (wrong := contradictions(holder, patient)):
        raise PatientIdTaken(", ".join(wrong))
