"""The PACS that images are sent to, by STOW-RS; what it holds, by QIDO-RS."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from linkexchange.dicomweb import qido
from linkexchange.dicomweb.connection import IDLE_SECONDS, Connection
from linkexchange.dicomweb.search import FAULTS, search
from linkexchange.dicomweb.stow import NOT_SUPPORTED
from linkexchange.dicomweb.upload import Upload
from linkexchange.dicomweb.wire import Wire
from linkexchange.errors import MessageFault, PacsUnavailable
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, StudyUid, TransferSyntaxUid
from linkexchange.model.passport import Passport
from linkexchange.model.patient import PatientHeader
from linkexchange.ports import Brake, Delivery, IncomingInstance, Reply, Room

# Each of these would make more than one identifier of it.
_SPECIAL = frozenset("*?\\")


class StowDestination:
    """`ports.Destination` over the DICOMweb service of a passport. `context` is for a PACS that speaks TLS."""

    def __init__(
        self, passport: Passport, *, context: ssl.SSLContext | None = None, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._passport = passport
        self._context = context
        self._idle_seconds = idle_seconds

    def holder(self, patient_id: str, *, brake: Brake | None = None) -> PatientHeader | None:
        """Whom the PACS has under a Patient ID, as `ports.Destination` promises. Raises `MessageFault` too.

        QIDO-RS knows no other place for it than the address, which goes to the own PACS and is not logged here.
        """
        wanted = patient_id.strip()
        if not wanted.isprintable() or not wanted or _SPECIAL & set(wanted):
            raise MessageFault("not a Patient ID that can be asked for")
        rows = self._search(qido.STUDY, "studies", brake, PatientID=wanted)
        return next((qido.patient_header(row) for row in rows or () if qido.text(row, qido.PATIENT_ID) == wanted), None)

    def held(self, study: StudyUid, *, brake: Brake | None = None) -> frozenset[SopInstanceUid] | None:
        """Which instances of a study it lists, as `ports.Destination` promises. Raises `MessageFault` too."""
        rows = self._search(qido.INSTANCE, f"studies/{study}/instances", brake)
        if rows is None:
            return None
        try:
            return frozenset(SopInstanceUid(qido.text(row, qido.SOP_INSTANCE_UID)) for row in rows)
        except ValueError as wrong:
            raise MessageFault(f"QIDO-RS: {wrong}") from wrong

    @contextmanager
    def deliver(
        self, sop_classes: Collection[SopClassUid], *, brake: Brake | None = None, room: Room | None = None
    ) -> Iterator[Delivery]:
        """Open a way, and close it at the end. STOW-RS negotiates nothing, so the classes do not matter.

        The first connection is made at once, so that a PACS that is down is noticed before anything is fetched for it.
        Raises `PacsUnavailable`.
        """
        del sop_classes
        brake = brake or Brake()
        with ExitStack() as stack:
            uploads = [self._upload() for _ in range(self._passport.max_associations)]
            for upload in uploads:
                stack.callback(upload.close)
                stack.enter_context(brake.stops(upload.stop))
            uploads[0].open()
            yield StowDelivery(self._passport, uploads, room or (lambda _: len(uploads)))

    def _search(self, level: qido.Level, path: str, brake: Brake | None, **match: str) -> list[qido.Row] | None:
        url, context = self._passport.dicomweb_url, self._context
        with (
            Connection(url, FAULTS, context=context, idle_seconds=self._idle_seconds) as pacs,
            (brake or Brake()).stops(pacs.stop),
        ):
            return search(pacs, level, path, **match)

    def _upload(self) -> Upload:
        try:
            wire = Wire(self._passport.dicomweb_url, context=self._context, idle_seconds=self._idle_seconds)
        except ValueError as wrong:
            raise PacsUnavailable("not a DICOMweb address") from wrong
        return Upload(wire, idle_seconds=self._idle_seconds)


class StowDelivery:
    """`ports.Delivery` over several connections: while the service stores what one has sent, the next one sends."""

    def __init__(self, passport: Passport, uploads: Sequence[Upload], room: Room) -> None:
        self._taken = passport.syntaxes
        self._room = room
        self._free = deque(uploads)
        self._waiting: deque[tuple[Upload, SopInstanceUid]] = deque()
        self._replies: list[Reply] = []

    def syntaxes(self, sop_class: SopClassUid) -> Collection[TransferSyntaxUid] | None:
        """What the passport says, which makes no difference between classes; None where it says nothing."""
        del sop_class
        return self._taken or None

    def send(self, instance: IncomingInstance) -> Sequence[Reply]:
        """Send one instance, as `ports.Delivery` promises. Raises `PacsUnavailable`, and what reading it raises."""
        if self._taken and instance.transfer_syntax not in self._taken:
            self._replies.append(Reply(instance.sop_instance, NOT_SUPPORTED))
            return self._arrived()
        while self._waiting and (not self._has_room() or self._waiting[0][0].has_answer()):
            self._collect()
        early = self._free[0].send(instance)
        if early is None:
            self._waiting.append((self._free.popleft(), instance.sop_instance))
        else:
            self._replies.append(early)
        return self._arrived()

    def settle(self) -> Sequence[Reply]:
        """Wait for the outstanding replies, as `ports.Delivery` promises."""
        while self._waiting:
            with suppress(PacsUnavailable):
                self._collect()
        return self._arrived()

    def _has_room(self) -> bool:
        under_way = len(self._waiting)
        return bool(self._free) and under_way < self._room(max(1, under_way))

    def _collect(self) -> None:
        """The reply to what was sent first. A connection that has broken is free too, since `send` opens it anew."""
        upload, uid = self._waiting.popleft()
        self._free.appendleft(upload)
        self._replies.append(upload.reply(uid))

    def _arrived(self) -> Sequence[Reply]:
        arrived, self._replies = self._replies, []
        return arrived
