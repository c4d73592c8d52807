"""Hours of the day by the clock of the house, every day alike: `07:00-18:00` or, over midnight, `22:00-05:30`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `begin` until before `end`; where both are the same, the whole day."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read them as they are written; raises ValueError for anything else."""
        begin, dash, end = text.partition("-")
        hours = cls(_time(begin), _time(end))
        if not dash or str(hours) != text:
            raise ValueError("not hours such as 07:00-18:00")
        return hours

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def left(self, at: datetime) -> timedelta:
        """How long they still last at this local time; nothing where it lies outside."""
        now = _since_midnight(at.time())
        length = (_since_midnight(self.end) - _since_midnight(self.begin)) % _DAY or _DAY
        passed = (now - _since_midnight(self.begin)) % _DAY
        return max(length - passed, timedelta())


def left(hours: Iterable[Hours], at: datetime) -> timedelta:
    """How long the longest of those that it lies within still lasts."""
    return max((one.left(at) for one in hours), default=timedelta())


def _time(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 (a time of day has no zone)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
