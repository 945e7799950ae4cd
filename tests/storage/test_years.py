import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.years import year_of


@pytest.mark.parametrize(
    ("value", "year"),
    [
        (None, None),
        (1790, 1790),
        ("1790", 1790),
        (" 2024-01-31T10:00:00Z", 2024),
        ("20240131", 2024),
        ("2024/25", 2024),
        (datetime.date(1999, 12, 31), 1999),
        (datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC), 2001),
    ],
)
def test_a_year_is_read_from_numbers_dates_and_what_begins_with_one(
    value: object, year: int | None
) -> None:
    assert year_of(value) == year


@pytest.mark.parametrize("value", [0, -5, 10_000, 1.5, True, "", "May 1999", "123", "1700000000"])
def test_anything_else_is_no_year(value: object) -> None:
    with pytest.raises(ValueError, match="a year or a date was expected"):
        year_of(value)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.dates())
def test_a_date_and_its_iso_text_give_the_same_year(day: datetime.date) -> None:
    assert year_of(day) == year_of(day.isoformat()) == day.year
