from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wishes import NOW

from linkexchange.model import quota as quotas
from linkexchange.model.quota import Counted, Place, Quota, Span, Usage, Use, Whose

LINKS = Quota(Whose.INSTITUTION, Counted.LINKS, Span.HOUR, 10, 8)
BY_USER = Quota(Whose.USER, Counted.LINKS, Span.DAY, 5, 4, locks=False)
TRANSFERS = Quota(Whose.INSTITUTION, Counted.TRANSFERS, Span.DAY, 3, 2)
USES = (
    Use(Whose.INSTITUTION, "", Counted.TRANSFERS, "transfer"),
    Use(Whose.INSTITUTION, "", Counted.LINKS, "link"),
    Use(Whose.USER, "weiss", Counted.LINKS, "link"),
)
HOUR, DAY = datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
AT = NOW + timedelta(minutes=20)
OF_LINKS, OF_USER = Place("", Counted.LINKS, Span.HOUR, HOUR), Place("weiss", Counted.LINKS, Span.DAY, DAY)
OF_TRANSFERS = Place("", Counted.TRANSFERS, Span.DAY, DAY)


def _usage(counts: dict[Place, int], uses: tuple[Use, ...] = USES) -> Usage:
    return Usage((LINKS, BY_USER, TRANSFERS), uses, counts, AT)


def test_an_hour_and_a_day_begin_by_the_clock_in_utc() -> None:
    late = datetime(2026, 11, 24, 23, 59, 59, 999, tzinfo=UTC)
    elsewhere = late.astimezone()
    for moment in (late, elsewhere):
        assert Span.HOUR.begin(moment) == datetime(2026, 11, 24, 23, tzinfo=UTC)
        assert Span.DAY.begin(moment) == datetime(2026, 11, 24, tzinfo=UTC)


def test_below_its_limits_nothing_is_gone_beyond() -> None:
    usage = _usage({OF_LINKS: 9, OF_USER: 4, OF_TRANSFERS: 2})
    assert (usage.exceeded(), usage.to_lock()) == (None, None)


def test_at_a_limit_one_more_is_beyond_it_and_the_first_quota_is_named() -> None:
    assert _usage({OF_LINKS: 10}).exceeded() == LINKS
    assert _usage({OF_USER: 5, OF_TRANSFERS: 3}).exceeded() == BY_USER
    assert _usage({OF_TRANSFERS: 4}).exceeded() == TRANSFERS


def test_only_a_quota_that_locks_names_whom() -> None:
    assert _usage({OF_USER: 5}).to_lock() is None
    assert _usage({OF_USER: 5, OF_TRANSFERS: 3}).to_lock() == (TRANSFERS, "")
    locking = replace(BY_USER, locks=True)
    assert Usage((locking,), USES, {OF_USER: 5}, AT).to_lock() == (locking, "weiss")


@pytest.mark.parametrize(
    ("last", "hour", "day"),
    [(None, True, True), (HOUR, False, False), (HOUR - timedelta(seconds=1), True, False), (DAY, True, False)],
    ids=["never", "this hour", "the hour before", "as the day began"],
)
def test_the_same_thing_counts_once_in_an_hour_and_in_a_day(last: datetime | None, hour: bool, day: bool) -> None:
    use = replace(USES[0], last=last)
    assert (use.is_new(Span.HOUR, AT), use.is_new(Span.DAY, AT)) == (hour, day)


def test_what_was_counted_already_goes_beyond_nothing() -> None:
    known = tuple(replace(it, last=AT) for it in USES)
    usage = _usage({OF_LINKS: 10, OF_USER: 5, OF_TRANSFERS: 3}, known)
    assert (usage.exceeded(), usage.counting(*Counted), usage.standing()) == (None, (), ())


def test_counts_are_kept_by_whom_what_and_since_when() -> None:
    assert _usage({}).counting(Counted.LINKS) == (OF_LINKS, OF_USER)
    assert _usage({}).counting(Counted.LINKS, Counted.TRANSFERS) == (OF_LINKS, OF_USER, OF_TRANSFERS)
    assert _usage({}).counting() == ()


def test_two_quotas_at_one_place_count_once() -> None:
    usage = Usage((LINKS, replace(LINKS, limit=20)), USES, {}, AT)
    assert usage.counting(Counted.LINKS) == (OF_LINKS,)


def test_an_alarm_is_raised_by_what_reaches_it_and_by_nothing_after_it() -> None:
    assert _usage({OF_LINKS: 6}).alarms(Counted.LINKS) == ()
    assert _usage({OF_LINKS: 7}).alarms(Counted.LINKS) == (LINKS,)
    assert _usage({OF_LINKS: 8}).alarms(Counted.LINKS) == ()
    assert _usage({OF_LINKS: 7}).alarms(Counted.TRANSFERS) == ()


def test_what_was_used_stands_beside_each_quota() -> None:
    assert _usage({OF_LINKS: 7}).standing() == ((LINKS, 7), (BY_USER, 0), (TRANSFERS, 0))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 100)), max_size=60), st.integers(1, 8))
