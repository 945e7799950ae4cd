"""What must be true of CALIBRATED: fitted decodings beside temperatures of the same EntCE."""

import polars as pl

from calibration.statistics.equal_ent_ce import PATH
from expectations.rules import Rule, every_row, in_words, within

LABELS = ("model", "dataset", "decoding")

_ONE = in_words("{} on {} at {}", *(pl.col(name) for name in LABELS))


def calibrated_rules() -> tuple[Rule, ...]:
    """The rules of CALIBRATED."""
    difference, known = pl.col("difference"), pl.col("temperatures")
    return (
        every_row(
            "fitted-decoding-once",
            "a fitted decoding of a model stands beside its temperatures once",
            holds=pl.struct(LABELS).is_unique(),
            words=_ONE,
        ),
        every_row(
            "difference-needs-temperatures",
            f"a difference at equal EntCE takes {PATH} distinct temperatures or more",
            holds=difference.is_null() | (known >= PATH),
            words=in_words("{}: beside {}", _ONE, known),
        ),
        every_row(
            "difference-has-path-error",
            "what the curve may be off by is known where a difference is, and not below 0",
            holds=within(pl.col("path_error"), 0, None).fill_null(difference.is_null()),
            words=in_words("{}: {}", _ONE, pl.col("path_error")),
        ),
        *(_inside_interval(name) for name in ("log_loss", "difference")),
    )


def _inside_interval(name: str) -> Rule:
    value, low, high = (pl.col(f"{name}{end}") for end in ("", "_low", "_high"))
    finite = within(low, None, None) & within(high, None, None) & value.is_between(low, high)
    return every_row(
        f"calibrated-{name}-within-interval".replace("_", "-"),
        f"the {name.replace('_', ' ')} lies in its interval, or has none",
        holds=(low.is_null() & high.is_null()) | finite.fill_null(value=False),
        words=in_words("{}: {}, from {} to {}", _ONE, value, low, high),
    )
