"""The PACS that images are sent to, by C-STORE: every data set goes out as the bytes that came in."""

from __future__ import annotations

import select
import ssl
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from linkexchange.dicom.holdings import listed
from linkexchange.dicom.inquiry import holder_of
from linkexchange.dicom.lane import Lane
from linkexchange.dicom.line import DEFAULT_TIMEOUTS, Line, Timeouts
from linkexchange.dicom.plan import EVERY_SYNTAX, storing
from linkexchange.errors import PacsRejectsNode, PacsUnavailable
from linkexchange.model.identifiers import AeTitle, SopClassUid, SopInstanceUid, StudyUid, TransferSyntaxUid
from linkexchange.model.passport import Passport
from linkexchange.model.patient import PatientHeader
from linkexchange.ports import Brake, Delivery, IncomingInstance, Reply, Room


class StoreDestination:
    """`ports.Destination` over C-STORE."""

    def __init__(
        self,
        passport: Passport,
        *,
        calling_ae: AeTitle,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._line = Line(passport, calling_ae, timeouts, tls)

    def holder(self, patient_id: str, *, brake: Brake | None = None) -> PatientHeader | None:
        """Whom the PACS has under a Patient ID, as `ports.Destination` promises."""
        return holder_of(self._line, patient_id, brake=brake)

    def held(self, study: StudyUid, *, brake: Brake | None = None) -> frozenset[SopInstanceUid] | None:
        """What it lists of a study at IMAGE level, as `ports.Destination` promises."""
        return listed(self._line, study, brake=brake)

    @contextmanager
    def deliver(
        self, sop_classes: Collection[SopClassUid], *, brake: Brake | None = None, room: Room | None = None
    ) -> Iterator[Delivery]:
        """Open a way and close it at the end. Raises `PacsUnavailable`.

        The call is made at once, so that a PACS that is down or does not know us is noticed before anything is
        fetched for it.
        """
        proposals = storing(sop_classes, self._line.passport.syntaxes or EVERY_SYNTAX)
        most = max(1, self._line.passport.max_associations)
        lane = Lane(self._line, brake or Brake(), proposals)
        delivery = StoreDelivery(self._line, [lane], most, room or (lambda _: most))
        try:
            yield delivery
        finally:
            for lane in delivery.lanes:
                lane.close()


@dataclass
class StoreDelivery:
    """As many lanes as the passport allows and there is room for, opened when all others are busy.

    The thread that sends goes on with the next instance on another lane while the destination still works at the one
    before: writing it down is where most destinations spend their time.
    """

    line: Line
    lanes: list[Lane]
    most: int
    room: Room
    come: list[Reply] = field(default_factory=list)
    """What has come and has not been handed out: it outlives whatever `send` raises."""

    def syntaxes(self, sop_class: SopClassUid) -> Collection[TransferSyntaxUid] | None:
        """What was negotiated, as `ports.Delivery` promises."""
        return self.lanes[0].syntaxes.get(sop_class)

    def send(self, instance: IncomingInstance) -> Sequence[Reply]:
        """Send one instance, as `ports.Delivery` promises."""
        self._take(self._answered())
        if reply := self._free().send(instance):
            self.come.append(reply)
        return self._handed_out()

    def settle(self) -> Sequence[Reply]:
        """Wait for what is pending, as `ports.Delivery` promises."""
        for lane in self.lanes:
            if lane.pending:
                with suppress(PacsUnavailable):
                    self._take([lane])
        return self._handed_out()

    def _take(self, lanes: Sequence[Lane]) -> None:
        for lane in lanes:
            self.come.append(lane.reply())

    def _handed_out(self) -> Sequence[Reply]:
        come, self.come = self.come, []
        return come

    def _free(self) -> Lane:
        """A lane on which nothing is pending: an idle one, a new one, else the first that is answered."""
        while True:
            self._make_room()
            if idle := next((lane for lane in self.lanes if not lane.pending), None) or self._another():
                return idle
            self._take(self._answered(self.line.timeouts.idle_seconds) or self.lanes[:1])

    def _make_room(self) -> None:
        """Close idle lanes that others may have instead; the first one stays."""
        idle = [lane for lane in self.lanes[1:] if not lane.pending]
        for lane in idle[: max(0, len(self.lanes) - self.room(len(self.lanes)))]:
            self.lanes.remove(lane)
            lane.close()

    def _another(self) -> Lane | None:
        """One more lane; where the destination does not let us have it, its limit is known."""
        if len(self.lanes) >= min(self.most, self.room(len(self.lanes))):
            return None
        first = self.lanes[0]
        try:
            lane = Lane(self.line, first.brake, first.proposals)
        except (PacsUnavailable, PacsRejectsNode):
            self.most = len(self.lanes)
            return None
        self.lanes.append(lane)
        return lane

    def _answered(self, seconds: float = 0) -> list[Lane]:
        pending = {lane.association: lane for lane in self.lanes if lane.pending}
        waiting = [it for it in pending if not it.has_input()] if seconds else []
        if seconds and len(waiting) == len(pending):
            poll = select.poll()
            for association in waiting:
                poll.register(association, select.POLLIN)
            poll.poll(seconds * 1000)
        return [lane for association, lane in pending.items() if association.has_input()]
