"""Counting attempts ahead of the images, many with one statement: one for each would cost more than a small image.

An image's last byte waits until its attempt is written down, fenced by the epoch. So the next images of the manifest
are counted along with the one that has come, as many as are likely to come while that is fresh: a worker that was
frozen and wakes must ask anew, and learns that it has been overtaken. What was counted and did not come is taken back.
Only where a worker dies within a round may some have been counted that were never sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from time import monotonic

from linkexchange.errors import Overtaken, StateUnavailable
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.ports import Journal

AHEAD_MAX = 64
FRESH_SECONDS = 0.2


class Announced:
    """What has been counted and not been sent. `order` is that of the manifest, `left_out` is what is never sent."""

    def __init__(
        self,
        journal: Journal,
        order: Sequence[SopInstanceUid],
        *,
        left_out: Collection[SopInstanceUid] = (),
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._journal = journal
        self._order = order
        self._place = {uid: place for place, uid in enumerate(order)}
        self._left_out = left_out
        self._now = now
        self._ahead: set[SopInstanceUid] = set()
        self._size = 1
        self._written: Callable[[], None] = _nothing
        self._since = float("-inf")

    def begin(self, sop_instance: SopInstanceUid, wanted: Callable[[SopInstanceUid], bool]) -> Callable[[], None]:
        """Count this attempt; what comes back waits until that is written down, as `ports.Journal` promises."""
        is_fresh = self._now() - self._since < FRESH_SECONDS
        if not is_fresh or sop_instance not in self._ahead:
            self._pace(is_fresh=is_fresh)
            self._count(sop_instance, wanted)
        self._ahead.discard(sop_instance)
        return self._written

    def take_back(self) -> None:
        """The round is over: what was counted and not sent is counted no more.

        Where that cannot be written down, it counts for too much, as after a crash.
        """
        with suppress(Overtaken, StateUnavailable):
            self._take_back()

    def _pace(self, *, is_fresh: bool) -> None:
        """As many ahead as have come in time, or twice as many where all have."""
        if is_fresh:
            self._size = min(2 * self._size, AHEAD_MAX)
            return
        self._size = max(1, self._size - len(self._ahead))
        self._take_back()

    def _count(self, sop_instance: SopInstanceUid, wanted: Callable[[SopInstanceUid], bool]) -> None:
        others = (it for it in self._near(sop_instance) if wanted(it) and self._is_new(it))
        new = [sop_instance, *islice(others, self._size - 1)]
        self._since, self._written = self._now(), self._journal.begin(new)
        self._ahead.update(new)

    def _is_new(self, sop_instance: SopInstanceUid) -> bool:
        return sop_instance not in self._ahead and sop_instance not in self._left_out

    def _near(self, sop_instance: SopInstanceUid) -> Iterator[SopInstanceUid]:
        """What stands beside it in the manifest: after it and, for a PACS that begins at the end, before it."""
        place, size = self._place[sop_instance], self._size
        yield from self._order[place + 1 : place + size]
        yield from reversed(self._order[max(0, place + 1 - size) : place])

    def _take_back(self) -> None:
        ahead, self._ahead = self._ahead, set()
        if ahead:
            self._journal.take_back(list(ahead))


def _nothing() -> None:
    """Before anything has been counted."""
