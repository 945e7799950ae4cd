"""What leaves the store for a place that a person names: a failure there is theirs to mend."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from calibration.errors import InputError


@contextmanager
def written_out(place: Path, *, option: str = "--out") -> Iterator[None]:
    """Turns what the system says of a place that cannot be written into one sentence."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{option} {place}: a place that can be written was expected, found: "
            f"{error.strerror or error} ({error.filename or place}): give another"
        ) from error


def require_kind(place: Path, kinds: Sequence[str]) -> None:
    """Raises InputError for an --out file whose name ends in none of `kinds`."""
    if place.suffix not in kinds:
        raise InputError(
            f"--out {place}: a file name ending in {', '.join(kinds)} was expected: change it"
        )
