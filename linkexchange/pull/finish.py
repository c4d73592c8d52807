"""How a transfer ends or waits. Whatever the end, the row, the audit entry, the event and the next job are one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

from linkexchange import doctor
from linkexchange.errors import (
    CardUnavailable,
    Fault,
    Overtaken,
    PeerFault,
    Refused,
    Revoked,
    StoppedByPerson,
    TiUnavailable,
    Unavailable,
    WrongPatient,
)
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.proof import ARRIVED, TYP, Proof, lines
from linkexchange.model.revocation import Revocable, RevocationKind
from linkexchange.model.transfer import FINAL, State, Transfer
from linkexchange.ports import Node, OriginNode, Progress, Told, UnitOfWork
from linkexchange.pull import evidence
from linkexchange.pull.ledger import UNANSWERED
from linkexchange.sessions import refuse_revoked, standing

RECEIPT_JOB = "receipt"
HEEDED = (StoppedByPerson, Revoked)
"""What ends a run from outside."""
HURRIED_SECONDS, CALM_SECONDS = 1.0, 15.0


def told(origin: OriginNode, transfer: UUID) -> Told:
    """What the origin says it sent: an extra, without which the proof says nothing about the origin's side."""
    with suppress(Unavailable, Refused, PeerFault):
        return origin.told(transfer)
    return Told({})


def prove(node: Node, run: Transfer, at_origin: Told) -> None:
    """Step 5: compare with what the origin says it sent, lay the ledger beside the manifest, sign, keep."""
    with node.store.work(node.me) as work:
        work.transfers.note_origin(run, at_origin)
        _account(node, work, run)


def stop(node: Node, run: Transfer, fault: Fault) -> None:
    """End a transfer that has begun: what was stored until then stands in the proof."""
    evidence.at_the_end(node, run, seconds=_patience(fault))
    with node.store.work(node.me) as work:
        _account(node, work, run, stopped=reason_of(fault))


def refuse(node: Node, run: Transfer, fault: Fault) -> None:
    """End a transfer for which this run has asked nothing of the origin."""
    state = State.STOPPED if isinstance(fault, (WrongPatient, *HEEDED)) else State.FAILED
    with suppress(Overtaken):
        evidence.at_the_end(node, run, seconds=_patience(fault))
        with node.store.work(node.me) as work:
            _end_early(node, work, run, state=state, action=Action.PULL_REFUSED, reason=reason_of(fault))


def wait(node: Node, run: Transfer, fault: Unavailable) -> None:
    """Note what a transfer waits for; the queue will try again. Where card or TI fail, the chain is walked.

    Raises `StoppedByPerson` or `Revoked` where somebody wants that, and `Overtaken` where this run has nothing to say
    any more.
    """
    with node.store.work(node.me) as work:
        if fault.after_seconds is None or not _waits_already(work, run, fault):
            put_back(work, run, reason_of(fault))
        if isinstance(fault, (CardUnavailable, TiUnavailable)):
            doctor.suspect(work)
        # The row is locked by now: whoever says stop has been heard, or will find that nobody moves it.
        heed(node, work, run)


def put_back(work: UnitOfWork, run: Transfer, reason: str) -> Transfer:
    """Nobody moves it for now, and this is why."""
    waiting = work.transfers.advance(run, State.WAITING, reason)
    _write_down(work, Action.PULL_WAITING, run, state=State.WAITING, reason=reason)
    return waiting


def heed(node: Node, work: UnitOfWork, run: Transfer) -> None:
    """Raises `StoppedByPerson` where somebody wants this run stopped, and `Revoked` where a resolver does."""
    if who := work.transfers.stop_asked(run):
        raise StoppedByPerson(who)
    refuse_revoked(work, *_revocable(node, run), origin=run.origin)


def _revocable(node: Node, run: Transfer) -> Iterator[Revocable]:
    """Under which names a run could be revoked, as far as it is known yet what it fetches."""
    yield RevocationKind.TRANSFER, str(run.transfer)
    yield from standing(node.me, node.signer.kid)
    if run.link and run.origin:
        yield RevocationKind.LINK, run.link
        yield RevocationKind.INSTITUTION, run.origin


def _waits_already(work: UnitOfWork, run: Transfer, fault: Unavailable) -> bool:
    """Whoever waits for his turn comes again and again; that is one step."""
    row = work.transfers.get(run.transfer)
    return row.state is State.WAITING and row.reason.partition(":")[0] == fault.code


def give_up(node: Node, transfer: UUID, reason: str) -> None:
    """End a transfer that the queue will not try again."""
    with suppress(Overtaken):
        with node.store.work(node.me) as work:
            run = work.transfers.claim(transfer)
        if run.state in FINAL:
            return
        evidence.at_the_end(node, run, seconds=CALM_SECONDS)
        with node.store.work(node.me) as work:
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


def _patience(fault: Fault) -> float:
    """How long the destination may take to say what it has: whoever has stopped it does not want to wait."""
    return HURRIED_SECONDS if isinstance(fault, StoppedByPerson) else CALM_SECONDS


def _end_early(node: Node, work: UnitOfWork, run: Transfer, *, state: State, action: Action, reason: str) -> None:
    """Without a proof where nothing has arrived; with one where an earlier run has brought something, or may have."""
    known = work.transfers.ledger(run.transfer)
    if any(delivered.fate in ARRIVED or delivered.note == UNANSWERED for delivered in known):
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
    said: dict[str, str | int] = {"state": proof.outcome.value, "reason": stopped, "stored": len(proof.stored)}
    said |= _route(work, row.origin)
    whence = {"origin": row.origin, "link": row.link, "study": manifest.study}
    work.audit(Action.PULL_ENDED, transfer=str(run.transfer), **said, **whence)
    work.emit(Action.PULL_ENDED.value, transfer=str(run.transfer), **said)
    work.defer(RECEIPT_JOB, transfer=str(run.transfer))


def _route(work: UnitOfWork, origin: TelematikId) -> dict[str, str]:
    """The route that the last connection to the origin took, where there is a choice."""
    known = work.routes.find(origin)
    return {"route": known.route.value} if known else {}


def _write_down(work: UnitOfWork, action: Action, run: Transfer, *, state: State, **fields: str | int) -> None:
    work.audit(action, transfer=str(run.transfer), state=state.value, **fields)
    work.emit(action.value, transfer=str(run.transfer), state=state.value, **fields)
