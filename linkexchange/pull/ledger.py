"""What a run knows of each instance. The thread that moves instances notes; another one writes down.

Fates are gathered and written a few times a second, all that have come since in one transaction. So a crash costs the
instances of that moment once more: they are sent again, byte by byte the same, and the journal has counted them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Lock

from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid
from linkexchange.model.proof import ARRIVED, Delivered, Fate
from linkexchange.model.study import Manifest
from linkexchange.ports import Progress

OUT_OF_RESOURCES = 0xA700
DUPLICATE = 0x0111
UNCONFIRMED = "acknowledged, not listed"
FOUND = "listed, not acknowledged"
UNANSWERED = "may have been sent, and no reply ever came"


class Ledger:
    """The manifest, and beside each of its instances what has become of it so far.

    `put_off` says that the destination has put something off in this round, for lack of resources.
    """

    def __init__(self, manifest: Manifest, known: Iterable[Delivered]) -> None:
        self.homes: Mapping[SopInstanceUid, tuple[SeriesUid, SopClassUid]] = {
            it.sop_instance: (series.series, it.sop_class) for series in manifest.series for it in series.instances
        }
        self._known = {delivered.sop_instance: delivered for delivered in known}
        self._wanted = {uid for uid in self.homes if not _is_settled(self._known.get(uid))}
        self._begun = {uid for uid, it in self._known.items() if it.attempts}
        self._repeated: set[SopInstanceUid] = set()
        self._news: list[Delivered] = []
        self._lock = Lock()
        self.put_off = False
        counts = Progress.of(self._known.values(), len(self.homes))
        self._done, self._bytes = counts.done, counts.bytes

    @property
    def wanted(self) -> frozenset[SopInstanceUid]:
        """What is neither there nor refused for good."""
        return frozenset(self._wanted)

    def try_again(self) -> None:
        """A new round begins: what was put off is asked for once more."""
        self.put_off = False

    @property
    def begun(self) -> frozenset[SopInstanceUid]:
        """What this transfer has begun to send, in this run or an earlier one."""
        with self._lock:
            return frozenset(self._begun)

    def begin(self, sop_instance: SopInstanceUid) -> None:
        """This one is about to be sent."""
        with self._lock:
            (self._repeated if sop_instance in self._begun else self._begun).add(sop_instance)

    @property
    def duplicates(self) -> frozenset[SopInstanceUid]:
        """What the destination says it has (Duplicate SOP Instance, PS3.7 annex C) and was sent a second time."""
        with self._lock:
            return frozenset(uid for uid in self._repeated if self._of(uid).status == DUPLICATE)

    @property
    def unanswered(self) -> frozenset[SopInstanceUid]:
        """What was begun and never answered: the destination may have it. It had not before, or it was not begun."""
        with self._lock:
            return frozenset(uid for uid in self._begun if _is_open(self._known.get(uid)))

    @property
    def sent_whole(self) -> frozenset[SopInstanceUid]:
        """Those of them that were measured to their end."""
        return frozenset(uid for uid in self.unanswered if uid in self._known and self._known[uid].received)

    def wants(self, sop_instance: SopInstanceUid) -> bool:
        """Whether this one is still wanted."""
        return sop_instance in self._wanted

    def note(self, delivered: Delivered) -> None:
        """Note what became of an instance."""
        with self._lock:
            before = self._known.get(delivered.sop_instance)
            self._known[delivered.sop_instance] = delivered
            self._news.append(delivered)
            if _is_settled(delivered):
                self._wanted.discard(delivered.sop_instance)
            self.put_off |= _is_put_off(delivered.status)
            self._count(before, -1)
            self._count(delivered, 1)

    def news(self) -> list[Delivered]:
        """What has been noted since the last time."""
        with self._lock:
            news, self._news = self._news, []
        return news

    @property
    def arrived(self) -> frozenset[SopInstanceUid]:
        """What the destination has, by what it has said."""
        with self._lock:
            return frozenset(uid for uid, it in self._known.items() if it.fate in ARRIVED)

    def unconfirmed(self, sop_instances: Iterable[SopInstanceUid]) -> None:
        """Take back what was noted of these: the destination acknowledged them, and does not list them."""
        for uid in sop_instances:
            self.note(replace(self._known[uid], fate=Fate.MISSING, note=UNCONFIRMED))

    def found(self, sop_instances: Iterable[SopInstanceUid]) -> None:
        """The destination lists these, whose reply never came."""
        for uid in sop_instances:
            self.note(replace(self._of(uid), fate=Fate.STORED, note=FOUND))

    def unheard_of(self) -> None:
        """Nobody can say whether the destination has what it never answered."""
        for uid in self.unanswered:
            self.note(replace(self._of(uid), note=UNANSWERED))

    @property
    def progress(self) -> Progress:
        """Counts for the one progress row."""
        return Progress(self._done, len(self.homes), self._bytes)

    def _of(self, uid: SopInstanceUid) -> Delivered:
        return self._known.get(uid, Delivered(uid, Fate.MISSING))

    def _count(self, delivered: Delivered | None, sign: int) -> None:
        if delivered is not None and delivered.fate in ARRIVED:
            self._done += sign
            self._bytes += sign * delivered.bytes


def _is_open(delivered: Delivered | None) -> bool:
    return delivered is None or (delivered.fate is Fate.MISSING and delivered.status is None)


def _is_put_off(status: int | None) -> bool:
    """Out of resources (PS3.4 table B.2-1): the destination may take it later."""
    return status is not None and status & 0xFF00 == OUT_OF_RESOURCES


def _is_settled(delivered: Delivered | None) -> bool:
    return delivered is not None and delivered.fate is not Fate.MISSING and not _is_put_off(delivered.status)
