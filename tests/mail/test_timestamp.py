from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.timestamp import format_date

FIRST = int(datetime(1600, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(9000, 1, 1, tzinfo=UTC).timestamp())


@given(st.floats(FIRST, LAST), st.integers(-14 * 60, 14 * 60))
def test_a_date_is_what_the_library_says(seconds: float, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    when = datetime.fromtimestamp(seconds // 1, zone)

    assert format_date(seconds, 60 * minutes) == format_datetime(when)


@pytest.mark.parametrize("year", [1970, 1999, 2000, 2023, 2024, 2100, 2400])
def test_every_day_of_a_year_has_its_name(year: int) -> None:
    day = datetime(year, 1, 1, 12, tzinfo=UTC)
    while day.year == year:
        assert format_date(day.timestamp(), 0) == format_datetime(day)
        day += timedelta(days=1)
