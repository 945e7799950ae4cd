"""A figure as the bytes of a file; equal figures give equal bytes, whenever they are made.

Text in an SVG is text, which a browser draws three times as fast as outlines; its font is the one
it was laid out in, or one of the same widths.
"""

from io import BytesIO
from typing import Final, Literal

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from calibration.report.figures.drawing import STYLE
from calibration.report.figures.shortening import shortened

Kind = Literal["svg", "png", "pdf"]

PNG_DOTS_PER_INCH: Final = 160  # sharp on a dense screen at half its size
FILES: Final = {**STYLE, "svg.hashsalt": "calibration", "svg.fonttype": "none"}


def rendered(figure: Figure, kind: Kind) -> bytes:
    """The file of a figure whose layout is settled."""
    buffer = BytesIO()
    with matplotlib.rc_context(FILES):
        _write(figure, kind, buffer)
    return shortened(buffer.getvalue()) if kind == "svg" else buffer.getvalue()


def _write(figure: Figure, kind: Kind, buffer: BytesIO) -> None:
    # Not by `savefig`, which draws all of it once more for a layout that is settled.
    match kind:
        case "svg":
            FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
        case "pdf":
            FigureCanvasPdf(figure).print_pdf(buffer, metadata={"CreationDate": None})  # type: ignore[no-untyped-call]
        case "png":
            figure.set_dpi(PNG_DOTS_PER_INCH)
            FigureCanvasAgg(figure).print_png(buffer, metadata={})  # type: ignore[no-untyped-call]
