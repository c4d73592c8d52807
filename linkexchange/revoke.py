"""A resolver revokes: an institution, a node, a link or a transfer, and takes that back for an institution.

The row is seen by every process of the resolver with its next request, and by every node within seconds (`follow`).
"""

from __future__ import annotations

from datetime import datetime

from linkexchange.model.audit import Action
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.revocation import REVOKED, Revocable, Revocation, RevocationKind
from linkexchange.ports import Store, UnitOfWork


def revoke(store: Store, name: Revocable, reason: str, *, participant: TelematikId, at: datetime) -> Revocation:
    """Revoke what concerns a participant, at once. Safe to repeat: it is written down again, and changes nothing.

    `participant`: the institution itself, the node's, the link's origin, or the transfer's requester.
    """
    with store.work(participant) as work:
        return enter(work, name, reason, at=at)


def enter(work: UnitOfWork, name: Revocable, reason: str, *, at: datetime) -> Revocation:
    """The same within a transaction on behalf of the participant. A revoked link is withdrawn from the ledger, too."""
    kind, value = name
    if kind is RevocationKind.LINK:
        work.hub.withdraw(LinkId(value))
    revocation = work.revocations.add(name, reason, at)
    _write_down(work, REVOKED[kind], revocation)
    return revocation


def reinstate(store: Store, institution: TelematikId, reason: str, *, at: datetime) -> Revocation:
    """An institution may take part again."""
    with store.work(institution) as work:
        return take_back(work, institution, reason, at=at)


def take_back(work: UnitOfWork, institution: TelematikId, reason: str, *, at: datetime) -> Revocation:
    """The same within a transaction on behalf of the institution."""
    revocation = work.revocations.add((RevocationKind.INSTITUTION, institution), reason, at, lifted=True)
    _write_down(work, Action.INSTITUTION_REINSTATED, revocation)
    return revocation


def _write_down(work: UnitOfWork, action: Action, it: Revocation) -> None:
    work.audit(action, number=it.number, value=it.value, reason=it.reason)
    work.emit(action.value, number=it.number, kind=it.kind.value, value=it.value)
