from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from linkexchange.dataset.moment import study_begin


def test_the_zone_of_the_study_counts() -> None:
    assert study_begin("20261101", "101500.25", "+0100") == datetime(
        2026, 11, 1, 10, 15, tzinfo=timezone(timedelta(hours=1))
    )


def test_without_one_it_is_that_of_this_machine() -> None:
    began = study_begin("20261101", "", "")
    assert began is not None
    assert (began.utcoffset(), began.hour) == (datetime(2026, 11, 1).astimezone().utcoffset(), 0)


@pytest.mark.parametrize(("day", "zone"), [("", ""), ("2026", ""), ("20261301", ""), ("00010101", "+1400")])
def test_what_names_no_moment_is_none(day: str, zone: str) -> None:
    assert study_begin(day, "", zone) is None
