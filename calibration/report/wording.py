"""Numbers and findings in words, the same on the page, in the figures and in the terminal.

Signed quantities always carry their sign, intervals follow their value as `[low, high]`, and what
has no finite value is the word "undetermined". An exponent is stated only where it is identified
and has an interval; everywhere else the reason stands in its place. Knows no HTML and no layout.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeGuard

import polars as pl

Row = dict[str, Any]  # one named row of a table

UNDETERMINED: Final = "undetermined"
INFINITE: Final = "infinite"
NATS_DECIMALS: Final = 4  # standard errors of EntCE are some thousandths of a nat
EXPONENT_DECIMALS: Final = 2  # intervals of an exponent are tenths wide
CONFIDENCE: Final = "95 %"  # the level of every interval in the tables
QUANTITIES: Final = {
    "ent_ce": "EntCE",
    "drift": "drift",
    "static": "static",
    "drift_slope": "drift slope",
}
DIFFERENCES: Final = {"ent_ce": "H - L", "drift": "H - H⁺", "static": "H⁺ - L"}
SINGULAR: Final = {"tokens": "token", "bytes": "byte"}
SIZES: Final = {
    "parameters": "parameters",
    "non_embedding_parameters": "non-embedding parameters",
    "tokens": "training tokens",
}
NO_EXPONENT: Final = "no exponent: "  # begins the warning that says why a fit has none
TAIL: Final = 0.05  # of texts beyond each limit, where own and human texts spread alike
SURE: Final = 1.96  # standard errors beyond it that chance passes once in forty
LARGEST_FACTOR: Final = 1e6  # of size; what only a model beyond it would show, nobody sees
MOST_NAMED: Final = 8  # models in a sentence; longer lists are read from the tables
TRENDS: Final = ("ent_ce", "drift")
_PARTS: Final = {
    "drift": "what own text adds, the accumulation of errors",
    "static": "what is there one step ahead, on human text",
}
_TAILS: Final = ("looping", "derailed")
_SUFFIXES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def signed(value: float | None, decimals: int = NATS_DECIMALS) -> str:
    """`+0.1234`; a value that rounds to zero is `+0.0000`, one that is not finite is a word."""
    return f"{value:+z.{decimals}f}" if _finite(value) else UNDETERMINED


def unsigned(value: float | None, decimals: int = NATS_DECIMALS) -> str:
    """`3.1234`, for quantities that cannot be negative."""
    return f"{value:z.{decimals}f}" if _finite(value) else UNDETERMINED


def loss(value: float | None, decimals: int = NATS_DECIMALS) -> str:
    """`3.1234`, or `infinite`: a log loss, which a pure sampler's is where a token is outside."""
    return INFINITE if value == math.inf else unsigned(value, decimals)


def scientific(value: float | None) -> str:
    """`2.4e-06`, for differences of rounding."""
    return f"{value:.1e}" if _finite(value) else UNDETERMINED


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


def share(value: float | None) -> str:
    """`12 %`, `4.7 %`, `0 %`: a share in two digits."""
    return f"{float(f'{100 * value:.2g}'):g} %" if _finite(value) else UNDETERMINED


def nats_per(unit: str) -> str:
    """`nats per token` or `nats per byte`."""
    return f"nats per {SINGULAR[unit]}"


def unit_of(ent_ce: pl.DataFrame) -> str:
    """The unit of the rows of one data set."""
    return str(ent_ce["unit"][0])


def averages(width: int, unit: str) -> str:
    """What a curve of bins of `width` steps says of itself, nothing where a bin is one step."""
    return f"averages of {width} {unit}, " if width > 1 else ""


def chosen(models: Sequence[str], ent_ce: pl.DataFrame) -> str:
    """What a figure that has no room for every model says of it, nothing otherwise."""
    total = ent_ce["model"].n_unique()
    return "" if len(models) == total else f"; {len(models)} of {total} models"


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


def pooled(fit: Row) -> str:
    """`-0.12 [-0.20, -0.04]` under the scatter common to the study, or why there is none."""
    if not _finite(fit["pooled_exponent"]):
        return UNDETERMINED
    ends = interval(fit["pooled_low"], fit["pooled_high"], decimals=EXPONENT_DECIMALS)
    return f"{signed(fit['pooled_exponent'], EXPONENT_DECIMALS)} {ends}"


def span(value: float | None, low: float | None, high: float | None) -> str:
    """`0.083 [0.000, 0.210]` of what is not negative; `[0.010, no end]` without an upper end."""
    if not _finite(value):
        return UNDETERMINED
    end = unsigned(high, 3) if _finite(high) else "no end"
    return f"{unsigned(value, 3)} [{unsigned(low, 3)}, {end}]"


def halving(fit: Row) -> str:
    """`32× [10×, no size]`: how much larger a model has half of the quantity."""
    if not _finite(fit["halving"]):
        return "no size"
    low, high = (_times(fit[f"halving_{end}"]) for end in ("low", "high"))
    return f"{_times(fit['halving'])} [{low}, {high}]"


def _times(factor: float | None) -> str:
    if not _finite(factor):
        return "no size"
    return f"{factor:.3g}×" if factor < LARGEST_FACTOR else f"over {LARGEST_FACTOR:.0e}×"


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
    laws = [fit for fit in fits.rows(named=True) if fit["models"] > 1]
    trends = [sentence for quantity in TRENDS for sentence in _trends(laws, quantity)]
    return [_extent(rows), *_signs(rows), *_parts(rows), *_outlying(rows), *trends]


