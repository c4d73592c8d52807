"""Values around the audit chain: where its entries go, what the last look has found, and by what number others know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from linkexchange.model.audit import AuditEntry
from linkexchange.model.identifiers import TelematikId

_NAMESPACE = UUID("6b1f3a1e-7f5c-5c52-9f5e-0a6f3b8f2f10")


@dataclass(frozen=True, slots=True)
class Sink:
    """How far the entries of one chain have got at one receiver.

    `position` is the number of the last entry that is there, `head` the signed head that was sent last. `fault` says
    why the last attempt failed, since `failing_since`; it is empty where it did not. More than `buffer_max` entries
    must not wait.
    """

    name: str
    position: int
    waiting: int
    buffer_max: int
    delivered: datetime | None = None
    head: str = ""
    failing_since: datetime | None = None
    fault: str = ""

    @property
    def is_full(self) -> bool:
        """Whether nothing new may begin that would add entries."""
        return self.waiting > self.buffer_max


@dataclass(frozen=True, slots=True)
class Check:
    """What the last verification of a chain has found: `bad` is the first bad entry, None where there is none."""

    at: datetime
    entries: int
    bad: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of one chain: its newest entry, what the last look has found, and its receivers."""

    participant: TelematikId
    newest: AuditEntry | None
    check: Check | None
    sinks: Sequence[Sink]


def number_of(entry: AuditEntry) -> UUID:
    """The entry's own number, by which a receiver sees that it has it already (UUID version 5)."""
    return number_at(entry.participant, entry.seq, entry.hash)


def number_at(participant: TelematikId, seq: int, digest: str) -> UUID:
    """The number of the entry that stands there."""
    return uuid5(_NAMESPACE, f"{participant} {seq} {digest}")
