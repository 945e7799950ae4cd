"""Shorter SVG: every corner where it was, every mark as it looked, and text untouched."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.report.figures.shortening import MANY_CORNERS, shortened, shorter_path

Corner = tuple[float, float]
places = st.floats(-1000, 1000).map(lambda value: round(value, 4))
lines = st.lists(st.tuples(places, places), min_size=1, max_size=2 * MANY_CORNERS)


def written(parts: list[list[Corner]]) -> bytes:
    """As matplotlib writes it."""
    return "".join(
        f"{'L' if place else 'M'} {x:.6f} {y:.6f} \n"
        for part in parts
        for place, (x, y) in enumerate(part)
    ).encode()


def read(path: bytes) -> list[Corner]:
    """The corners of a path of M and l, as a browser walks it."""
    corners: list[Corner] = []
    for command, numbers in re.findall(r"([Ml])([^Ml]*)", path.decode()):
        values = [float(one) for one in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)]
        assert command == "l" or len(values) == 2  # a second pair after M would be a line
        for x, y in zip(values[::2], values[1::2], strict=True):
            before = corners[-1] if command == "l" else (0.0, 0.0)
            corners.append((before[0] + x, before[1] + y))
    return corners


@given(st.lists(lines, min_size=1, max_size=3))
@settings(deadline=None, derandomize=True)
def test_every_corner_stays_where_it_was(parts: list[list[Corner]]) -> None:
    corners = [corner for part in parts for corner in part]
    many = len(corners) - len(parts) >= MANY_CORNERS
    off = 0.0501 if many else 0.00501
    for found, meant in zip(read(shorter_path(written(parts))), corners, strict=True):
        assert found == pytest.approx(meant, abs=off)


def test_a_line_says_how_far_it_goes() -> None:
    path = b"M 100.25 200 \nL 103.5 199.5 \nL 103.5 200.75 \nz\n"
    assert shorter_path(path) == b"M100.25 200l3.25-.5 0 1.25z"


def test_a_path_with_curves_keeps_them() -> None:
    path = b"M 0 3.123456 \nC 0.86 3.25 1.68 2.90 2.29 2.29 \nz\n"
    assert shorter_path(path) == b"M 0 3.12C 0.86 3.25 1.68 2.90 2.29 2.29z"


def test_groups_stay_where_they_say_something() -> None:
    svg = b"<svg><g><g clip-path='url(#p1)'><g><path d='M 0 0'/></g></g></g><g/></svg>"
    assert shortened(svg) == b"<svg><g clip-path='url(#m0)'><path d='M0 0'/></g></svg>"


def test_a_mark_is_told_a_look_only_where_it_is_another_than_its_own() -> None:
    mark = b"<path id='a' d='M 0 0' style='stroke: red'/>"
    use = b"<use xlink:href='#a' x='1' style='stroke: %s'/>"
    svg = b"<svg><style></style>" + mark + use % b"red" + use % b"blue" + b"</svg>"
    assert shortened(svg).endswith(
        b"<path id='m0' d='M0 0' class='c0'/><use href='#m0' x='1'/>"
        b"<use href='#m0' x='1' class='c1'/></svg>"
    )
