"""Numbers and findings in words, the same on the page, in the figures and in the terminal.

Signed quantities always carry their sign, intervals follow their value as `[low, high]`, and what
has no finite value is the word "undetermined". An exponent is stated only where it is identified
and has an interval; everywhere else the reason stands in its place. Knows no HTML and no layout.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, TypeGuard

import polars as pl

Row = dict[str, Any]  # one named row of a table

UNDETERMINED: Final = "undetermined"
NATS_DECIMALS: Final = 4  # standard errors of EntCE are some thousandths of a nat
EXPONENT_DECIMALS: Final = 2  # intervals of an exponent are tenths wide
CONFIDENCE: Final = "95 %"  # the level of every interval in the tables
QUANTITIES: Final = {
    "ent_ce": "EntCE",
    "drift": "drift",
    "static": "static",
    "drift_slope": "drift slope",
}
SIZES: Final = {
    "parameters": "parameters",
    "non_embedding_parameters": "non-embedding parameters",
    "tokens": "training tokens",
}
NO_EXPONENT: Final = "no exponent: "  # begins the warning that says why a fit has none
_SUFFIXES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def signed(value: float | None, decimals: int = NATS_DECIMALS) -> str:
    """`+0.1234`; a value that rounds to zero is `+0.0000`, one that is not finite is a word."""
    return f"{value:+z.{decimals}f}" if _finite(value) else UNDETERMINED


def unsigned(value: float | None, decimals: int = NATS_DECIMALS) -> str:
    """`3.1234`, for quantities that cannot be negative."""
    return f"{value:z.{decimals}f}" if _finite(value) else UNDETERMINED


def interval(low: float | None, high: float | None, *, decimals: int = NATS_DECIMALS) -> str:
    """`[+0.1000, +0.1500]`, or `[undetermined]` unless both ends are known."""
    if not (_finite(low) and _finite(high)):
        return f"[{UNDETERMINED}]"
    return f"[{signed(low, decimals)}, {signed(high, decimals)}]"


def estimate(row: Row, quantity: str, *, decimals: int = NATS_DECIMALS) -> str:
    """`+0.1234 [+0.1000, +0.1500]` of one quantity of a row of ENT_CE."""
    if not _finite(row[quantity]):
        return UNDETERMINED
    ends = interval(row[f"{quantity}_low"], row[f"{quantity}_high"], decimals=decimals)
    return f"{signed(row[quantity], decimals)} {ends}"


def size(value: float | None) -> str:
    """A count in three digits: `60k`, `494M`, `7.62B`."""
    if not _finite(value):
        return UNDETERMINED
    number = float(f"{value:.3g}")
    for scale, suffix in _SUFFIXES:
        if abs(number) >= scale:
            return f"{number / scale:.3g}{suffix}"
    return f"{number:.3g}"


def count(number: int, noun: str) -> str:
    """`1 model`, `5 models`, `0 models`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def determined(fit: Row) -> bool:
    """Whether a fit supports a number: identified, and the exponent has a finite interval."""
    return bool(fit["identified"]) and all(
        _finite(fit[name]) for name in ("exponent", "low", "high")
    )


def exponent(fit: Row) -> str:
    """`-0.12 [-0.30, +0.05]` of one row of FITS, or `not determined: why`."""
    if not determined(fit):
        return f"not determined: {undetermined_because(fit)}"
    ends = interval(fit["low"], fit["high"], decimals=EXPONENT_DECIMALS)
    return f"{signed(fit['exponent'], EXPONENT_DECIMALS)} {ends}"


def undetermined_because(fit: Row) -> str:
    """Why a fit has no exponent, in one clause."""
    marked = [one for one in fit["warnings"] or [] if one.startswith(NO_EXPONENT)]
    return marked[0].removeprefix(NO_EXPONENT) if marked else "no interval can be given"


def findings(ent_ce: pl.DataFrame, fits: pl.DataFrame) -> list[str]:
    """What one data set showed under one decoding, in sentences.

    `ent_ce` and `fits` hold the rows of that data set and decoding only. Sentences that name an
    interval say whether it contains 0, and none goes beyond what the interval supports.
    """
    rows = ent_ce.sort("ent_ce", nulls_last=True).rows(named=True)
    trends = [fit for fit in fits.rows(named=True) if fit["quantity"] == "ent_ce"]
    trends += [fit for fit in fits.rows(named=True) if fit["quantity"] == "drift"]
    return [_extent(rows), *_signs(rows), *map(_trend, trends)]


def _extent(rows: Sequence[Row]) -> str:
    known = [row for row in rows if _finite(row["ent_ce"])]
    if not known:
        return f"EntCE is {UNDETERMINED} for {count(len(rows), 'model')}."
    losses = sorted(row["log_loss"] for row in known)
    ends = [f"{estimate(row, 'ent_ce')} ({row['model']})" for row in (known[0], known[-1])]
    if len(known) == 1:
        return f"EntCE is {ends[0]}, in nats per token, at a log loss of {unsigned(losses[0])}."
    return (
        f"EntCE of {count(len(known), 'model')} runs from {ends[0]} to {ends[1]}, "
        f"in nats per token, at log losses from {unsigned(losses[0])} to {unsigned(losses[-1])}."
    )


def _signs(rows: Sequence[Row]) -> list[str]:
    sides: dict[str, list[str]] = {}
    for row in rows:
        sides.setdefault(_side(row["ent_ce_low"], row["ent_ce_high"]), []).append(row["model"])
    meaning = {
        "above": "The interval of EntCE lies above 0 (own text more entropic than its model's "
        "log loss on human text) for {}.",
        "across": "The interval of EntCE contains 0, so no miscalibration is shown, for {}.",
        "below": "The interval of EntCE lies below 0 (own text less entropic than its model's "
        "log loss on human text) for {}.",
        UNDETERMINED: "EntCE has no interval for {}.",
    }
    return [
        text.format(_of_these(sides[side], len(rows)))
        for side, text in meaning.items()
        if side in sides
    ]


def _of_these(models: Sequence[str], total: int) -> str:
    if len(models) == total:
        return "every model" if total > 1 else models[0]
    return f"{len(models)} of {total} models ({listed(models)})"


def _trend(fit: Row) -> str:
    quantity = QUANTITIES[fit["quantity"]]
    models = f"{count(fit['models'], 'model')} of family {fit['family']}"
    if not determined(fit):
        return f"Over {models}, the exponent of {quantity} in {SIZES[fit['x']]} is {exponent(fit)}."
    verdict = {
        "below": f"the interval lies below 0: the magnitude of {quantity} falls as models grow",
        "across": f"the interval contains 0, so these models do not show whether {quantity} "
        "falls or rises as models grow",
        "above": f"the interval lies above 0: the magnitude of {quantity} rises as models grow",
    }[_side(fit["low"], fit["high"])]
    return (
        f"Over {models}, {quantity} scales with {SIZES[fit['x']]} with exponent {exponent(fit)}; "
        f"{verdict}."
    )


def _side(low: float | None, high: float | None) -> str:
    if not (_finite(low) and _finite(high)):
        return UNDETERMINED
    return "above" if low > 0 else "below" if high < 0 else "across"


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)
