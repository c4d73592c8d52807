"""One visit to one PACS: how long it may take, and what is carried from check to check."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Timer

from linkexchange.dicom.association import Association
from linkexchange.dicom.line import Line, Proposal, Timeouts
from linkexchange.dicom.summary import Listing
from linkexchange.model.findings import Accepted, Scope
from linkexchange.model.identifiers import StudyUid
from linkexchange.ports import Brake

PATIENCE = Timeouts(connect_seconds=5.0, negotiate_seconds=5.0, idle_seconds=10.0)
"""A probe waits less long than a transfer: what is slower than this is a finding."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a probe goes.

    `associations` are opened at once at most. A PACS that goes on after a C-CANCEL is cut off after `answers`; so many
    may have been under way already.
    """

    associations: int = 8
    answers: int = 200
    check_seconds: float = 20.0
    total_seconds: float = 120.0


class ProbingAssociation(Association):
    """An association that can be cut from another thread, and tells what was negotiated about PDUs."""

    @property
    def max_pdu_bytes(self) -> int:
        """How long a PDU the PACS takes; 0 where it sets no limit."""
        return self._assoc.acceptor.maximum_length or 0

    def offers(self, abstract_syntax: str) -> bool:
        """Whether a service was accepted."""
        return any(context.abstract_syntax == abstract_syntax for context in self.contexts)

    def cut(self) -> None:
        """Let whoever waits on it go on, and find it broken."""
        self._over = True
        self._ae.hang_up()


@dataclass
class Visit:
    """What all checks share. Everything behind the brake is found out on the way; `stored` is the test object."""

    line: Line
    scope: Scope
    limits: Limits
    brake: Brake = field(default_factory=Brake)
    study: StudyUid | None = None
    listed: Listing | None = None
    stored: bool = False
    accepted: tuple[Accepted, ...] = ()
    max_associations: int | None = None
    max_pdu_bytes: int | None = None
    character_set: str = ""

    def __post_init__(self) -> None:
        self.study = self.scope.study
        self._deadline = time.monotonic() + self.limits.total_seconds

    @property
    def seconds_left(self) -> float:
        """What the next check may take."""
        return min(self.limits.check_seconds, self._deadline - time.monotonic())

    @contextmanager
    def braked(self) -> Iterator[Brake]:
        """A brake of its own for each check, that pulls itself when the time of the check is over."""
        self.brake = Brake()
        timer = Timer(self.seconds_left, self.brake.pull)
        timer.daemon = True
        timer.start()
        try:
            yield self.brake
        finally:
            timer.cancel()
            timer.join()

    @contextmanager
    def call(self, *proposals: Proposal) -> Iterator[ProbingAssociation]:
        """An association that the brake cuts. Raises `PacsUnavailable`."""
        association = ProbingAssociation(self.line, proposals)
        with self.brake.stops(association.cut):
            try:
                yield association
            except BaseException:
                association.abort()
                raise
            association.release()
