"""A table that a person brings, CSV or Parquet, as it stands: no cell is interpreted here."""

from pathlib import Path
from typing import Final

import polars as pl

from calibration.errors import InputError

KINDS: Final = (".csv", ".parquet")


def read_given_table(path: Path) -> pl.DataFrame:
    """The table of a file; cells of a CSV are text, and an empty one is missing.

    Raises InputError where the file is none, or cannot be read as what its name says.
    """
    if path.suffix not in KINDS:
        raise InputError(f"{path}: a table ending in {' or '.join(KINDS)} was expected")
    if not path.is_file():
        raise InputError(f"{path}: a table was expected, found no such file: check the name")
    try:
        table = _read(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(
            f"{path}: a {path.suffix[1:]} table was expected, found one that cannot be read "
            f"({reason}): write it again"
        ) from error
    return table.rename({name: name.strip() for name in table.columns})


def _read(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    # Types are not guessed: a guess makes a single word in a column of numbers unreadable.
    return pl.read_csv(path, infer_schema=False)
