"""Hours of the day: as they are written, and how long they last."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.hours import Hours, left

BERLIN = ZoneInfo("Europe/Berlin")
minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))
moments = st.datetimes(timezones=st.just(BERLIN), min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1))  # noqa: DTZ001


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, tzinfo=BERLIN)


@given(minutes, minutes)
def test_hours_read_back_as_they_were_written(begin: time, end: time) -> None:
    assert Hours.parse(str(Hours(begin, end))) == Hours(begin, end)


@pytest.mark.parametrize(
    "text", ["", "7-18", "07:00", "07:00-24:00", "07:00-18:00 ", "7:00-18:00", "07:00-18:00-19:00"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|match|format|unconverted"):
        Hours.parse(text)


@pytest.mark.parametrize(
    ("moment", "hours"), [(at(7), 11.0), (at(17, 59), 1 / 60), (at(18), 0.0), (at(6, 59), 0.0), (at(12), 6.0)], ids=str
)
def test_within_the_day_they_last_from_the_first_minute_until_before_the_last(moment: datetime, hours: float) -> None:
    assert Hours.parse("07:00-18:00").left(moment) == timedelta(hours=hours)


@pytest.mark.parametrize(("moment", "hours"), [(at(22), 7.5), (at(0), 5.5), (at(5, 30), 0.0), (at(12), 0.0)], ids=str)
def test_they_may_go_over_midnight(moment: datetime, hours: float) -> None:
    assert Hours.parse("22:00-05:30").left(moment) == timedelta(hours=hours)


@given(minutes, moments)
def test_from_a_time_to_itself_is_the_whole_day(one: time, moment: datetime) -> None:
    assert timedelta() < Hours(one, one).left(moment) <= timedelta(days=1)


@given(minutes, minutes, moments)
def test_a_moment_lies_in_hours_or_in_the_rest_of_the_day_and_never_in_both(
    begin: time, end: time, moment: datetime
) -> None:
    if begin != end:
        assert bool(Hours(begin, end).left(moment)) != bool(Hours(end, begin).left(moment))


def test_of_several_hours_the_longest_counts() -> None:
    assert left([Hours.parse("07:00-12:00"), Hours.parse("11:00-18:00")], at(11, 30)) == timedelta(hours=6.5)


def test_without_any_there_is_nothing_left() -> None:
    assert left([], at(12)) == timedelta()
