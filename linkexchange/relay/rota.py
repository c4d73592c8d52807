"""Who comes next, where many want the same: participants take turns, however much each of them wants."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from linkexchange.model.identifiers import TelematikId

Item = TypeVar("Item")


class Rota(Generic[Item]):
    """Queues, one for each participant; the first of each has its turn before the second of any."""

    def __init__(self) -> None:
        self._queues: OrderedDict[TelematikId, deque[Item]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def count(self, participant: TelematikId) -> int:
        """How much of a participant is in it."""
        return len(self._queues.get(participant, ()))

    def put(self, participant: TelematikId, item: Item) -> None:
        """At the end of its queue; who had none comes after all others."""
        self._queues.setdefault(participant, deque()).append(item)

    def take(self) -> tuple[TelematikId, Item]:
        """The next one, whose participant then comes after all others. Raises KeyError where there is none."""
        participant, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        if queue:
            self._queues[participant] = queue
        return participant, item

    def drop(self, participant: TelematikId, item: Item) -> bool:
        """Take one out, wherever it stands; False where it is not there."""
        queue = self._queues.get(participant, deque())
        if item not in queue:
            return False
        queue.remove(item)
        if not queue:
            del self._queues[participant]
        return True


@dataclass(slots=True)
class Bucket:
    """A pace in bytes per second, 0 for none; after a rest, what a tenth of a second holds may go at once."""

    rate: int
    _free_at: float = field(default=0.0)

    def delay(self, now: float) -> float:
        """How many seconds to wait until something may go; `now` is monotonic."""
        return max(0.0, self._free_at - now) if self.rate else 0.0

    def spend(self, count: int, now: float) -> None:
        """So many bytes have gone."""
        if self.rate:
            self._free_at = max(self._free_at, now - _REST_SECONDS) + count / self.rate


_REST_SECONDS = 0.1
