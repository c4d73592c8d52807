"""What has been revoked, as rows: at a resolver what it has revoked itself, at a node also what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.revocation import Revocable, Revocation


class Revocations(Protocol):
    """The lists of revocations: what was revoked here is for all to read, what was heard for whoever has heard it."""

    def add(self, name: Revocable, reason: str, at: datetime, *, lifted: bool = False) -> Revocation:
        """Write the next one, which concerns this participant; other writers wait until this transaction ends."""
        ...

    def after(self, number: int, limit: int = 500) -> Sequence[Revocation]:
        """What was revoked or lifted here after a number, oldest first."""
        ...

    def newest(self) -> int:
        """The number of the newest; 0 where there is none."""
        ...

    def hear(self, source: str, told: Sequence[Revocation], partner: TelematikId | None = None) -> None:
        """Keep what a resolver has told this node: the hub's, or that of a partner. Safe to repeat."""
        ...

    def heard(self, source: str) -> int:
        """The newest number that was heard of a resolver; 0 where nothing was."""
        ...

    def revoked(self, *names: Revocable, origin: TelematikId | None = None) -> Revocable | None:
        """The first of these that is revoked at this moment: here, by the hub, or a link or transfer by its `origin`.

        What a partner says of an institution, of a node, or of what another participant is the origin of, never counts.
        """
        ...
