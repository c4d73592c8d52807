"""What waits in the outbox: its rows, and its files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from linkexchange.model.identifiers import LinkId, StudyUid
from linkexchange.model.outbox import Consignment, Spooled, Waiting
from linkexchange.model.transfer import State


class Outbox(Protocol):
    """The rows. One that was dropped waits for its file to be removed, and counts as not there."""

    def add(self, spooled: Spooled) -> Spooled | None:
        """Keep an instance; or the one of the same UID that is there, and nothing is changed."""
        ...

    def of_study(self, study: StudyUid) -> Sequence[Spooled]:
        """What waits of a study, in the order in which it came."""
        ...

    def waiting(self) -> Sequence[Waiting]:
        """The studies that wait, the oldest first; nobody has looked for damage yet."""
        ...

    def count(self, study: StudyUid) -> int:
        """How many images of a study wait."""
        ...

    def bytes(self) -> int:
        """How much waits in all."""
        ...

    def files(self) -> frozenset[UUID]:
        """Every file that has a row, the dropped ones as well."""
        ...

    def gone(self) -> frozenset[UUID]:
        """The files of what was dropped."""
        ...

    def drop(self, files: Collection[UUID]) -> int:
        """Let instances wait no longer; how many did. Safe to repeat."""
        ...

    def forget(self, files: Collection[UUID]) -> None:
        """The files of these, which were dropped, have been removed."""
        ...

    def deliver(self, files: Collection[UUID]) -> None:
        """A receiver has proven that it has these."""
        ...

    def consign(self, consignment: Consignment) -> None:
        """Note to whom a study was sent. Safe to repeat."""
        ...

    def of(self, study: StudyUid) -> Sequence[Consignment]:
        """To whom a study was sent, the oldest first."""
        ...

    def open(self) -> Sequence[Consignment]:
        """Consignments whose receiver has given no account yet, of studies that still wait."""
        ...

    def answer(self, link: LinkId, outcome: State) -> bool:
        """Note how the receiver's transfer has ended; False where that was known."""
        ...


class Spool(Protocol):
    """The files. Only a process that has the folder has a spool."""

    @property
    def max_bytes(self) -> int:
        """So much may wait."""
        ...

    @property
    def alarm_bytes(self) -> int:
        """From here on there is an alarm."""
        ...

    @property
    def is_here(self) -> bool:
        """Whether this process sees the folder into which images are received."""
        ...

    def is_whole(self, spooled: Spooled) -> bool:
        """A short look: whether the file is there, as long as it has to be, and sealed with this key."""
        ...

    def remove(self, files: Collection[UUID]) -> None:
        """Remove files for good, as far as they are there. Raises `SpoolDamaged` where that cannot be done."""
        ...
