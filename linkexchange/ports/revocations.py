"""What has been revoked, as rows: at a resolver what it has revoked itself, at a node also what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from linkexchange.model.revocation import Revocable, Revocation


class Revocations(Protocol):
    """The lists of revocations, which may be read on behalf of all: also by a resolver that is mounted at a node."""

    def add(self, name: Revocable, reason: str, at: datetime, *, lifted: bool = False) -> Revocation:
        """Write the next one, which concerns this participant; other writers wait until this transaction ends."""
        ...

    def after(self, number: int, limit: int = 500) -> Sequence[Revocation]:
        """What was revoked or lifted here after a number, oldest first."""
        ...

    def newest(self) -> int:
        """The number of the newest; 0 where there is none."""
        ...

    def hear(self, source: str, told: Sequence[Revocation]) -> None:
        """Keep what a resolver has told this node. Safe to repeat."""
        ...

    def heard(self, source: str) -> int:
        """The newest number that was heard of a resolver; 0 where nothing was."""
        ...

    def revoked(self, *names: Revocable) -> Revocable | None:
        """The first of these that is revoked at this moment, whoever has said so."""
        ...
