from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from walks import CARD_ENDS, NO_LOGIN, NO_PIN, WELL

from linkexchange.model.readiness import (
    CERTIFICATE_SOON,
    Finding,
    Readiness,
    Reason,
    Step,
    Verdict,
    Walked,
    holds,
    is_due,
)

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(days=2)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

untold = st.builds(
    Finding,
    st.sampled_from(Step),
    st.sampled_from([Verdict.WELL, Verdict.UNSEEN]),
    detail=st.text(max_size=20),
    subject=st.text(max_size=8),
    until=st.none() | st.datetimes(timezones=st.just(UTC)),
)
problems = st.builds(
    Finding, st.sampled_from(Step), st.sampled_from([Verdict.WARNS, Verdict.FAILS]), st.sampled_from(Reason)
)
walks = st.builds(Readiness, st.lists(untold | problems, max_size=6).map(tuple))


@given(walks)
def test_what_was_found_reads_back_as_it_was_written(value: Readiness) -> None:
    assert Readiness.from_json(json.loads(json.dumps(value.to_json()))) == value


@pytest.mark.parametrize("newer", [{"step": "crystal-ball"}, {"reason": "brand-new"}])
def test_what_is_newer_than_the_reader_is_passed_over(newer: dict[str, str]) -> None:
    row = NO_PIN.to_json()
    row["findings"].append({**row["findings"][1], **newer})
    assert Readiness.from_json(row) == NO_PIN


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        Readiness.from_json({**WELL.to_json(), "version": 2})


@pytest.mark.parametrize("verdict", Verdict)
def test_what_warns_or_fails_has_a_reason_and_nothing_else_has(verdict: Verdict) -> None:
    needs = verdict in {Verdict.WARNS, Verdict.FAILS}
    with pytest.raises(ValueError, match="reason"):
        Finding(Step.PIN, verdict, None if needs else Reason.CLOCK)


@given(walks)
def test_what_fails_blocks_and_nothing_else_does(value: Readiness) -> None:
    assert {it.verdict for it in value.blocks} <= {Verdict.FAILS}
    assert len(value.blocks) == [it.verdict for it in value.findings].count(Verdict.FAILS)
    assert len(value.warns) == [it.verdict for it in value.findings].count(Verdict.WARNS)


# --- alarms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, Walked(WELL, EARLIER), Walked(CARD_ENDS, EARLIER)])
def test_an_alarm_begins_with_the_walk_that_finds_what_blocks(before: Walked | None) -> None:
    walked = Walked.after(before, NO_PIN, NOW)
    assert (walked.alarm_since, walked.is_news(before), walked.is_over(before)) == (NOW, True, False)


def test_an_alarm_that_stands_is_no_news_and_stands_since_it_began() -> None:
    before = Walked(NO_PIN, EARLIER, EARLIER)
    walked = Walked.after(before, NO_PIN, NOW)
    assert (walked.alarm_since, walked.is_news(before), walked.is_over(before)) == (EARLIER, False, False)


def test_another_reason_is_news_and_the_same_alarm() -> None:
    before = Walked(NO_PIN, EARLIER, EARLIER)
    walked = Walked.after(before, NO_LOGIN, NOW)
    assert (walked.alarm_since, walked.is_news(before)) == (EARLIER, True)


def test_the_same_reason_at_another_record_system_is_news() -> None:
    elsewhere = Readiness((replace(NO_LOGIN.findings[0], subject="epa-2"),))
    assert Walked(elsewhere, NOW, NOW).is_news(Walked(NO_LOGIN, EARLIER, EARLIER))


def test_less_than_before_is_no_news() -> None:
    both = Readiness((*NO_PIN.findings, *NO_LOGIN.findings))
    assert not Walked(NO_PIN, NOW, NOW).is_news(Walked(both, EARLIER, EARLIER))


@pytest.mark.parametrize("now_found", [WELL, CARD_ENDS])
def test_an_alarm_is_over_when_nothing_blocks_any_more(now_found: Readiness) -> None:
    before = Walked(NO_PIN, EARLIER, EARLIER)
    walked = Walked.after(before, now_found, NOW)
    assert (walked.alarm_since, walked.is_news(before), walked.is_over(before)) == (None, False, True)


@pytest.mark.parametrize("before", [None, Walked(WELL, EARLIER)])
def test_what_was_well_and_is_well_is_no_end_of_an_alarm(before: Walked | None) -> None:
    assert not Walked.after(before, WELL, NOW).is_over(before)


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("walked", "now", "due"),
    [
        (NOW - MINUTE, NOW, True),
        (NOW, NOW, False),
        (NOW - HOUR, NOW - MINUTE, False),
        (NOW, NOW + 23 * HOUR, False),
        (NOW, NOW + 24 * HOUR, True),
        (NOW - 26 * HOUR, NOW + 3 * HOUR, True),
        (NOW - 26 * HOUR, NOW - MINUTE, True),
        (NOW - 23 * HOUR, NOW - MINUTE, False),
    ],
)
def test_the_chain_is_walked_once_every_evening_and_later_where_that_was_missed(
    walked: datetime, now: datetime, due: bool
) -> None:
    assert is_due(Walked(WELL, walked), now, 18) is due


def test_the_hour_is_that_of_the_house() -> None:
    evening = datetime(2026, 11, 24, 18, 5, tzinfo=ZoneInfo("America/St_Johns"))
    assert is_due(Walked(WELL, datetime(2026, 11, 24, 21, 25, tzinfo=UTC)), evening, 18)
    assert not is_due(Walked(WELL, datetime(2026, 11, 24, 21, 32, tzinfo=UTC)), evening, 18)


def test_a_chain_that_was_never_walked_or_that_an_alarm_stands_for_is_walked_now() -> None:
    assert is_due(None, NOW - 5 * HOUR, 18)
    assert is_due(Walked(NO_PIN, NOW, NOW), NOW + MINUTE, 18)


@pytest.mark.parametrize(
    ("left", "verdict"),
    [
        (-HOUR, Verdict.FAILS),
        (23 * HOUR, Verdict.FAILS),
        (25 * HOUR, Verdict.WARNS),
        (CERTIFICATE_SOON - HOUR, Verdict.WARNS),
        (CERTIFICATE_SOON, Verdict.WELL),
    ],
)
def test_what_ends_before_the_next_walk_fails_and_what_ends_soon_warns(left: timedelta, verdict: Verdict) -> None:
    assert holds(NOW + left, NOW, CERTIFICATE_SOON) is verdict
