"""The outbox: what was sent to this node, cannot be fetched a second time, and waits until somebody has it.

`waiting` says what there is, `settle` asks the hub for the receivers' proofs and lets go what they prove, `discard` is
a person's decision. What may go, and when, stands in `model.outbox`. An instance is dropped in one transaction with
its audit entry; then its file is removed, then its row. Each step is safe to run twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from linkexchange.errors import MessageFault, Refused, UnknownStudy
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.outbox import Consignment, Waiting, delivered, is_kept_back
from linkexchange.model.proof import TYP as PROOF_TYP
from linkexchange.model.transfer import State
from linkexchange.ports import Node, Receipt, UnitOfWork
from linkexchange.record import defer_withdrawal
from linkexchange.signing import PROOF_MAX_BYTES, unproven

CLEAR_JOB = "outbox-clear"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Contents:
    """What waits, and how much room there is: `max_bytes` is 0 where this process has no spool."""

    studies: Sequence[Waiting]
    bytes: int
    max_bytes: int = 0
    alarm_bytes: int = 0

    @property
    def alarm(self) -> bool:
        """Whether it is time to do something."""
        return bool(self.max_bytes) and self.bytes >= self.alarm_bytes


def waiting(node: Node) -> Contents:
    """The studies that wait, the oldest first, each with what is damaged of it."""
    spool = node.spool if node.spool and node.spool.is_here else None
    with node.store.work(node.me) as work:
        studies, used = work.outbox.waiting(), work.outbox.bytes()
        members = {it.study: work.outbox.of_study(it.study) for it in studies} if spool else {}
    if spool is None:
        return Contents(studies, used)
    looked_at = [replace(it, damaged=sum(not spool.is_whole(one) for one in members[it.study])) for it in studies]
    return Contents(looked_at, used, spool.max_bytes, spool.alarm_bytes)


def settle(node: Node) -> None:
    """Ask the hub how consignments have ended, and let go what has been delivered. Raises `HubUnavailable`.

    What is known is acted upon, whether or not the hub answers.
    """
    try:
        _ask(node)
    finally:
        with node.store.work(node.me) as work:
            for study in [it.study for it in work.outbox.waiting()]:
                _let_go(work, study)
        clear(node)


def _ask(node: Node) -> None:
    """A question that the hub refuses keeps no other back."""
    with node.store.work(node.me) as work:
        unanswered = work.outbox.open()
    for consignment in unanswered:
        try:
            receipts = node.hub.receipts(consignment.link, consignment.receiver)
        except Refused as refused:
            _log.warning("no receipts for this link", link=consignment.link, code=refused.code)
            continue
        for receipt in receipts:
            _book(node, consignment, receipt)


def _book(node: Node, consignment: Consignment, receipt: Receipt) -> None:
    """Note the outcome, and which instances a complete proof names with the digest of what lies here."""
    with node.store.work(node.me) as work:
        spooled = work.outbox.of_study(consignment.study)
        try:
            claims = unproven(receipt.proof, typ=PROOF_TYP, max_bytes=PROOF_MAX_BYTES)
            proven = delivered(claims, consignment, spooled)
            outcome = State(claims["outcome"])
        except (MessageFault, KeyError, TypeError, ValueError, AttributeError) as wrong:
            _log.error("a receipt that cannot be read", link=consignment.link, why=type(wrong).__name__)
            return
        if outcome is receipt.outcome and work.outbox.answer(consignment.link, outcome):
            work.outbox.deliver(proven)
            told = {"link": consignment.link, "receiver": consignment.receiver, "outcome": outcome.value}
            work.audit(Action.OUTBOX_ANSWERED, **told, delivered=len(proven))
            work.emit(Action.OUTBOX_ANSWERED.value, **told, delivered=len(proven))


def _let_go(work: UnitOfWork, study: StudyUid) -> None:
    """Drop what has been delivered, unless a receiver still waits for the study."""
    proven = [it.file for it in work.outbox.of_study(study) if it.delivered]
    consignments = work.outbox.of(study)
    if not proven or is_kept_back(consignments):
        return
    if dropped := work.outbox.drop(proven):
        _close(work, [it for it in consignments if it.outcome is State.COMPLETE])
        work.audit(Action.OUTBOX_CLEARED, study=study, instances=dropped)
        work.emit(Action.OUTBOX_CLEARED.value, instances=dropped)
        work.defer(CLEAR_JOB, once=CLEAR_JOB)


def discard(node: Node, study: StudyUid, *, reason: str, user: str) -> int:
    """Let a study wait no longer, delivered or not, and end its links; how many images that were.

    Raises `UnknownStudy`.
    """
    with node.store.work(node.me) as work:
        dropped = work.outbox.drop([it.file for it in work.outbox.of_study(study)])
        if not dropped:
            raise UnknownStudy("nothing of it waits in the outbox")
        _close(work, work.outbox.of(study))
        work.audit(Action.OUTBOX_DISCARDED, study=study, instances=dropped, user=user, reason=reason)
        work.emit(Action.OUTBOX_DISCARDED.value, instances=dropped)
        work.defer(CLEAR_JOB, once=CLEAR_JOB)
    clear(node)
    return dropped


def clear(node: Node) -> None:
    """The job: remove the files of what was dropped, then their rows. Another process does it where this has none."""
    spool = node.spool
    with node.store.work(node.me) as work:
        gone = work.outbox.gone()
    if not gone or spool is None or not spool.is_here:
        return
    spool.remove(gone)
    with node.store.work(node.me) as work:
        work.outbox.forget(gone)


def _close(work: UnitOfWork, consignments: Sequence[Consignment]) -> None:
    """Nothing can be served under these links any more."""
    for consignment in consignments:
        if consignment.active:
            work.links.close(consignment.link)
            defer_withdrawal(work, consignment.link)
