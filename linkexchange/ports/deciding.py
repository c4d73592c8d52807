"""What decisions look at and leave behind, at the hub and at an origin, as seen on behalf of one participant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from linkexchange.model.admission import Admission
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.policy import Policy
from linkexchange.model.quota import Counted, Lock, Quota, Usage, Use
from linkexchange.model.switch import Switch


@dataclass(frozen=True, slots=True)
class Account:
    """A decision of the hub or of an origin as it was written down; `reason` is empty where it was granted.

    `facts` is what it has looked at (docs/reference/decisions.md); empty for a decision of an older version.
    """

    number: UUID
    transfer: UUID
    requester: TelematikId
    origin: TelematikId
    link: str
    authority: str
    purpose: str
    reason: str
    rule: str
    facts: Mapping[str, Any]
    at: datetime
    destination: str = ""


class Policies(Protocol):
    """Policy and quotas, as rows that a command changes."""

    def current(self, of: TelematikId) -> tuple[Policy, tuple[Quota, ...] | None]:
        """Those of this participant, or of `participant.HUB`, which everybody may read; None is no quotas loaded."""
        ...

    def put_policy(self, policy: Policy, at: datetime) -> None:
        """Put a policy in the place of the one that was there."""
        ...

    def put_quotas(self, quotas: Sequence[Quota], at: datetime) -> None:
        """Put quotas in the place of those that were there."""
        ...


class Switches(Protocol):
    """Whether this participant lets others pull."""

    def all(self) -> tuple[Switch, ...]:
        """How each hand has left it."""
        ...

    def turn(self, switch: Switch) -> None:
        """Turn it."""
        ...


class Quotas(Protocol):
    """Counts and locks."""

    def usage(self, quotas: Sequence[Quota], uses: Sequence[Use], now: datetime) -> Usage:
        """What has been counted so far. Nobody else counts for this participant until the transaction ends."""
        ...

    def count(self, usage: Usage, counted: Sequence[Counted]) -> None:
        """Count what is asked for, where it is of these kinds."""
        ...

    def lock_of(self, who: Sequence[str]) -> Lock | None:
        """The open lock of one of these."""
        ...

    def lock(self, lock: Lock) -> None:
        """Lock. Whoever holds the counts has seen that there is no open lock of the same."""
        ...

    def lift(self, lock: UUID, at: datetime) -> Lock | None:
        """Lift an open lock; None where there is none."""
        ...

    def locks(self) -> Sequence[Lock]:
        """Open locks, newest first."""
        ...

    def sweep(self, before: datetime) -> None:
        """Forget counts that are older."""
        ...


class Admissions(Protocol):
    """What this origin has decided over grants."""

    def add(self, admission: Admission, facts: Mapping[str, Any]) -> bool:
        """Keep one; False where it is there already."""
        ...

    def find(self, number: UUID) -> Sequence[Account]:
        """The one of this number, or those over grants of this transfer, oldest first."""
        ...
