"""The states of a transfer and the only ways between them.

1. A transfer begins as `requested`, once, and ends in exactly one of the four final states.
2. `moving` is entered only from `permitted`: no byte moves without a grant.
3. `waiting` always names a reason. What waited goes on through `permitted`, whatever it was before: it asks anew.
4. A final state is never left. `complete` is decided by `model.proof`, from sets of UIDs, nowhere else.
5. Every write of a run carries the epoch that its claim raised. Nothing matched means: another worker has taken over.

The docs draw this table and the tests enumerate it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from linkexchange.model.identifiers import Kvnr, LinkId, Sha256, StudyUid, TelematikId


class State(StrEnum):
    """Where a transfer stands."""

    REQUESTED = "requested"
    PERMITTED = "permitted"
    MOVING = "moving"
    WAITING = "waiting"
    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    STOPPED = "stopped"


FINAL = frozenset({State.COMPLETE, State.PARTIAL, State.FAILED, State.STOPPED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.PERMITTED, State.WAITING, State.FAILED, State.STOPPED}),
    State.PERMITTED: frozenset({State.PERMITTED, State.MOVING, State.WAITING, State.FAILED, State.STOPPED}),
    State.MOVING: frozenset({State.PERMITTED, State.WAITING, *FINAL}),
    State.WAITING: frozenset({State.WAITING, State.PERMITTED, State.FAILED, State.STOPPED}),
    State.COMPLETE: frozenset(),
    State.PARTIAL: frozenset(),
    State.FAILED: frozenset(),
    State.STOPPED: frozenset(),
}


class Authority(StrEnum):
    """Why a transfer may happen."""

    RECORD = "record"
    RELEASE = "release"


class Purpose(StrEnum):
    """What the images are wanted for (HL7 v3 PurposeOfUse, the three that are known here), and so how soon.

    Prefetch is coordination of care: for a visit that is still to come.
    """

    TREATMENT = "TREAT"
    EMERGENCY = "ETREAT"
    PREFETCH = "COC"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person or a system asks the requester's node for.

    Authority *record*: `kvnr` and `entry` say which document of which record. Authority *release*: `offer` says which
    offer of which sender; then `kvnr` and `entry` are empty until the document has arrived.
    """

    authority: Authority
    destination: str
    purpose: Purpose
    user: str
    kvnr: Kvnr | None = None
    entry: str = ""
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One row of the ledger: a study on its way to one destination of this participant.

    `newer` is how many images the origin's PACS had beyond the manifest, by its own account.
    """

    transfer: UUID
    ask: Ask
    state: State
    reason: str
    epoch: int
    created: datetime
    link: LinkId | None = None
    origin: TelematikId | None = None
    study: StudyUid | None = None
    manifest_digest: Sha256 | None = None
    newer: int = 0


def may_follow(state: State, following: State) -> bool:
    """Whether the table has this arrow."""
    return following in TRANSITIONS[state]
