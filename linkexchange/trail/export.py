"""Entries leave the house: each sink gets them in order, at least once, and its position is kept in the database.

1. Whoever holds the lease of a sink delivers; nobody else does meanwhile. It ends by itself where he falls silent.
2. The position moves after the sink has taken a batch. A crash in between delivers the batch again: every entry has
   its own number, by which a receiver sees that.
3. A sink that is down keeps its position; the entries wait in the database, where they are anyway.
4. Behind the newest entry goes the signed head of the chain, by which a tail that is cut off later is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from linkexchange.errors import Unavailable
from linkexchange.model.audit import HEAD_TYP, AuditEntry
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Store
from linkexchange.signing import Signer

BATCH = 200
LEASE_SECONDS = 120.0
_log = structlog.get_logger(__name__)


class Sink(Protocol):
    """A receiver of entries."""

    @property
    def name(self) -> str:
        """By which its position is kept."""
        ...

    def deliver(self, participant: TelematikId, entries: Sequence[AuditEntry], head: str) -> None:
        """Take these, in their order, and the signed head behind them where there is one.

        Returns when they are safe there. Raises `Unavailable` otherwise; then they come again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Exporter:
    """What exporting needs. `chains` are the participants whose chains are kept here."""

    store: Store
    sinks: Sequence[Sink]
    signer: Signer
    now: Callable[[], datetime]
    chains: Callable[[], Sequence[TelematikId]]
    buffer_max: int

    def go_round(self) -> int:
        """Deliver what waits, for each chain and sink; how many entries. What fails waits for the next round."""
        return sum(self._chain(participant) for participant in self.chains())

    def _chain(self, participant: TelematikId) -> int:
        with self.store.work(participant) as work:
            work.trail.know({sink.name: self.buffer_max for sink in self.sinks})
        return sum(self._catch_up(participant, sink) for sink in self.sinks)

    def _catch_up(self, participant: TelematikId, sink: Sink) -> int:
        """Batch after batch, until nothing waits."""
        sent = 0
        while batch := self._one(participant, sink):
            sent += batch
            if batch < BATCH:
                break
        return sent

    def _one(self, participant: TelematikId, sink: Sink) -> int:
        """A batch. An entry that somebody has made unreadable is passed over by nobody: it and all later ones wait."""
        try:
            return self._batch(participant, sink)
        except ValueError:
            _log.error("an audit entry cannot be read", sink=sink.name)
            with self.store.work(participant) as work:
                work.trail.missed(sink.name, f"{sink.name}: an entry cannot be read")
            return 0

    def _batch(self, participant: TelematikId, sink: Sink) -> int:
        with self.store.work(participant) as work:
            position = work.trail.lease(sink.name, LEASE_SECONDS)
            entries = [] if position is None else work.trail.after(position, BATCH)
            if position is not None and not entries:
                work.trail.delivered(sink.name, position, "")
        if not entries:
            return 0
        return self._deliver(participant, sink, entries)

    def _deliver(self, participant: TelematikId, sink: Sink, entries: Sequence[AuditEntry]) -> int:
        head = self._head(entries[-1]) if len(entries) < BATCH else ""
        try:
            sink.deliver(participant, entries, head)
        except Unavailable as fault:
            _log.warning("audit entries wait", sink=sink.name, code=fault.code, detail=fault.detail)
            with self.store.work(participant) as work:
                work.trail.missed(sink.name, fault.detail or fault.code)
            return 0
        with self.store.work(participant) as work:
            work.trail.delivered(sink.name, entries[-1].seq, head)
        return len(entries)

    def _head(self, entry: AuditEntry) -> str:
        return signed_head(self.signer, {entry.participant: entry}, self.now())


def signed_head(signer: Signer, heads: Mapping[TelematikId, AuditEntry | None], at: datetime) -> str:
    """The newest entry of each chain, by number and hash, as JWS of the type `HEAD_TYP`."""
    said = {str(me): {"seq": it.seq, "hash": str(it.hash)} if it else EMPTY for me, it in heads.items()}
    return signer.sign({"at": at.isoformat(), "heads": said}, typ=HEAD_TYP)


EMPTY = {"seq": 0, "hash": ""}
