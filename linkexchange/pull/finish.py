"""How a transfer ends or waits. Whatever the end, the row, the audit entry, the event and the next job are one."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from linkexchange.errors import Fault, Overtaken, Refused, Unavailable, WrongPatient
from linkexchange.model.audit import Action
from linkexchange.model.proof import TYP, Proof, lines
from linkexchange.model.transfer import FINAL, State, Transfer
from linkexchange.ports import Node, OriginNode, UnitOfWork
from linkexchange.pull.move import Move

RECEIPT_JOB = "receipt"


def prove(node: Node, move: Move, origin: OriginNode) -> None:
    """Step 5: compare with what the origin says it sent, lay the ledger beside the manifest, sign, keep."""
    with suppress(Unavailable, Refused):
        _compare(node, move, origin)
    _conclude(node, move)


def stop(node: Node, move: Move, fault: Fault) -> None:
    """End a transfer that has begun: what was stored until then stands in the proof."""
    _conclude(node, move, stopped=reason_of(fault))


def refuse(node: Node, run: Transfer, fault: Fault) -> None:
    """End a transfer before it has begun: nothing was asked of the origin, or nothing came from it."""
    state = State.STOPPED if isinstance(fault, WrongPatient) else State.FAILED
    with suppress(Overtaken), node.store.work(node.me) as work:
        work.transfers.advance(run, state, reason_of(fault))
        _write_down(work, Action.PULL_REFUSED, run, state=state, reason=reason_of(fault))


def wait(node: Node, run: Transfer, fault: Unavailable) -> None:
    """Note what a transfer waits for; the queue will try again."""
    with suppress(Overtaken), node.store.work(node.me) as work:
        work.transfers.advance(run, State.WAITING, reason_of(fault))
        _write_down(work, Action.PULL_WAITING, run, state=State.WAITING, reason=reason_of(fault))


def give_up(node: Node, transfer: UUID, reason: str) -> None:
    """End a transfer that the queue will not try again."""
    with suppress(Overtaken), node.store.work(node.me) as work:
        run = work.transfers.claim(transfer)
        if run.state not in FINAL:
            work.transfers.advance(run, State.FAILED, reason)
            _write_down(work, Action.PULL_ENDED, run, state=State.FAILED, reason=reason)


def receipt(node: Node, transfer: UUID) -> None:
    """Hand the signed proof in at the hub. Safe to run twice."""
    with node.store.work(node.me) as work:
        proof = work.transfers.proof(transfer)
    if proof is None:
        return
    node.hub.receipt(proof)
    with node.store.work(node.me) as work:
        work.audit(Action.RECEIPT_SENT, transfer=str(transfer))


def reason_of(fault: Fault) -> str:
    """The code, and the detail where there is one: neither ever holds patient data."""
    return f"{fault.code}: {fault.detail}" if fault.detail else fault.code


def _compare(node: Node, move: Move, origin: OriginNode) -> None:
    digests = origin.digests(move.run.transfer)
    with node.store.work(node.me) as work:
        work.transfers.note_origin(move.run, digests)


def _conclude(node: Node, move: Move, *, stopped: str = "") -> None:
    run, link = move.run, move.link
    with node.store.work(node.me) as work:
        proof = Proof(
            transfer=run.transfer,
            link=link.link,
            origin=link.origin.telematik_id,
            requester=node.me,
            destination=run.ask.destination,
            manifest=link.manifest,
            instances=lines(link.manifest, work.transfers.ledger(run.transfer)),
            ended=node.now(),
            stopped=stopped,
        )
        work.transfers.progress(run, move.progress, last=True)
        work.transfers.prove(run, proof, node.signer.sign(proof.to_json(), typ=TYP))
        _write_down(work, Action.PULL_ENDED, run, state=proof.outcome, reason=stopped, stored=len(proof.stored))
        work.defer(RECEIPT_JOB, transfer=str(run.transfer))


def _write_down(work: UnitOfWork, action: Action, run: Transfer, *, state: State, **fields: str | int) -> None:
    work.audit(action, transfer=str(run.transfer), state=state.value, **fields)
    work.emit(action.value, transfer=str(run.transfer), state=state.value, **fields)
