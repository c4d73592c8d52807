"""A node's rows: transfers, links, what was served, events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self
from uuid import UUID

from linkexchange.model.identifiers import (
    Kvnr,
    LinkId,
    Sha256,
    SopInstanceUid,
    StudyUid,
    TelematikId,
)
from linkexchange.model.link import Document, Link
from linkexchange.model.proof import ARRIVED, Delivered, Proof
from linkexchange.model.study import Manifest
from linkexchange.model.transfer import State, Transfer
from linkexchange.ports.images import Told


class Waits(StrEnum):
    """What is still to be said to the record about a link: it is to be stored there, or closed if it was withdrawn."""

    NOTHING = ""
    RECORD = "record"
    ENTITLEMENT = "entitlement"


@dataclass(frozen=True, slots=True)
class Published:
    """A link as its origin keeps it. `kvnr` and `entry` are empty for a release, which stands in no record.

    `attempted` says that the record may have it, and `closing` is the version that the record may have in its place,
    since a crash can come between the storing and the note of it.
    """

    link: Link
    document: Document
    pacs: str
    kvnr: Kvnr | None
    entry: str
    active: bool
    attempted: bool = False
    closing: Document | None = None
    waits: Waits = Waits.NOTHING


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the event stream. `body` holds identifiers, states and counts only."""

    event: int
    topic: str
    body: Mapping[str, str | int]
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer is; one row, written at most once a second.

    `begun` is when this run asked for its first byte, and `before` what was done by then.
    """

    done: int
    total: int
    bytes: int
    begun: datetime | None = None
    written: datetime | None = None
    before: int = 0

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the pace of this run; None where there is none yet."""
        done = self.done - self.before
        if done <= 0 or self.begun is None or self.written is None:
            return None
        return (self.written - self.begun).total_seconds() / done * (self.total - self.done)

    @classmethod
    def of(cls, ledger: Iterable[Delivered], total: int) -> Self:
        """Count what has arrived."""
        arrived = [delivered.bytes for delivered in ledger if delivered.fate in ARRIVED]
        return cls(len(arrived), total, sum(arrived))


class Journal(Protocol):
    """The one write of a run that images wait for: statements of its own, fenced by the epoch."""

    def begin(self, sop_instances: Sequence[SopInstanceUid]) -> Callable[[], None]:
        """Count one more attempt of each; what comes back waits until that is written down, and may be called again.

        Wait before the last byte of an instance leaves: the destination cannot store it earlier. The waiting raises
        `Overtaken` or `StateUnavailable`.
        """
        ...

    def take_back(self, sop_instances: Sequence[SopInstanceUid]) -> None:
        """Count one attempt less of each, since it was not made. Raises `Overtaken` or `StateUnavailable`."""
        ...