def test_no_count_ever_goes_beyond_its_limit(asked: list[tuple[int, int]], limit: int) -> None:
    """A model of the ledger: things asked for at minutes that grow, each counted where its quota allows it."""
    quota = Quota(Whose.INSTITUTION, Counted.LINKS, Span.HOUR, limit, limit)
    seen: dict[str, datetime] = {}
    counts: dict[Place, int] = {}
    moment, granted = NOW, dict[datetime, set[str]]()
    for thing, minutes in asked:
        moment += timedelta(minutes=minutes)
        use = Use(Whose.INSTITUTION, "", Counted.LINKS, str(thing), seen.get(str(thing)))
        usage = Usage((quota,), (use,), counts, moment)
        if usage.exceeded():
            continue
        for place in usage.counting(Counted.LINKS):
            counts[place] = counts.get(place, 0) + 1
        seen[str(thing)] = moment
        granted.setdefault(Span.HOUR.begin(moment), set()).add(str(thing))
    assert all(count <= limit for count in counts.values())
    assert {hour: len(things) for hour, things in granted.items()} == {it.begins: n for it, n in counts.items()}


# --- rows -------------------------------------------------------------------------------------------------------------

ROW = {"whose": "user", "counted": "links", "span": "day", "limit": 5, "alarm": 4, "locks": False}


def test_a_row_is_read_back_as_it_was_written() -> None:
    assert (Quota.from_row(ROW), BY_USER.to_row()) == (BY_USER, ROW)
    assert BY_USER.name == "user-links-day"


def test_a_quota_locks_unless_it_says_otherwise() -> None:
    assert Quota.from_row({key: value for key, value in ROW.items() if key != "locks"}).locks


def _with(**change: object) -> dict[str, Any]:
    return {"quotas": [{**ROW, **change}]}


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "one list `quotas` with at most 50 rows, and nothing else"),
        ({"quotas": {}}, "one list `quotas` with at most 50 rows, and nothing else"),
        ({"quotas": [], "more": 1}, "one list `quotas` with at most 50 rows, and nothing else"),
        ({"quotas": [ROW] * 51}, "one list `quotas` with at most 50 rows, and nothing else"),
        ({"quotas": [ROW, ROW]}, "user-links-day: stands there twice"),
        ({"quotas": ["x"]}, "quota 1: not a row"),
        ({"quotas": [{"whose": "user"}]}, "quota 1: whose, counted, span, limit and alarm, and perhaps locks"),
        (_with(more=1), "quota 1: whose, counted, span, limit and alarm, and perhaps locks"),
        (
            _with(whose="x"),
            "quota 1: whose, counted, span: institution, user, transfers, links, patients, hour, day",
        ),
        (_with(limit=0), "quota 1: limit: a whole number from 1 to 10000000"),
        (_with(limit=10_000_001), "quota 1: limit: a whole number from 1 to 10000000"),
        (_with(limit=True), "quota 1: limit: a whole number from 1 to 10000000"),
        (_with(limit=1.5), "quota 1: limit: a whole number from 1 to 10000000"),
        (_with(alarm=6), "quota 1: alarm: a whole number from 1 to 5"),
        (_with(alarm=0), "quota 1: alarm: a whole number from 1 to 5"),
        (_with(locks=1), "quota 1: locks: true or false"),
    ],
)
def test_a_slip_of_the_pen_is_refused_and_named(document: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the whole text is compared)
        quotas.load(document)
    assert str(refused.value) == text


@pytest.mark.parametrize("change", [{"limit": 1, "alarm": 1}, {"limit": 10_000_000}, {"alarm": 5}], ids=str)
def test_numbers_at_the_edge_count(change: dict[str, int]) -> None:
    assert quotas.load(_with(**change))


def test_fifty_quotas_would_be_taken_were_there_so_many() -> None:
    with pytest.raises(ValueError, match="stands there twice"):
        quotas.load({"quotas": [ROW] * 50})


def test_what_holds_by_itself_can_be_loaded_and_alarms_at_four_fifths() -> None:
    for own in (quotas.HUB_QUOTAS, quotas.ORIGIN_QUOTAS):
        assert quotas.load({"quotas": [it.to_row() for it in own]}) == own
        assert all(it.alarm * 5 == it.limit * 4 for it in own)


def test_what_holds_by_itself() -> None:
    named = {it.name: it.limit for it in (*quotas.HUB_QUOTAS, *quotas.ORIGIN_QUOTAS)}
    assert named == {
        "institution-transfers-hour": 3_000,
        "institution-transfers-day": 30_000,
        "institution-links-hour": 3_000,
        "institution-links-day": 30_000,
        "user-transfers-hour": 1_500,
        "user-transfers-day": 5_000,
        "user-links-hour": 1_500,
        "user-links-day": 5_000,
        "institution-patients-hour": 150,
        "institution-patients-day": 1_000,
    }


def test_counts_are_kept_longer_than_any_span() -> None:
    assert timedelta(days=1) < quotas.KEPT
