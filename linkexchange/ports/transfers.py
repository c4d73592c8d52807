"""A node's rows: transfers, links, what was served, events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from linkexchange.model.proof import Delivered, Fate, Proof
from linkexchange.model.study import Manifest
from linkexchange.model.transfer import State, Transfer


@dataclass(frozen=True, slots=True)
class Published:
    """A link as its origin keeps it. `kvnr` and `entry` are empty for a release, which stands in no record."""

    link: Link
    document: Document
    pacs: str
    kvnr: Kvnr | None
    entry: str
    active: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the event stream. `body` holds identifiers, states and counts only."""

    event: int
    topic: str
    body: Mapping[str, str | int]
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer is; one row, written at most once a second."""

    done: int
    total: int
    bytes: int

    @classmethod
    def of(cls, ledger: Iterable[Delivered], total: int) -> Self:
        """Count what is stored."""
        stored = [delivered.bytes for delivered in ledger if delivered.fate is Fate.STORED]
        return cls(len(stored), total, sum(stored))


class Transfers(Protocol):
    """The ledger of transfers. Every write of a run is fenced by the epoch of `run`; behind it, `Overtaken`."""

    def add(self, transfer: Transfer) -> None:
        """Write a new transfer in state `requested`."""
        ...

    def get(self, transfer: UUID) -> Transfer:
        """Read one. Raises `UnknownTransfer`."""
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

    def begin_instance(self, run: Transfer, sop_instance: SopInstanceUid) -> int:
        """Count one more attempt, before the first byte leaves; returns the count."""
        ...

    def end_instance(self, run: Transfer, delivered: Delivered) -> None:
        """Note the fate of an instance, after the destination has answered."""
        ...

    def note_origin(self, run: Transfer, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Note what the origin says it sent."""
        ...

    def ledger(self, transfer: UUID) -> Sequence[Delivered]:
        """What is known of each instance that was ever begun."""
        ...

    def progress(self, run: Transfer, progress: Progress, *, last: bool = False) -> bool:
        """Overwrite the one progress row, at most once a second, and always for the last time; whether it was."""
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

    def stored(self, link: LinkId, entry: str) -> None:
        """Note the entry under which the record keeps it."""
        ...

    def close(self, link: LinkId) -> None:
        """End a link: from now on this node serves nothing under it."""
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
