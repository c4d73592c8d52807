"""How long images must be kept, and so how long a link to them lives (§ 85 StrlSchG)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

ADULT_AGE, CHILD_UNTIL_AGE, YEARS = 18, 28, 10
AT_LEAST = timedelta(days=366)
"""A PACS may keep a study for longer than it must: as long as it is there, each version lives for a year."""


def kept_until(examined: datetime | None, born: date | None, at: datetime) -> datetime:
    """The end of a link that is made now, given when the study began; where that is not known, it counts from now.

    Ten years from the examination; of a person who was not 18 yet, until the 28th birthday.
    """
    begun = examined if examined and examined <= at else at
    until = later(begun.date(), YEARS)
    if born and begun.date() < later(born, ADULT_AGE):
        until = max(until, later(born, CHILD_UNTIL_AGE))
    midnight = datetime(until.year, until.month, until.day, tzinfo=at.tzinfo)
    return max(midnight + timedelta(days=1), at + AT_LEAST)


def later(day: date, years: int) -> date:
    """The same day so many years later; of a 29 February where there is none, the 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
