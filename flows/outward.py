"""What leaves the store for a place that a person names: a failure there is theirs to mend."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calibration.errors import InputError


@contextmanager
def written_out(place: Path) -> Iterator[None]:
    """Turns what the system says of a place that cannot be written into one sentence."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"--out {place}: a place that can be written was expected, found: "
            f"{error.strerror or error} ({error.filename or place}): give another"
        ) from error
