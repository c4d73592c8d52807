"""Entries that were kept long enough are removed, and leave their evidence: the chain goes on from a signed checkpoint.

1. Only a beginning of the chain is removed, and only what every sink has.
2. It is looked through before: where an entry is bad, nothing is removed.
3. One transaction removes it, keeps the checkpoint, and writes the entry `trail.shortened` into the chain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from linkexchange.model.audit import CHECKPOINT_TYP, Action, AuditEntry, Checkpoint
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Store, UnitOfWork
from linkexchange.signing import Signer
from linkexchange.trail.check import Checker

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Keeper:
    """What removing needs. `keep` is how long entries stay, three years at least."""

    store: Store
    signer: Signer
    checker: Checker
    keep: timedelta
    now: Callable[[], datetime]

    def shorten(self, participant: TelematikId) -> int:
        """Remove what is older; how many entries."""
        with self.store.work(participant) as work:
            if _oldest_enough(work, self.now() - self.keep) is None:
                return 0
        if (check := self.checker.look(participant)).bad is not None:
            _log.error("nothing removed from an audit trail that is not whole", entry=check.bad)
            return 0
        with self.store.work(participant) as work:
            entry = _oldest_enough(work, self.now() - self.keep)
            return self._remove(work, participant, entry) if entry else 0

    def _remove(self, work: UnitOfWork, participant: TelematikId, entry: AuditEntry) -> int:
        before = work.trail.checkpoint()
        count, since, until = work.trail.count_until(entry.seq)
        left = Checkpoint(
            participant=participant,
            seq=entry.seq,
            hash=entry.hash,
            entries=count + (before[0].entries if before else 0),
            since=before[0].since if before else since,
            until=until,
        )
        said = left.claims()
        removed = work.trail.shorten(entry, self.signer.sign(said, typ=CHECKPOINT_TYP))
        work.audit(Action.TRAIL_SHORTENED, **{name: value for name, value in said.items() if name != "participant"})
        return removed


def _oldest_enough(work: UnitOfWork, moment: datetime) -> AuditEntry | None:
    """The last entry that may go; None where there is none, or where a sink does not have it yet."""
    entry = work.trail.last_before(moment)
    there = min((sink.position for sink in work.trail.sinks()), default=None)
    return None if entry is None or (there is not None and there < entry.seq) else entry
