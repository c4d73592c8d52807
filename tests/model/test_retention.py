from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.retention import AT_LEAST, kept_until

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("examined", "born", "until"),
    [
        (datetime(2026, 1, 5, 12, tzinfo=UTC), date(1970, 1, 2), datetime(2036, 1, 6, tzinfo=UTC)),
        (datetime(2026, 1, 5, 12, tzinfo=UTC), date(2020, 2, 29), datetime(2048, 3, 1, tzinfo=UTC)),
        (datetime(2026, 1, 5, 12, tzinfo=UTC), date(2008, 1, 6), datetime(2036, 1, 7, tzinfo=UTC)),
        (datetime(2026, 1, 5, 12, tzinfo=UTC), date(2008, 1, 5), datetime(2036, 1, 6, tzinfo=UTC)),
        (None, None, datetime(2036, 11, 25, tzinfo=UTC)),
        (datetime(2005, 1, 1, tzinfo=UTC), date(1950, 1, 1), NOW + AT_LEAST),
        (datetime(2099, 1, 1, tzinfo=UTC), None, datetime(2036, 11, 25, tzinfo=UTC)),
    ],
)
def test_a_link_lives_as_long_as_its_images_must_be_kept(
    examined: datetime | None, born: date | None, until: datetime
) -> None:
    assert kept_until(examined, born, NOW) == until


@given(
    examined=st.none() | st.timedeltas(timedelta(days=-40_000), timedelta(days=40_000)).map(lambda by: NOW + by),
    born=st.none() | st.dates(date(1900, 1, 1), date(2200, 1, 1)),
)
def test_no_link_is_born_ended(examined: datetime | None, born: date | None) -> None:
    assert kept_until(examined, born, NOW) >= NOW + timedelta(days=366)
