"""How a transfer ends or waits. Whatever the end, the row, the audit entry, the event and the next job are one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from linkexchange.errors import Fault, Overtaken, PeerFault, Refused, Unavailable, WrongPatient
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Sha256, SopInstanceUid
from linkexchange.model.proof import TYP, Fate, Proof, lines
from linkexchange.model.transfer import FINAL, State, Transfer
from linkexchange.ports import Node, OriginNode, Progress, UnitOfWork
from linkexchange.pull.move import Move

RECEIPT_JOB = "receipt"


def prove(node: Node, move: Move, origin: OriginNode) -> None:
    """Step 5: compare with what the origin says it sent, lay the ledger beside the manifest, sign, keep."""
    _compare(node, move, origin)
    with node.store.work(node.me) as work:
        _account(node, work, move.run)


def stop(node: Node, move: Move, fault: Fault) -> None:
    """End a transfer that has begun: what was stored until then stands in the proof."""
    with node.store.work(node.me) as work:
        _account(node, work, move.run, stopped=reason_of(fault))


def refuse(node: Node, run: Transfer, fault: Fault) -> None:
    """End a transfer for which this run has asked nothing of the origin."""
    state = State.STOPPED if isinstance(fault, WrongPatient) else State.FAILED
    with suppress(Overtaken), node.store.work(node.me) as work:
        _end_early(node, work, run, state=state, action=Action.PULL_REFUSED, reason=reason_of(fault))


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
            _end_early(node, work, run, state=State.FAILED, action=Action.PULL_ENDED, reason=reason)


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
    digests: Mapping[SopInstanceUid, Sha256] = {}
    with suppress(Unavailable, Refused, PeerFault):
        # An extra that an origin need not have: without it the proof says nothing about the origin's side.
        digests = origin.digests(move.run.transfer)
    with node.store.work(node.me) as work:
        work.transfers.note_origin(move.run, digests)


def _end_early(node: Node, work: UnitOfWork, run: Transfer, *, state: State, action: Action, reason: str) -> None:
    """Without a proof where nothing has arrived; with one where an earlier run has brought something."""
    if any(delivered.fate is Fate.STORED for delivered in work.transfers.ledger(run.transfer)):
        _account(node, work, run, stopped=reason)
        return
    work.transfers.advance(run, state, reason)
    _write_down(work, action, run, state=state, reason=reason)


def _account(node: Node, work: UnitOfWork, run: Transfer, *, stopped: str = "") -> None:
    """The proof, from the row and the ledger as they stand."""
    row, manifest = work.transfers.get(run.transfer), work.transfers.manifest(run.transfer)
    if row.link is None or row.origin is None or manifest is None:
        raise AssertionError("a transfer that has moved has been described")
    ledger = work.transfers.ledger(run.transfer)
    proof = Proof(
        transfer=run.transfer,
        link=row.link,
        origin=row.origin,
        requester=node.me,
        destination=run.ask.destination,
        manifest=manifest,
        instances=lines(manifest, ledger),
        ended=node.now(),
        stopped=stopped,
    )
    work.transfers.progress(run, Progress.of(ledger, len(manifest.uids)), last=True)
    work.transfers.prove(run, proof, node.signer.sign(proof.to_json(), typ=TYP))
    _write_down(work, Action.PULL_ENDED, run, state=proof.outcome, reason=stopped, stored=len(proof.stored))
    work.defer(RECEIPT_JOB, transfer=str(run.transfer))


def _write_down(work: UnitOfWork, action: Action, run: Transfer, *, state: State, **fields: str | int) -> None:
    work.audit(action, transfer=str(run.transfer), state=state.value, **fields)
    work.emit(action.value, transfer=str(run.transfer), state=state.value, **fields)
