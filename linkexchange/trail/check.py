"""Whether a chain is whole: it begins where it must, every entry follows, and what was exported is still there.

1. Where entries were removed, the checkpoint is signed, and the signature says what the row says.
2. Every entry follows from the one before it; the first from the checkpoint, or from nothing.
3. The newest signed head that lies outside names an entry of the chain, or one that was removed with evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from linkexchange.errors import MessageFault
from linkexchange.model.audit import CHECKPOINT_TYP, HEAD_TYP, AuditEntry, Checkpoint, first_bad
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.trail import Check
from linkexchange.ports import Store
from linkexchange.signing import Proven, PublicKeys, verify

STALE = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Checker:
    """What checking needs. `entries` opens a chain, `heads` are the signed heads that lie outside, oldest first."""

    store: Store
    entries: Callable[[TelematikId], AbstractContextManager[Iterator[AuditEntry]]]
    heads: Callable[[TelematikId], Sequence[str]]
    keys: PublicKeys
    now: Callable[[], datetime]

    def look(self, participant: TelematikId, heads: Sequence[str] = ()) -> Check:
        """Look through the chain, and keep what was found; `heads` beside those that lie outside."""
        found = self._look(participant, heads)
        with self.store.work(participant) as work:
            work.trail.put_check(found)
        return found

    def look_when_due(self, participant: TelematikId) -> Check | None:
        """Once a day, whoever of several processes comes first."""
        with self.store.work(participant) as work:
            last = work.trail.check()
        return None if last and self.now() - last.at < STALE else self.look(participant)

    def _look(self, participant: TelematikId, heads: Sequence[str]) -> Check:
        with self.store.work(participant) as work:
            left = work.trail.checkpoint()
        start = left[0] if left else None
        if left and (why := _doubt(*left, self.keys)):
            return Check(self.now(), left[0].entries, left[0].seq, f"the checkpoint of removed entries {why}")
        with self.entries(participant) as entries:
            seen = _Seen(entries)
            bad = first_bad(seen, start)
        if bad is not None:
            return Check(self.now(), seen.count, bad, "it does not follow from the one before it")
        return self._compare(participant, heads, seen, start)

    def _compare(self, participant: TelematikId, heads: Sequence[str], seen: _Seen, start: Checkpoint | None) -> Check:
        """Step 3."""
        unknown = 0
        for outside in (self.heads(participant), heads):
            claimed = _newest(outside, participant, self.keys)
            unknown += bool(outside) and claimed is None
            if claimed and not seen.has(claimed["seq"], claimed["hash"], start):
                why = (
                    "the head that was exported names it, and it is not there: the tail was cut, or the chain rewritten"
                )
                return Check(self.now(), seen.count, claimed["seq"], why)
        said = "a head outside is signed with a key that is not known here, and was not compared" if unknown else ""
        return Check(self.now(), seen.count, None, said)


class _Seen:
    """The entries of a chain as they pass, and their hashes by number."""

    def __init__(self, entries: Iterator[AuditEntry]) -> None:
        self._entries = entries
        self._hashes: dict[int, str] = {}
        self.count = 0

    def __iter__(self) -> Iterator[AuditEntry]:
        for entry in self._entries:
            self._hashes[entry.seq] = entry.hash
            self.count = entry.seq
            yield entry

    def has(self, seq: int, digest: str, start: Checkpoint | None) -> bool:
        """Whether this entry is there, or was; number 0 always was."""
        if start and seq <= start.seq:
            return seq < start.seq or digest == start.hash
        return seq == 0 or self._hashes.get(seq) == digest


def _doubt(left: Checkpoint, signed: str, keys: PublicKeys) -> str:
    """Why a checkpoint proves nothing; empty where it does."""
    try:
        proven = verify(signed, keys)
    except MessageFault as fault:
        return f"is not signed with a key that is known here ({fault.detail})"
    same = proven.typ == CHECKPOINT_TYP and proven.claims == left.claims()
    return "" if same else "says something else than its signature"


def _newest(heads: Sequence[str], participant: TelematikId, keys: PublicKeys) -> dict[str, Any] | None:
    """What the newest proven head says of this chain; None where none is proven."""
    for signed in reversed(heads):
        with suppress(MessageFault, KeyError, TypeError, AttributeError):
            proven = verify(signed, keys)
            if (said := _said(proven, participant)) is not None:
                return said
    return None


def _said(proven: Proven, participant: TelematikId) -> dict[str, Any] | None:
    said = proven.claims["heads"].get(str(participant)) if proven.typ == HEAD_TYP else None
    return said if isinstance(said, dict) and {"seq", "hash"} <= said.keys() else None
