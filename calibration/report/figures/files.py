"""A figure as the bytes of a file; equal figures give equal bytes, whenever they are made.

Text in an SVG is text, which a browser draws three times as fast as outlines; its font is the one
it was laid out in, or one of the same widths.
"""

from io import BytesIO
from typing import Final, Literal

import matplotlib
from matplotlib.figure import Figure

from calibration.report.figures.drawing import STYLE
from calibration.report.figures.shortening import shortened

Kind = Literal["svg", "png", "pdf"]

KINDS: Final[tuple[Kind, ...]] = ("svg", "png", "pdf")
PNG_DOTS_PER_INCH: Final = 160  # sharp on a dense screen at half its size
FILES: Final = {**STYLE, "svg.hashsalt": "calibration", "svg.fonttype": "none"}
UNDATED: Final[dict[Kind, dict[str, None]]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {},
}


def rendered(figure: Figure, kind: Kind) -> bytes:
    """The file of a figure."""
    buffer = BytesIO()
    with matplotlib.rc_context(FILES):
        figure.savefig(buffer, format=kind, metadata=UNDATED[kind], dpi=PNG_DOTS_PER_INCH)
    return shortened(buffer.getvalue()) if kind == "svg" else buffer.getvalue()
