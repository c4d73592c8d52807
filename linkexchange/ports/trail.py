"""The rows around the audit chain, and where its entries go."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from linkexchange.model.audit import AuditEntry, Checkpoint
from linkexchange.model.trail import Chain, Check, Sink


class Trail(Protocol):
    """The chain of this participant, and the rows around it."""

    def after(self, seq: int, limit: int) -> Sequence[AuditEntry]:
        """The entries behind this one, oldest first. Raises ValueError where one cannot be read."""
        ...

    def about(
        self,
        links: Collection[str],
        transfers: Collection[str],
        studies: Collection[str],
        requests: Collection[str] = (),
    ) -> Sequence[AuditEntry]:
        """The entries that name one of these, oldest first."""
        ...

    def head(self) -> AuditEntry | None:
        """The newest entry."""
        ...

    def check_room(self) -> None:
        """Raises `AuditSinkUnavailable` where more entries wait for a sink than may."""
        ...

    def sinks(self) -> Sequence[Sink]:
        """All of them, by name."""
        ...

    def know(self, buffer_max: Mapping[str, int]) -> None:
        """These sinks there are, and no others; a new one begins with the oldest entry that is kept."""
        ...

    def lease(self, sink: str, seconds: float) -> int | None:
        """Its position, for the one who delivers; None where another does, or did until he went silent just now."""
        ...

    def delivered(self, sink: str, position: int, head: str) -> None:
        """Everything up to this entry is there."""
        ...

    def missed(self, sink: str, fault: str) -> None:
        """It did not take them."""
        ...

    def checkpoint(self) -> tuple[Checkpoint, str] | None:
        """What is left of removed entries, and its signed form."""
        ...

    def last_before(self, moment: datetime) -> AuditEntry | None:
        """The newest entry up to which all are older than this."""
        ...

    def count_until(self, seq: int) -> tuple[int, datetime, datetime]:
        """How many entries there are up to this one, and the moments of the first and the last."""
        ...

    def shorten(self, entry: AuditEntry, signed: str) -> int:
        """Remove the entries up to this one, and leave the signed checkpoint; how many."""
        ...

    def check(self) -> Check | None:
        """What the last verification has found."""
        ...

    def chain(self) -> Chain:
        """Its state, all together."""
        ...

    def put_check(self, check: Check) -> None:
        """Keep it in the place of an older one."""
        ...