def _extent(rows: Sequence[Row]) -> str:
    known = [row for row in rows if _finite(row["ent_ce"])]
    if not known:
        return f"EntCE is {UNDETERMINED} for {count(len(rows), 'model')}."
    losses = sorted(row["log_loss"] for row in known)
    nats = nats_per(known[0]["unit"])
    ends = [f"{estimate(row, 'ent_ce')} ({row['model']})" for row in (known[0], known[-1])]
    if len(known) == 1:
        return f"EntCE is {ends[0]}, in {nats}, at a log loss of {unsigned(losses[0])}."
    return (
        f"EntCE of {count(len(known), 'model')} runs from {ends[0]} to {ends[1]}, "
        f"in {nats}, at log losses from {unsigned(losses[0])} to {unsigned(losses[-1])}."
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


def _parts(rows: Sequence[Row]) -> Iterator[str]:
    """What EntCE consists of, where there are values."""
    for name, meaning in _PARTS.items():
        known = sorted(
            (row for row in rows if _finite(row[name])), key=lambda row: float(row[name])
        )
        if len(known) == 1:
            yield f"{name.capitalize()} ({meaning}) is {estimate(known[0], name)}."
        elif known:
            ends = [f"{estimate(row, name)} ({row['model']})" for row in (known[0], known[-1])]
            yield f"{name.capitalize()} ({meaning}) runs from {ends[0]} to {ends[1]}."


def _outlying(rows: Sequence[Row]) -> list[str]:
    """Whether single texts are like human ones: the cancellation of opposites, or derailing."""
    derailed = [row for row in rows if _beyond(row, "derailed")]
    cancelled = _cancellation(rows)
    if cancelled or not derailed:
        return cancelled
    most = share(max(row["derailed_share"] for row in derailed))
    return [
        f"Texts derail for {_of_these([row['model'] for row in derailed], len(rows))}: up to "
        f"{most} of their own texts lie above the entropies of nearly all human texts, where "
        f"texts that spread alike would have {share(TAIL)}."
    ]


def _cancellation(rows: Sequence[Row]) -> list[str]:
    both = [row for row in rows if all(_beyond(row, name) for name in _TAILS)]
    if not both:
        return []
    most = {name: share(max(row[f"{name}_share"] for row in both)) for name in _TAILS}
    return [
        f"Opposites cancel for {_of_these([row['model'] for row in both], len(rows))}: more of "
        f"their own texts than the {share(TAIL)} on either side that spreads alike would give lie "
        f"below (looping, up to {most['looping']}) and above (derailed, up to {most['derailed']}) "
        "the entropies of human texts, so that an EntCE near 0 would not mean that single texts "
        "are like human ones."
    ]


def _beyond(row: Row, name: str) -> bool:
    """Whether more texts lie beyond a limit than chance puts there.

    The limit is a percentile of as many human texts, which doubles the variance; the clusters
    count, not the texts, so that texts of one source are not taken for independent ones.
    """
    value = row[f"{name}_share"]
    error = math.sqrt(2 * TAIL * (1 - TAIL) / row["clusters"])
    return _finite(value) and value > TAIL + SURE * error


def _of_these(models: Sequence[str], total: int) -> str:
    if len(models) == total:
        return "every model" if total > 1 else models[0]
    named = f" ({listed(models)})" if len(models) <= MOST_NAMED else ""
    return f"{len(models)} of {total} models{named}"


def _trends(fits: Sequence[Row], quantity: str) -> Iterator[str]:
    """A sentence for the families of each verdict on one quantity, and each that has none."""
    alike: dict[tuple[str, str], list[Row]] = {}
    for fit in fits:
        if fit["quantity"] != quantity:
            continue
        if determined(fit):
            alike.setdefault((fit["x"], _side(fit["low"], fit["high"])), []).append(fit)
        else:
            yield (
                f"Over {_models_of(fit)}, the exponent of {QUANTITIES[quantity]} in "
                f"{SIZES[fit['x']]} is {exponent(fit)}."
            )
    for (x, side), families in alike.items():
        yield _trend(families, QUANTITIES[quantity], SIZES[x], side=side)


def _trend(fits: Sequence[Row], quantity: str, size_name: str, *, side: str) -> str:
    verdict = {
        "below": f"below 0: the magnitude of {quantity} falls as models grow",
        "above": f"above 0: the magnitude of {quantity} rises as models grow",
    }.get(side)
    lies, contains, these = (
        ("interval lies", "interval contains", "these models do")
        if len(fits) == 1
        else ("intervals lie", "intervals contain", "the models of each family do")
    )
    found = listed([f"{exponent(fit)} over {_models_of(fit)}" for fit in fits])
    ending = (
        f"the {lies} {verdict}."
        if verdict
        else f"the {contains} 0, so {these} not show whether {quantity} falls or rises as models "
        "grow."
    )
    return f"{_capital(quantity)} scales with {size_name} with exponent {found}; {ending}"


def _models_of(fit: Row) -> str:
    return f"{count(fit['models'], 'model')} of family {fit['family']}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _side(low: float | None, high: float | None) -> str:
    if not (_finite(low) and _finite(high)):
        return UNDETERMINED
    return "above" if low > 0 else "below" if high < 0 else "across"


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)
