"""Quotas: how much one institution or one person may have in an hour and in a day, and what happens at the limit.

1. What is counted is different things, never requests: the renewal of a grant, or the same link again, counts once.
2. Links are counted where they are asked for, also where that is denied: who tries numbers comes to the limit.
3. Hours and days are those of the clock in UTC; each begins with nothing counted.
4. At `alarm` there is an alarm. What would go beyond `limit` is denied, and where the quota `locks`, who asked is
   locked until an operator lifts that. What is denied for a quota is not counted: no count goes beyond its limit.

Wire format: docs/reference/policies.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from linkexchange.model import rows

LIMIT_MAX = 10_000_000
QUOTAS_MAX = 50


class Counted(StrEnum):
    """What. The hub counts transfers and links; an origin's node knows patients, and counts them."""

    TRANSFERS = "transfers"
    LINKS = "links"
    PATIENTS = "patients"


class Whose(StrEnum):
    """Who it is counted for: an institution, or one of its users as its node names them."""

    INSTITUTION = "institution"
    USER = "user"


class Span(StrEnum):
    """How long until it begins anew."""

    HOUR = "hour"
    DAY = "day"

    def begin(self, at: datetime) -> datetime:
        """When the hour or day of a moment began, by the clock in UTC."""
        at = at.astimezone(UTC)
        hour = 0 if self is Span.DAY else at.hour
        return at.replace(hour=hour, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Quota:
    """So many different things in one span; `alarm` is the number at which somebody is told."""

    whose: Whose
    counted: Counted
    span: Span
    limit: int
    alarm: int
    locks: bool = True

    @property
    def name(self) -> str:
        """What it is called in decisions, alarms and locks, such as `user-links-hour`."""
        return f"{self.whose}-{self.counted}-{self.span}"

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row; raises ValueError that names the key."""
        if set(row) - {"locks"} != {it.name for it in fields(cls)} - {"locks"}:
            raise ValueError("whose, counted, span, limit and alarm, and perhaps locks")
        try:
            kinds = Whose(row["whose"]), Counted(row["counted"]), Span(row["span"])
        except ValueError:
            raise ValueError(f"whose, counted, span: {', '.join((*Whose, *Counted, *Span))}") from None
        limit, locks = rows.whole_number("limit", row["limit"], LIMIT_MAX), row.get("locks", True)
        if not isinstance(locks, bool):
            raise ValueError("locks: true or false")
        return cls(*kinds, limit, rows.whole_number("alarm", row["alarm"], limit), locks)

    def to_row(self) -> dict[str, Any]:
        """The row that `from_row` reads."""
        return {it.name: getattr(self, it.name) for it in fields(self)}


def _both(whose: Whose, counted: Counted, hour: int, day: int) -> tuple[Quota, Quota]:
    """Alarms are at four fifths."""
    spans = ((Span.HOUR, hour), (Span.DAY, day))
    first, second = (Quota(whose, counted, span, limit, limit * 4 // 5) for span, limit in spans)
    return first, second


HUB_QUOTAS: tuple[Quota, ...] = (
    *_both(Whose.INSTITUTION, Counted.TRANSFERS, 3_000, 30_000),
    *_both(Whose.INSTITUTION, Counted.LINKS, 3_000, 30_000),
    *_both(Whose.USER, Counted.TRANSFERS, 1_500, 5_000),
    *_both(Whose.USER, Counted.LINKS, 1_500, 5_000),
)
"""What holds at a hub until its operator loads other ones."""
ORIGIN_QUOTAS: tuple[Quota, ...] = _both(Whose.INSTITUTION, Counted.PATIENTS, 150, 1_000)
"""What holds at an origin's node until somebody there loads other ones."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a count stands: whose, what, and since when. At the hub `who` is empty for the institution itself."""

    who: str
    counted: Counted
    span: Span
    begins: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that somebody asks for, and when it was last asked for; None is never, or long ago."""

    whose: Whose
    who: str
    counted: Counted
    thing: str
    last: datetime | None = None

    def is_new(self, span: Span, now: datetime) -> bool:
        """Whether it has not been counted in this hour or day."""
        return self.last is None or self.last < span.begin(now)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a decision looks at: the quotas that hold, what is asked for, and what has been counted so far."""

    quotas: tuple[Quota, ...]
    uses: tuple[Use, ...]
    counts: Mapping[Place, int]
    now: datetime

    def exceeded(self) -> Quota | None:
        """The first quota that this would go beyond."""
        return next((quota for quota, _, count in self._pairs() if count >= quota.limit), None)

    def to_lock(self) -> tuple[Quota, str] | None:
        """The quota that this would go beyond and that locks, and who is to be locked for it."""
        beyond = ((quota, place.who) for quota, place, count in self._pairs() if count >= quota.limit and quota.locks)
        return next(beyond, None)

    def standing(self) -> Sequence[tuple[Quota, int]]:
        """How much of each quota was used before this, where this counts for it."""
        return tuple((quota, count) for quota, _, count in self._pairs())

    def counting(self, *counted: Counted) -> Sequence[Place]:
        """Where one more is to be counted, if these kinds of things are."""
        places = (place for quota, place, _ in self._pairs() if quota.counted in counted)
        return tuple(dict.fromkeys(places))

    def alarms(self, *counted: Counted) -> Sequence[Quota]:
        """Quotas that reach their alarm with this."""
        return tuple(it for it, _, count in self._pairs() if it.counted in counted and count + 1 == it.alarm)

    def _pairs(self) -> Iterator[tuple[Quota, Place, int]]:
        """Every quota that something new counts for, with its place and count."""
        for quota in self.quotas:
            for use in self.uses:
                if (use.counted, use.whose) == (quota.counted, quota.whose) and use.is_new(quota.span, self.now):
                    place = Place(use.who, quota.counted, quota.span, quota.span.begin(self.now))
                    yield quota, place, self.counts.get(place, 0)


@dataclass(frozen=True, slots=True)
class Lock:
    """Who has gone beyond a quota gets nothing until an operator lifts it. `who` is that of the uses it is about."""

    lock: UUID
    who: str
    quota: str
    since: datetime


def load(document: Mapping[str, Any]) -> tuple[Quota, ...]:
    """Read `{"quotas": [row, ...]}`; raises ValueError that names the quota and the key."""
    return rows.each(rows.listed(document, "quotas", QUOTAS_MAX), Quota.from_row, "quota")


KEPT = timedelta(days=2)
"""So long counts are kept: longer than any span."""
