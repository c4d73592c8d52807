"""What the hub keeps of both ends of a transfer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from linkexchange.model.balance import Came, Dispatch, Imbalance, Sent
from linkexchange.model.identifiers import TelematikId


@dataclass(frozen=True, slots=True)
class Open:
    """Accounts that do not agree, since `found`."""

    transfer: UUID
    requester: TelematikId
    origin: TelematikId
    imbalance: Imbalance
    found: datetime


class Balance(Protocol):
    """The rows about both ends, as seen on behalf of one participant."""

    def book(self, dispatch: Dispatch, report: str, at: datetime) -> bool:
        """Keep what this participant says has left it; False where that is known, or less than what is known."""
        ...

    def granted(self, since: datetime) -> Sequence[tuple[UUID, TelematikId]]:
        """Transfer and origin of what this participant was granted."""
        ...

    def came(self, since: datetime) -> Sequence[tuple[UUID, TelematikId, Came]]:
        """Transfer, origin and receipt of what this participant has received."""
        ...

    def sent(self, since: datetime) -> Sequence[tuple[UUID, TelematikId, Sent]]:
        """Transfer, requester and dispatch of what this participant has let go."""
        ...

    def resolvers(self, transfers: Collection[UUID]) -> Mapping[tuple[UUID, TelematikId], str]:
        """Whose grants this participant says it has served under, by transfer and requester; empty: it does not say."""
        ...

    def open(self) -> Sequence[Open]:
        """What does not agree, of what this participant has asked for."""
        ...

    def lose(self, one: Open) -> None:
        """Note that accounts do not agree."""
        ...

    def settle(self, one: Open, at: datetime) -> None:
        """Note that by now they do."""
        ...
