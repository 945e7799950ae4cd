"""Text of other people inside Markdown, as which Prefect's pages show artifacts, cell by cell."""

import re
from typing import Final

from calibration.report.page import visible

SIGNS: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
# What becomes a link without any sign.
ADDRESS: Final = re.compile(r"(?i)(https?|ftp)(?=:)|(www)(?=\.)|(?<=[^\s\\])(?=@)")


def escaped(text: str) -> str:
    """Text on one line, that Markdown shows as it is, no part of it a link."""
    one_line = " ".join(visible(text).split())
    return ADDRESS.sub(r"\g<0>\\", SIGNS.sub(r"\\\1", one_line))
