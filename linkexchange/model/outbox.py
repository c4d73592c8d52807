"""What waits in the outbox: images that were sent to this node and that nobody can fetch a second time.

They wait in the spool until the receiver's proof says that they have arrived, or until a person discards them. Rules:

1. An instance has been *delivered* when a complete proof names it with the very SHA-256 of what lies in the spool.
2. It leaves the spool when it has been delivered and every receiver that still counts has had the study whole: a
   delivery that is under way or has failed keeps it.
3. What a receiver was sent again counts by the newest consignment; one that was withdrawn does not count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from linkexchange.model.identifiers import (
    AeTitle,
    LinkId,
    SeriesUid,
    Sha256,
    SopClassUid,
    SopInstanceUid,
    StudyUid,
    TelematikId,
    TransferSyntaxUid,
)
from linkexchange.model.passport import Passport
from linkexchange.model.proof import ARRIVED
from linkexchange.model.transfer import State

OUTBOX = "outbox"
"""The name by which the outbox stands among the PACS of a node, as a source and never as a destination."""
PASSPORT = Passport(OUTBOX, AeTitle("OUTBOX"), host="", port=0, max_associations=4)
"""So many transfers read the spool at once."""
REASON_MAX_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Spooled:
    """One instance in the spool. `file` is the random name of its file; `digest` and `bytes` are of the data set."""

    file: UUID
    study: StudyUid
    series: SeriesUid
    sop_class: SopClassUid
    sop_instance: SopInstanceUid
    transfer_syntax: TransferSyntaxUid
    bytes: int
    digest: Sha256
    received_at: datetime
    calling: str
    delivered: bool = False

    def is_same(self, other: Spooled) -> bool:
        """Whether it is the same image in the same encoding."""
        return (self.digest, self.transfer_syntax) == (other.digest, other.transfer_syntax)


@dataclass(frozen=True, slots=True)
class Consignment:
    """A study from the outbox on its way to one participant.

    `outcome` is that of the receiver's proof, when it is here; `active` says whether its link is still served.
    """

    link: LinkId
    study: StudyUid
    receiver: TelematikId
    made: datetime
    outcome: State | None = None
    active: bool = True


class WaitState(StrEnum):
    """How it stands with a study in the outbox."""

    WAITING = "waiting"
    OFFERED = "offered"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A study in the outbox. `damaged` counts instances whose file is not there, not whole, or under another key."""

    study: StudyUid
    instances: int
    bytes: int
    since: datetime
    consignments: Sequence[Consignment] = ()
    damaged: int = 0

    @property
    def newest(self) -> Consignment | None:
        """The last time that it was sent to somebody."""
        return max(self.consignments, key=lambda it: it.made, default=None)

    @property
    def state(self) -> WaitState:
        """What the newest consignment says."""
        newest = self.newest
        if newest is None or newest.outcome is State.COMPLETE:
            return WaitState.WAITING
        if newest.outcome is not None:
            return WaitState.UNDELIVERED
        return WaitState.OFFERED if newest.active else WaitState.WAITING


def is_kept_back(consignments: Collection[Consignment]) -> bool:
    """Rules 2 and 3: whether some receiver still waits for the study, or has not had it whole."""
    newest = {it.receiver: it for it in sorted(consignments, key=lambda it: it.made)}
    return any(it.active and it.outcome is not State.COMPLETE for it in newest.values())


def delivered(claims: Mapping[str, Any], consignment: Consignment, spooled: Collection[Spooled]) -> frozenset[UUID]:
    """Rule 1: which of these the receiver's proof says have arrived, byte for byte.

    The proof is that of this consignment and complete, else nothing has. Raises ValueError, KeyError, TypeError or
    AttributeError for claims that are none.
    """
    named = (claims["link"], claims["requester"], claims["study"], State(claims["outcome"]))
    if named != (consignment.link, consignment.receiver, consignment.study, State.COMPLETE):
        return frozenset()
    arrived = {row["sop_instance"]: row["digest_received"] for row in claims["instances"] if row["fate"] in ARRIVED}
    return frozenset(it.file for it in spooled if arrived.get(it.sop_instance) == it.digest)
