"""C-MOVE to ourselves (PS3.4 section C.4.2): for a PACS that sends only over associations of its own.

What is asked for comes to the node's own `receiver`, under an AE title that this retrieval has `lease`d. The thread of
the retrieval listens to both: to the answers on the association that it has asked on, and to what arrives. Archives
differ in what they answer and in what they count, and some send the last instances after they have answered; so the set
of UIDs decides, and what did not come is looked for in this order:

1. The study or whole series where all of that is wanted, else lists of instances.
2. C-FIND: what the PACS does not list any more is not there.
3. What it lists, in lists of instances, then one by one.
4. Once more for each compressed syntax that it has offered in one context with others: it may be unable to convert.
"""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from linkexchange.dicom import identifier
from linkexchange.dicom.archive import CGetArchive
from linkexchange.dicom.bulk import Association, associate
from linkexchange.dicom.command import LOW, Command, Field
from linkexchange.dicom.dimse import MOVE, STUDY_ROOT_MOVE
from linkexchange.dicom.getting import sop_class
from linkexchange.dicom.headway import Headway
from linkexchange.dicom.holdings import listed
from linkexchange.dicom.lease import STORED, Arrival, Lease, Pool
from linkexchange.dicom.line import DEFAULT_TIMEOUTS, Line, Timeouts
from linkexchange.dicom.plan import Members, Request, by_instance, requests
from linkexchange.errors import PacsUnavailable, PacsWithholds
from linkexchange.model.identifiers import AeTitle, SeriesUid, SopInstanceUid, StudyUid, TransferSyntaxUid
from linkexchange.model.passport import Passport
from linkexchange.model.study import Manifest
from linkexchange.ports import Brake, IncomingInstance

_SUCCESS, _SOME_FAILED = 0x0000, 0xB000
_PENDING = (0xFF00, 0xFF01)
_UNKNOWN_DESTINATION, _NOT_AUTHORIZED = 0xA801, 0x0124
_MEANINGS = {
    0xA701: "out of resources: it cannot count the matches",
    0xA702: "out of resources: it cannot send",
    0xA900: "the request does not match its SOP class",
    0xFE00: "cancelled",
    _NOT_AUTHORIZED: "not authorized",
}

_Instances = Generator[IncomingInstance, None, None]


