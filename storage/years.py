"""When a text was written, as tables say it: a year, or a date that begins with one."""

import datetime
import re

YEAR_FIRST = re.compile(r"(\d{4})(?:\d{4})?(?!\d)")  # 2024-01-31, 20240131
YEARS = range(1, 10_000)


def year_of(value: object) -> int | None:
    """The year of a whole number, a date, or a text whose first four digits are one; None of none.

    Raises ValueError for anything else.
    """
    match value:
        case None:
            return None
        case bool():
            pass
        case int() if value in YEARS:
            return value
        case datetime.date():  # a moment is one too
            return value.year
        case str() if found := YEAR_FIRST.match(value.strip()):
            return int(found[1])
    raise ValueError(f"a year or a date was expected: {value!r}")
