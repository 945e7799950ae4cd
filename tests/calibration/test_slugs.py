"""Names that people gave become names that files and pages accept, whatever they hold."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.slugs import LONGEST, distinct_slug, slug


def test_words_are_joined_by_dashes() -> None:
    assert slug("Ladder-2.4M on  speeches at temperature 0.9") == (
        "ladder-2-4m-on-speeches-at-temperature-0-9"
    )


def test_accents_fall_and_other_scripts_leave_nothing_behind() -> None:
    assert slug("Épistémè") == "episteme"
    assert slug("言語") == slug("///") == "unnamed"


def test_names_that_look_alike_stay_apart() -> None:
    assert slug("my study") == slug("My Study!")
    assert distinct_slug("my study") != distinct_slug("My Study!")
    assert distinct_slug("my study") == distinct_slug("my study")


@given(st.text())
@settings(deadline=None, derandomize=True)
def test_a_slug_is_safe_for_any_name(name: str) -> None:
    for found in (slug(name), distinct_slug(name)):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found)
        assert len(found) <= LONGEST + 9
