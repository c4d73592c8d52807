"""What a requester is told of its request, and when it asks again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from model.test_release_request import NOW, REQUEST
from model.test_review import review

from linkexchange.model.released import POLL_MAX, Answered, Heard, Standing, next_look

HEARD = Heard(REQUEST, NOW, hold="unknown-patient")
RELEASED = replace(HEARD, standing=Standing.RELEASED, expires=NOW + timedelta(days=1))


def test_why_a_request_stays_open_is_told_to_nobody() -> None:
    assert HEARD.answer(NOW, active=True) == Answered(Standing.OPEN)


@pytest.mark.parametrize(
    ("later", "active", "standing"),
    [
        (timedelta(0), True, Standing.RELEASED),
        (timedelta(days=1), True, Standing.ENDED),
        (timedelta(0), False, Standing.ENDED),
    ],
)
def test_a_release_ends_by_its_date_or_with_its_link(later: timedelta, active: bool, standing: Standing) -> None:
    assert RELEASED.answer(NOW + later, active=active).standing is standing


def test_an_emergency_is_overdue_until_two_persons_have_looked() -> None:
    emergency = replace(RELEASED, review_by=NOW)
    assert not RELEASED.awaits_review
    assert not RELEASED.is_overdue(NOW)
    assert emergency.is_overdue(NOW)
    assert not emergency.is_overdue(NOW - timedelta(seconds=1))
    assert replace(emergency, reviews=(review("One"),)).is_overdue(NOW)
    assert not replace(emergency, reviews=(review("One"), review("Two"))).is_overdue(NOW)


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(0), timedelta(seconds=5)),
        (timedelta(minutes=10), timedelta(minutes=1)),
        (timedelta(days=3), POLL_MAX),
    ],
)
def test_an_old_request_is_asked_about_less_often(age: timedelta, pause: timedelta) -> None:
    assert next_look(NOW - age, NOW, timedelta(seconds=5)) == NOW + pause
