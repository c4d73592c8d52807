"""Takes in what a modality sends to the outbox, and says so only when it will outlive a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import uuid4

import structlog

from linkexchange import dataset
from linkexchange.errors import Fault, InstanceConflict, InstanceFault, SpoolDamaged, SpoolFull, StateUnavailable
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.outbox import Spooled
from linkexchange.ports import IncomingInstance, Store, UnitOfWork
from linkexchange.spool.folder import Folder, Writing
from linkexchange.spool.room import Claim, Room

_log = structlog.get_logger(__name__)


class Status(IntEnum):
    """What the sender is answered (PS3.4 section B.2.3, PS3.7 annex C)."""

    TAKEN = 0x0000
    CONFLICT = 0x0110
    FULL = 0xA700
    NOT_WHAT_IT_SAYS = 0xA900
    UNREADABLE = 0xC000


@dataclass
class Limit:
    """Whether the outbox is past its alarm share, or full: each is told once, until it is over."""

    alarm_bytes: int
    max_bytes: int
    _alarmed: bool = False
    _full: bool = False

    @contextmanager
    def watched(self, store: Store, me: TelematikId) -> Iterator[UnitOfWork]:
        """A transaction in which images may be added, and at whose end it is told when the share is passed."""
        with store.work(me) as work:
            yield work
            used = work.outbox.bytes()
            passed = used >= self.alarm_bytes
            if passed and not self._alarmed:
                _log.warning("the outbox fills up", bytes=used, max_bytes=self.max_bytes)
                work.emit("outbox.alarm", bytes=used, max_bytes=self.max_bytes)
        # Only now: what was not committed was told to nobody.
        self._alarmed, self._full = passed, False

    def is_reached(self, work: UnitOfWork) -> None:
        """Tell that something was not taken."""
        if not self._full:
            work.emit("outbox.full", max_bytes=self.max_bytes)
            self._full = True


class Intake:
    """The outbox as the receiver knows it, under its AE title. `now` is the clock."""

    def __init__(
        self, me: TelematikId, store: Store, folder: Folder, *, title: AeTitle, now: Callable[[], datetime]
    ) -> None:
        self.title = title
        self.me = me
        self.store = store
        self.folder = folder
        self.now = now
        self.limit = Limit(folder.alarm_bytes, folder.max_bytes)
        self.room = Room(folder.max_bytes, self._used)

    def begin(self) -> None:
        """Once, before anything is taken: clear away what a crash has left. Raises `StateUnavailable`."""
        with self.limit.watched(self.store, self.me) as work:
            files, gone = work.outbox.files(), work.outbox.gone()
        unsettled, settled = self.folder.found()
        self.folder.remove([*(unsettled - files), *gone])
        with self.store.work(self.me) as work:
            work.outbox.forget(gone)
        for file in unsettled & files:
            self.folder.settle(file)
        lost = files - gone - unsettled - settled
        _report(removed=len(unsettled - files), strays=len(settled - files), lost=len(lost))

    def take(self, calling: str, instance: IncomingInstance) -> int:
        """Spool an instance; the status to answer. What is not taken leaves nothing behind.

        Raises what reading its chunks raises.
        """
        status = Status.FULL
        try:
            with _disk_faults(), self.room.claim() as claim:
                return self._spool(calling, instance, claim)
        except InstanceConflict as fault:
            status, why = Status.CONFLICT, fault.code
        except InstanceFault as fault:
            status, why = Status.NOT_WHAT_IT_SAYS if fault.detail == _OTHER else Status.UNREADABLE, fault.detail
        except (SpoolFull, StateUnavailable) as fault:
            why = self._not_taken(fault)
        _log.warning("not taken into the outbox", calling=calling, status=f"{status:04X}", why=why)
        return status

    def _spool(self, calling: str, instance: IncomingInstance, claim: Claim) -> int:
        file = uuid4()
        header, meter, chunks = dataset.examine(instance.transfer_syntax, instance.chunks)
        if (header.sop_instance, header.sop_class) != (instance.sop_instance, instance.sop_class):
            raise InstanceFault(_OTHER)
        with self.folder.writing(file) as writing:
            for chunk in chunks:
                claim.more(len(chunk))
                writing.write(chunk)
            writing.end()
            spooled = Spooled(
                file=file,
                study=header.study,
                series=header.series,
                sop_class=header.sop_class,
                sop_instance=header.sop_instance,
                transfer_syntax=instance.transfer_syntax,
                bytes=meter.bytes,
                digest=meter.digest,
                received_at=self.now(),
                calling=calling,
            )
            claim.kept = self._enter(spooled, writing)
        return Status.TAKEN

    def _enter(self, spooled: Spooled, writing: Writing) -> bool:
        """Commit the row; False where the same image waits already. Raises `InstanceConflict`.

        Whether a commit came about whose answer never came is not guessed: then the file stays, and the next start
        looks for its row.
        """
        while True:
            writing.kept = True
            with self.limit.watched(self.store, self.me) as work:
                there = work.outbox.add(spooled)
                if there is None:
                    self._write_down(work, spooled)
            if there is None:
                self.folder.settle(spooled.file)
                return True
            writing.kept = False
            if self._is_held(there, spooled):
                return False
            with self.store.work(self.me) as work:
                work.outbox.drop([there.file])

    def _is_held(self, there: Spooled, spooled: Spooled) -> bool:
        """Whether the same image is there, to its last byte. Another one is never overwritten, not even damaged."""
        if not there.is_same(spooled):
            raise InstanceConflict
        try:
            for _ in self.folder.read(there.file):
                pass
        except SpoolDamaged as damaged:
            _log.warning("a damaged image of the outbox came once more", why=damaged.detail)
            return False
        return True

    def _write_down(self, work: UnitOfWork, spooled: Spooled) -> None:
        """One entry for a study, when its first image comes."""
        if work.outbox.count(spooled.study) == 1:
            work.audit(Action.OUTBOX_RECEIVED, study=spooled.study, calling=spooled.calling)
            work.emit(Action.OUTBOX_RECEIVED.value, calling=spooled.calling)

    def _not_taken(self, fault: Fault) -> str:
        if isinstance(fault, SpoolFull):
            with suppress(StateUnavailable), self.store.work(self.me) as work:
                self.limit.is_reached(work)
        return f"{fault.code}: {fault.detail}" if fault.detail else fault.code

    def _used(self) -> int:
        with self.store.work(self.me) as work:
            return work.outbox.bytes()


_OTHER = "the data set is another one than the command says"


@contextmanager
def _disk_faults() -> Iterator[None]:
    """A disk that is full, or fails, is no room. The name of the error only: its text has a path."""
    try:
        yield
    except OSError as wrong:
        raise SpoolFull(f"the disk: {type(wrong).__name__} {wrong.errno}") from wrong


def _report(**counts: int) -> None:
    """What lay in the folder, where it is not as it should be."""
    if any(counts.values()):
        _log.error("the spool was put in order", **counts)
