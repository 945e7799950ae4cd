"""A figure as the bytes of a file; equal figures give equal bytes, whenever they are made.

Text in an SVG is text, which a browser draws three times as fast as outlines; its font is the one
it was laid out in, or one of the same widths. What no reader of the file needs is left out, since
a page holds many figures: comments, metadata, line ends, names of groups, digits beyond hundredths
of a point, and a look that is stated twice.
"""

import re
from io import BytesIO
from typing import Final, Literal

import matplotlib
from matplotlib.figure import Figure

from calibration.report.figures.drawing import STYLE

Kind = Literal["svg", "png", "pdf"]

KINDS: Final[tuple[Kind, ...]] = ("svg", "png", "pdf")
PNG_DOTS_PER_INCH: Final = 160  # sharp on a dense screen at half its size
FILES: Final = {**STYLE, "svg.hashsalt": "calibration", "svg.fonttype": "none"}
UNDATED: Final[dict[Kind, dict[str, None]]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {},
}
UNREAD: Final = re.compile(
    rb"<!--.*?-->|<metadata>.*?</metadata>|<!DOCTYPE.*?>|(?<=>)\s+(?=<)", re.DOTALL
)
TAG: Final = re.compile(rb"<[^>]*>")  # text has no such signs, they are escaped in it
SHORTER: Final = tuple(
    (re.compile(long), short)
    for long, short in (
        (rb'^<g id="[\w.]+"', b"<g"),
        (rb' xmlns:xlink="[^"]*"', b""),
        (rb"xlink:href", b"href"),
        (rb"(?<=[:;]) ", b""),
        (rb"'DejaVu Sans'[^;\"]*", b"DejaVu Sans,Verdana,sans-serif"),
        (rb'"', b"'"),  # which an address inside a page may hold as it is
    )
)
PLACED: Final = re.compile(rb" (?:d|x|y)='[^']*|(?:translate|rotate)\([^)]*")
BEYOND_HUNDREDTHS: Final = re.compile(rb"(?<=\.\d\d)\d+| ?\n")
STYLED: Final = re.compile(rb" style='([^']*)'")


def rendered(figure: Figure, kind: Kind) -> bytes:
    """The file of a figure."""
    buffer = BytesIO()
    with matplotlib.rc_context(FILES):
        figure.savefig(buffer, format=kind, metadata=UNDATED[kind], dpi=PNG_DOTS_PER_INCH)
    return _shortened(buffer.getvalue()) if kind == "svg" else buffer.getvalue()


def _shortened(svg: bytes) -> bytes:
    return _styled_once(TAG.sub(_shorter_tag, UNREAD.sub(b"", svg)))


def _shorter_tag(found: re.Match[bytes]) -> bytes:
    tag = found.group()
    for long, short in SHORTER:
        tag = long.sub(short, tag)
    return PLACED.sub(lambda place: BEYOND_HUNDREDTHS.sub(b"", place.group()), tag)


def _styled_once(svg: bytes) -> bytes:
    """Every look as a class, stated once at the top."""
    classes: dict[bytes, bytes] = {}

    def named(found: re.Match[bytes]) -> bytes:
        return b" class='%s'" % classes.setdefault(found.group(1), b"c%d" % len(classes))

    body = TAG.sub(lambda tag: STYLED.sub(named, tag.group()), svg)
    sheet = b"".join(b".%s{%s}" % (name, look) for look, name in classes.items())
    return body.replace(b"</style>", sheet + b"</style>", 1)
