"""Who may be sent to at this node, and by which name: the AE titles that a C-MOVE can ask to have instances sent to.

Instances that come by C-MOVE arrive over an association of their own, which the PACS opens, and archives differ in what
they say about whom they are for. So every retrieval has one AE title to itself for as long as it lasts, and an instance
is its own when it comes under that title and is outstanding. Where the archive names the originator as well, that must
be right.

The thread that has taken the call reads the command and hands the association over; the thread of the retrieval reads
the data set straight from it, and tells the first one what to answer. Nothing is queued but the fact that something is
there, and back-pressure is that of the socket.
"""

from __future__ import annotations

import itertools
import socket
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Event, Lock
from time import monotonic
from weakref import WeakSet

from linkexchange.dicom.accepting import plainest
from linkexchange.dicom.bulk import Association
from linkexchange.dicom.command import Command
from linkexchange.dicom.line import Context
from linkexchange.dicom.plan import UNCOMPRESSED
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import AeTitle, SopInstanceUid
from linkexchange.ports import Brake

STORED = 0x0000
NOT_ASKED_FOR = 0x0124
"""Refused: not authorized (PS3.7 annex C)."""


@dataclass(eq=False)
class Arrival:
    """A C-STORE whose command has been read, and whose data set has not."""

    association: Association
    context: Context
    command: Command
    status: int | None = None
    _told: Event = field(default_factory=Event)

    def tell(self, status: int | None) -> None:
        """What to answer; None: abort the association."""
        self.status = status
        self._told.set()

    def wait(self) -> int | None:
        """Wait until that is known."""
        self._told.wait()
        return self.status


class Lease:
    """One retrieval's right to an AE title, and what is outstanding of it.

    Its file descriptor can be read while something is there to `take`. `prefers` is the transfer syntax that is chosen
    wherever it is offered, and `passed_over` are compressed ones that were offered beside the one that was chosen.
    """

    def __init__(self, title: AeTitle, caller: AeTitle, outstanding: set[SopInstanceUid]) -> None:
        self.title = title
        self._caller = caller
        self._expected = frozenset(outstanding)
        self._outstanding = set(outstanding)
        self._numbers: set[int] = set()
        self._lock = Lock()
        self._waiting: deque[Arrival] = deque()
        self._taken: Arrival | None = None
        # Some archives open an association for each instance: those that are over must go.
        self._associations: WeakSet[Association] = WeakSet()
        self._bell, self._ear = socket.socketpair()
        self._over = False
        self.prefers = ""
        self.passed_over: dict[str, None] = {}

    def choose(self, syntaxes: Sequence[str]) -> str:
        """Pick a transfer syntax for a presentation context."""
        chosen = self.prefers if self.prefers in syntaxes else plainest(syntaxes)
        self.passed_over |= dict.fromkeys(it for it in syntaxes if it != chosen and it not in UNCOMPRESSED)
        return chosen

    @property
    def outstanding(self) -> frozenset[SopInstanceUid]:
        """What has not begun to come."""
        with self._lock:
            return frozenset(self._outstanding)

    def forget(self, absent: Collection[SopInstanceUid]) -> None:
        """Do not wait for these any more."""
        with self._lock:
            self._outstanding -= set(absent)

    def asks(self, number: int) -> None:
        """Note the message id of a C-MOVE before it is sent."""
        with self._lock:
            self._numbers.add(number)

    def offer(self, arrival: Arrival) -> int | None:
        """Hand an arrival to the retrieval, and wait for what to answer; None: abort the association.

        What comes a second time is answered well and not passed on.
        """
        with self._lock:
            if self._over or not self._is_meant(arrival.command):
                return NOT_ASKED_FOR
            self._associations.add(arrival.association)
            if arrival.command.sop_instance not in self._outstanding:
                return STORED
            self._outstanding.discard(SopInstanceUid(arrival.command.sop_instance))
            self._waiting.append(arrival)
            self._bell.send(b"\0")
        return arrival.wait()

    def take(self) -> Arrival | None:
        """The next arrival, if there is one; the taker has to `tell` it what to answer."""
        with self._lock:
            if not self._waiting:
                return None
            self._ear.recv(1)
            self._taken = self._waiting.popleft()
            return self._taken

    @property
    def is_offered(self) -> bool:
        """Whether there is something to take."""
        with self._lock:
            return bool(self._waiting)

    def fileno(self) -> int:
        """For `poll`."""
        return self._ear.fileno()

    def stop(self) -> None:
        """Wake the thread that reads an instance, from any thread: it then raises `PacsUnavailable`."""
        with self._lock:
            associations = list(self._associations)
        for association in associations:
            association.stop()

    def end(self, *, early: bool) -> None:
        """Nothing is taken any more. After an early end the associations that brought something are ended too."""
        with self._lock:
            self._over = True
            waiting = list(self._waiting)
            self._waiting.clear()
            # Those whose instance is not taken are aborted by the thread that has offered it.
            aborted = {it.association for it in (*waiting, self._taken) if it and it.status is None}
            others = set(self._associations) - aborted
        for arrival in waiting:
            arrival.tell(None)
        for association in others if early else ():
            association.stop()
        self._bell.close()
        self._ear.close()

    def _is_meant(self, command: Command) -> bool:
        """Archives may leave out who asked, or his message id; some name the title that they send to in his place."""
        by_us = command.originator in ("", self._caller, self.title)
        answers = not command.originator_number or command.originator_number in self._numbers
        return by_us and answers and command.sop_instance in self._expected


class Pool:
    """The AE titles of this node; each belongs to one retrieval at a time.

    `place` says where they are reached, for the administrator of a PACS that does not know them.
    """

    def __init__(
        self, titles: Sequence[AeTitle], *, place: str, wait_seconds: float = 10.0, late_seconds: float = 5.0
    ) -> None:
        self.titles = frozenset(titles)
        self.place = place
        self.late_seconds = late_seconds
        self._wait_seconds = wait_seconds
        self._free = list(dict.fromkeys(titles))
        self._leases: dict[AeTitle, Lease] = {}
        self._changed = Condition()
        self._numbers = itertools.cycle(range(1, 1 << 16))

    def next_number(self) -> int:
        """A message id for a C-MOVE that no other retrieval of late has had, since one may come late."""
        with self._changed:
            return next(self._numbers)

    def lessee(self, title: str) -> Lease | None:
        """Whose an AE title is at this moment."""
        with self._changed:
            return next((lease for held, lease in self._leases.items() if held == title), None)

    @contextmanager
    def lease(self, caller: AeTitle, outstanding: set[SopInstanceUid], brake: Brake) -> Iterator[Lease]:
        """Take a title, waiting for one if need be. Raises `PacsUnavailable` when none becomes free in time."""
        lease = Lease(self._taken(brake), caller, outstanding)
        with self._changed:
            self._leases[lease.title] = lease
        early = True
        try:
            with brake.stops(lease.stop):
                yield lease
            early = False
        finally:
            self._give_back(lease, early=early)

    def _taken(self, brake: Brake) -> AeTitle:
        deadline = monotonic() + self._wait_seconds
        with brake.stops(self._wake), self._changed:
            while not self._free:
                left = deadline - monotonic()
                if left <= 0 or brake.pulled:
                    raise PacsUnavailable("all move destinations are in use")
                self._changed.wait(left)
            return self._free.pop(0)

    def _give_back(self, lease: Lease, *, early: bool) -> None:
        with self._changed:
            del self._leases[lease.title]
            self._free.append(lease.title)
            self._changed.notify_all()
        lease.end(early=early)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