class Transfers(Protocol):
    """The ledger of transfers. Every write of a run is fenced by the epoch of `run`; behind it, `Overtaken`."""

    def add(self, transfer: Transfer) -> None:
        """Write a new transfer in state `requested`."""
        ...

    def get(self, transfer: UUID) -> Transfer:
        """Read one. Raises `UnknownTransfer`."""
        ...

    def of_patient(self, kvnr: Kvnr) -> Sequence[Transfer]:
        """All transfers of a patient's studies to this participant."""
        ...

    def of_offer(self, offer: str) -> Transfer | None:
        """The transfer that takes up an offer, if there is one."""
        ...

    def without_job(self) -> Sequence[UUID]:
        """Transfers that have not ended and that no job is queued or running for."""

    def claim(self, transfer: UUID) -> Transfer:
        """Raise the epoch and return the row: from here on, earlier runs can change nothing."""
        ...

    def describe(self, run: Transfer, link: Link) -> Transfer:
        """Note which link this transfer turned out to be, and keep its manifest."""

    def manifest(self, transfer: UUID) -> Manifest | None:
        """The manifest that `describe` has kept: UIDs only, so that an account can be given without the document."""
        ...

    def advance(self, run: Transfer, state: State, reason: str = "") -> Transfer:
        """Follow one arrow of the table of transitions; an arrow that is not there is a bug of ours."""
        ...

    def end_instances(self, run: Transfer, delivered: Collection[Delivered]) -> None:
        """Note what became of instances, after the destination has answered. Attempts are left as they are."""
        ...

    def delivered_before(self, run: Transfer) -> Mapping[SopInstanceUid, Delivered]:
        """What earlier transfers have stored of the same study at the same destination."""
        ...

    def ask_to_stop(self, transfer: UUID, who: str) -> Transfer:
        """Note that somebody wants it stopped, and lock the row: where nobody moves it, it can be claimed right away.

        Raises `UnknownTransfer`.
        """
        ...

    def stop_asked(self, run: Transfer) -> str:
        """Who wants this run stopped; empty where nobody does. Raises `Overtaken`."""
        ...

    def note_origin(self, run: Transfer, told: Told) -> None:
        """Note what the origin says it sent, and has beyond that."""
        ...

    def ledger(self, transfer: UUID) -> Sequence[Delivered]:
        """What is known of each instance that was ever begun."""
        ...

    def progress(self, run: Transfer, progress: Progress, *, first: bool = False, last: bool = False) -> bool:
        """Overwrite the one progress row, at most once a second, always for the first and last time; whether it was.

        Times come from the database's clock; `first` sets when the run began, and what was done by then.
        """
        ...

    def counts(self, transfer: UUID) -> Progress:
        """Read the progress row; zeros where there is none yet."""
        ...

    def prove(self, run: Transfer, proof: Proof, signed: str) -> Transfer:
        """Keep the signed proof and enter its outcome as the final state."""
        ...

    def proof(self, transfer: UUID) -> str | None:
        """The signed proof of a finished transfer."""
        ...

    def recent(self, limit: int = 50) -> Sequence[tuple[Transfer, Progress]]:
        """The newest transfers, for pages."""
        ...


class Links(Protocol):
    """What this participant has published or released."""

    def add(self, published: Published) -> None:
        """Keep a new link. Safe to repeat."""
        ...

    def get(self, link: LinkId) -> Published:
        """Read one. Raises `UnknownTransfer`."""
        ...

    def is_active(self, link: LinkId) -> bool:
        """Whether a link is there and has not been closed; cheap, since it is asked before every instance."""

    def current(self, study: StudyUid) -> Published | None:
        """The active link of a study in the record, if there is one."""
        ...

    def attempt(self, link: LinkId) -> None:
        """Note that it is about to be stored in the record."""
        ...

    def of_patient(self, kvnr: Kvnr) -> Sequence[Published]:
        """All links of a patient, active or not, those that stand in no record as well."""
        ...

    def of_insured(self, kvnr: Kvnr) -> Sequence[Published]:
        """The active links in the record of this person, the oldest first."""
        ...

    def stored(self, link: LinkId, entry: str) -> bool:
        """Note the entry under which the record keeps it; nothing is to be said about it any more.

        False where an entry has been noted before: another worker was quicker.
        """
        ...

    def close(self, link: LinkId) -> None:
        """End a link, which another one replaces: from now on this node serves nothing under it."""
        ...

    def withdraw(self, link: LinkId) -> None:
        """End a link that the record is still to be told of."""
        ...

    def close_with(self, link: LinkId, closing: Document) -> None:
        """Keep the version that is about to close a link in the record."""
        ...

    def closed(self, link: LinkId, entry: str) -> None:
        """Note under which entry the record has closed it; empty where there was nothing to close."""
        ...

    def wait(self, link: LinkId, waits: Waits) -> None:
        """Note what keeps the record from being told."""
        ...

    def untold(self, *kvnrs: Kvnr) -> Sequence[tuple[LinkId, StudyUid, bool, Waits]]:
        """What records are still to be told, of these insured persons or of all: link, study, whether it is active."""
        ...

    def recent(self, limit: int = 50) -> Sequence[Published]:
        """The newest links, for pages."""
        ...


class Serving(Protocol):
    """What this participant, as an origin, has sent under which transfer."""

    def note(self, transfer: UUID, requester: TelematikId, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Keep the digests of instances that have left the house. Later ones replace earlier ones."""
        ...

    def digests(self, transfer: UUID, requester: TelematikId) -> Mapping[SopInstanceUid, Sha256]:
        """Read them back, for the same requester only."""
        ...
