"""Whose turn it is at a PACS that bears only so much at once.

A transfer has a *place* there for each association; it goes in with one, and may be allotted more.

1. Never more places are taken than the PACS has.
2. Emergency goes before treatment, and treatment before prefetch; among equals, whoever came first.
3. A purpose that was passed as often as `PATIENCE` says has the next turn: nobody waits for ever.
4. Who has gone away for a moment and comes again (`reserves`) is waited for, before any of lower rank.
5. Places are shared evenly among all who are in and all who wait; nobody who is in has fewer than one.

These are functions of values. Who is in and who waits stands in the database (`store.turns`); `turnstile` waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from linkexchange.model.transfer import Purpose

RANKS = (Purpose.EMERGENCY, Purpose.TREATMENT, Purpose.PREFETCH)
PATIENCE = {Purpose.TREATMENT: 4, Purpose.PREFETCH: 8}
"""How many of higher rank may go first, one after the other. Nobody is above an emergency."""


class Use(StrEnum):
    """What a PACS is used for; each has places of its own, or two nodes could wait for each other for ever."""

    RETRIEVE = "retrieve"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Place:
    """Where turns are taken: a PACS, what for, and how many places there are."""

    pacs: str
    use: Use
    limit: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One transfer at a PACS: in, with so many places, or in line with none.

    `passed` counts those of higher rank that went first since the last turn of its own purpose.
    """

    number: int
    purpose: Purpose
    places: int = 0
    passed: int = 0
    present: bool = True
    reserves: bool = True


def next_in(standing: Sequence[Standing], limit: int) -> Standing | None:
    """Who goes in now; None where there is no place, or nobody to take it. `standing` is in order of arrival."""
    line = [it for it in standing if not it.places]
    if free(standing, limit) < 1 or not line:
        return None
    present = [it for it in line if it.present]
    due = [it for it in present if it.passed >= PATIENCE.get(it.purpose, it.passed + 1)]
    wanted = due or [it for it in line if it.present or it.reserves]
    highest = min((rank(it.purpose) for it in wanted), default=0)
    return next((it for it in present if rank(it.purpose) == highest), None)


def passed_by(waiting: Standing, admitted: Standing) -> int:
    """What `passed` is for one in line after another has gone in."""
    if waiting.purpose is admitted.purpose:
        return 0
    return waiting.passed + (rank(admitted.purpose) < rank(waiting.purpose))


def allotted(standing: Sequence[Standing], mine: Standing, limit: int) -> int:
    """How many places one that is in may use: its share, as far as others have left room by now."""
    inside = [it for it in standing if it.places]
    sharing = min(limit, sum(1 for it in standing if it.places or it.present))
    each, over = divmod(limit, max(1, sharing))
    share = each + (inside.index(mine) < over)
    return max(1, min(share, mine.places + free(standing, limit)))


def free(standing: Sequence[Standing], limit: int) -> int:
    """How many places nobody has; less than none where the limit was lowered meanwhile."""
    return limit - sum(it.places for it in standing)


def rank(purpose: Purpose) -> int:
    """0 is the highest."""
    return RANKS.index(purpose)