class CMoveArchive(CGetArchive):
    """`ports.Archive` over C-FIND and C-MOVE. `pool` has the AE titles of the receiver in this very process."""

    def __init__(
        self,
        passport: Passport,
        pool: Pool,
        *,
        calling_ae: AeTitle,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(passport, calling_ae=calling_ae, timeouts=timeouts, tls=tls)
        self._pool = pool

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances, as `ports.ImageSource` promises. Raises `PacsUnavailable`."""
        members = {one.series: [it.sop_instance for it in one.instances] for one in manifest.series}
        outstanding = set(wanted & manifest.uids)
        asked = requests(manifest.study, members, frozenset(outstanding))
        return self._moving(manifest.study, members, outstanding, brake or Brake()).run(asked)

    def retrieve_one(
        self, study: StudyUid, series: SeriesUid, instance: SopInstanceUid, *, brake: Brake
    ) -> Generator[IncomingInstance, None, None]:
        """Yield one instance, of a study of which nothing else is known here. Raises `PacsUnavailable`."""
        members = {series: [instance]}
        asked = by_instance(study, members, frozenset(members[series]))
        return self._moving(study, members, set(members[series]), brake).run(asked)

    def _moving(self, study: StudyUid, members: Members, outstanding: set[SopInstanceUid], brake: Brake) -> Moving:
        return Moving(self._line, self._pool, study, members=members, outstanding=outstanding, brake=brake)


@dataclass
class Moving:
    """One retrieval. `came` is how many instances it has brought, `status` how the last C-MOVE ended."""

    line: Line
    pool: Pool
    study: StudyUid
    members: Members = field(kw_only=True)
    outstanding: set[SopInstanceUid] = field(kw_only=True)
    brake: Brake = field(kw_only=True)
    came: int = 0
    status: int = _SUCCESS

    def run(self, asked: Iterator[Request]) -> _Instances:
        """Yield what comes; raises `PacsWithholds` when nothing comes of what the PACS lists.

        Raises `PacsUnavailable` when it would send nothing at all.
        """
        if not self.outstanding:
            return
        with self.pool.lease(self.line.calling_ae, self.outstanding, self.brake) as lease:
            yield from self._ask(lease, asked)
            if not lease.outstanding:
                return
            if self.brake.pulled:
                raise PacsUnavailable("stopped")
            if self.came or self.status not in (_UNKNOWN_DESTINATION, _NOT_AUTHORIZED):
                there = listed(self.line, self.study, brake=self.brake)
                lease.forget(() if there is None else lease.outstanding - there)
                yield from self._ask(lease, self._by_name(lease))
                yield from self._under_other_syntaxes(lease)
            if lease.outstanding and not self.came:
                raise self._why(lease)

    def _by_name(self, lease: Lease) -> Iterator[Request]:
        """Lists first; not every archive knows them."""
        yield from by_instance(self.study, self.members, lease.outstanding)
        yield from by_instance(self.study, self.members, lease.outstanding, batch=1)

    def _under_other_syntaxes(self, lease: Lease) -> _Instances:
        tried = set[str]()
        while lease.outstanding and (untried := [it for it in lease.passed_over if it not in tried]):
            lease.prefers = untried[0]
            tried.add(lease.prefers)
            yield from self._ask(lease, self._by_name(lease))

    def _ask(self, lease: Lease, these: Iterator[Request]) -> _Instances:
        """One request after the other, and then wait for what comes late."""
        if not lease.outstanding:
            return
        with associate(self.line, [MOVE], self.brake) as association:
            came = self.came
            for request in these:
                self.status = yield from self._move(lease, association, request)
            if self.came > came or self.status in (_SUCCESS, _SOME_FAILED):
                yield from self._late(lease, association)

    def _move(self, lease: Lease, association: Association, request: Request) -> Generator[IncomingInstance, None, int]:
        """One C-MOVE: yield what arrives meanwhile, whichever request it belongs to, and return the final status.

        An answer to an earlier request may come as late as its instances.
        """
        number = self._send(lease, association, request)
        headway = Headway(self.line.timeouts.idle_seconds)
        while True:
            event = _wait(lease, association, headway.seconds_left)
            if isinstance(event, Arrival):
                yield from self._pass_on(event)
                headway.made()
            elif event is None:
                raise PacsUnavailable(f"no answer within {self.line.timeouts.idle_seconds:g} s")
            elif event.field is not Field.C_MOVE_RSP:
                raise PacsUnavailable("an unexpected message in a C-MOVE")
            elif event.answers == number and event.status not in _PENDING:
                return event.status or _SUCCESS
            else:
                headway.note(event)

    def _late(self, lease: Lease, association: Association) -> _Instances:
        """The association is listened to as well, since it is stopped by the brake; the PACS has said all by now."""
        headway = Headway(self.pool.late_seconds)
        while lease.is_offered or (lease.outstanding and headway.seconds_left > 0):
            try:
                event = _wait(lease, association, headway.seconds_left)
            except PacsUnavailable:
                return
            if event is None:
                return
            if isinstance(event, Arrival):
                yield from self._pass_on(event)
                headway.made()

    def _send(self, lease: Lease, association: Association, request: Request) -> int:
        context = association.context(STUDY_ROOT_MOVE)
        number = self.pool.next_number()
        lease.asks(number)
        command = Command(
            Field.C_MOVE_RQ,
            number,
            sop_class=STUDY_ROOT_MOVE,
            priority=LOW,
            has_data_set=True,
            move_destination=lease.title,
        )
        association.send(command, context, [identifier.encode(request.keys, context.transfer_syntax)])
        return number

    def _pass_on(self, arrival: Arrival) -> _Instances:
        """Yield it; it is acknowledged when the next is asked for, and aborted when the retrieval ends before."""
        status = None
        try:
            yield IncomingInstance(
                sop_class(arrival.command),
                SopInstanceUid(arrival.command.sop_instance),
                TransferSyntaxUid(arrival.context.transfer_syntax),
                arrival.association.data(),
            )
            status = STORED
            self.came += 1
        finally:
            arrival.tell(status)

    def _why(self, lease: Lease) -> PacsUnavailable:
        if self.status == _UNKNOWN_DESTINATION:
            return PacsUnavailable(
                f"C-MOVE ended with status {self.status:04X}: the PACS does not know the move destination "
                f"{lease.title}, {self.pool.place}"
            )
        meaning = f": {_MEANINGS[self.status]}" if self.status in _MEANINGS else ""
        fault = PacsUnavailable if self.status == _NOT_AUTHORIZED else PacsWithholds
        return fault(f"it lists the instances but C-MOVE ends with status {self.status:04X}{meaning}")


def _wait(lease: Lease, association: Association, seconds: float) -> Arrival | Command | None:
    """What comes first: an arrival, or an answer; None after so long a silence. Raises `PacsUnavailable`."""
    deadline = time.monotonic() + seconds
    poll = select.poll()
    for listened in (lease, association):
        poll.register(listened, select.POLLIN)
    while (arrival := lease.take()) is None:
        if association.has_input():
            return _answer(association)
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        poll.poll(left * 1000)
    return arrival


def _answer(association: Association) -> Command:
    """The answer whole: a list of instances that failed may belong to it, and would be taken for the next answer."""
    _, command = association.receive()
    for _ in association.data():
        pass
    return command
