"""The table of a bridge: EntCE and exponents after every step, and what each step changed.

EntCE is in nats per token. Where windows are bytes it is that per byte times the bytes of a human
token, a constant of the measurement, so that a column has one unit.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from calibration.conventions import Unit
from calibration.pairing import Label
from calibration.report.wording import count, interval, signed
from calibration.statistics.comparison import comparison
from calibration.statistics.ent_ce import estimate

ENT_CE: Final = "ent_ce"
STEPS: Final = ("steps_generated", "steps_human")
FEWEST_MODELS: Final = 2  # that a line goes through

_STEP = {"number": pl.Int64(), "step": pl.String()}
_INTERVAL = {name: pl.Float64() for name in ("low", "high")}
BRIDGE: Final = pl.Schema(
    {
        **_STEP,
        "model": pl.String(),
        "family": pl.String(),
        "dataset": pl.String(),
        "decoding": pl.String(),
        "ent_ce": pl.Float64(),  # nats per token; null where undefined
        **_INTERVAL,
        "change": pl.Float64(),  # from the step before; null at the first
        "change_low": pl.Float64(),
        "change_high": pl.Float64(),
        "paired": pl.Boolean(),
        "shared": pl.Int64(),  # source texts that both steps have
    }
)
BRIDGE_EXPONENTS: Final = pl.Schema(
    {
        **_STEP,
        "family": pl.String(),
        "dataset": pl.String(),
        "decoding": pl.String(),
        "exponent": pl.Float64(),
        **_INTERVAL,
        # Least squares of ln EntCE on ln parameters, at the first step; null where not positive.
        "published": pl.Float64(),
    }
)


class Held(NamedTuple):
    """One measurement of a step."""

    family: str
    parameters: int
    unit: Unit
    summary: pl.DataFrame  # SUMMARY_EXAMPLES


class Walked(NamedTuple):
    """One step as it was measured."""

    name: str
    held: Mapping[Label, Held]
    fits: pl.DataFrame  # FITS


def bridge_table(steps: Sequence[Walked]) -> pl.DataFrame:
    """EntCE after every step, and its change, paired over the texts that are shared.  # BRIDGE"""
    rows = []
    for number, step in enumerate(steps):
        before = steps[number - 1].held if number else {}
        for label, held in step.held.items():
            here = per_token(held.summary, held.unit)
            found = estimate(here).ent_ce
            rows.append(
                {
                    "number": number,
                    "step": step.name,
                    **label._asdict(),
                    "family": held.family,
                    "ent_ce": found.value,
                    "low": found.low,
                    "high": found.high,
                    **_change(before.get(label), here),
                }
            )
    return pl.DataFrame(rows, schema=BRIDGE).with_columns(pl.selectors.float().fill_nan(None))


def bridge_exponents(steps: Sequence[Walked]) -> pl.DataFrame:
    """The exponent of every series after every step.  # BRIDGE_EXPONENTS"""
    tables = [
        step.fits.filter(pl.col("quantity") == ENT_CE).select(
            pl.lit(number, dtype=pl.Int64).alias("number"),
            pl.lit(step.name).alias("step"),
            "family",
            "dataset",
            "decoding",
            "exponent",
            "low",
            "high",
        )
        for number, step in enumerate(steps)
    ]
    first = [
        {"number": 0, "family": family, "dataset": dataset, "decoding": decoding, "published": made}
        for (family, dataset, decoding), made in _published(steps[0]).items()
    ]
    key = ["number", "family", "dataset", "decoding"]
    published = pl.DataFrame(
        first, schema={name: BRIDGE_EXPONENTS[name] for name in (*key, "published")}
    )
    joined = pl.concat(tables).join(published, on=key, how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(kind) for name, kind in BRIDGE_EXPONENTS.items())


def per_token(summary: pl.DataFrame, unit: Unit) -> pl.DataFrame:
    """SUMMARY_EXAMPLES with steps in tokens: of bytes, as many as a human token has make one."""
    if unit == "tokens":
        return summary
    tokens, size = (float(summary[f"{one}_human"].list.last().sum()) for one in ("tokens", "bytes"))
    return summary.with_columns(
        pl.col(name).list.eval(pl.element() * (tokens / size)) for name in STEPS
    )


def published_exponent(sizes: Sequence[float], values: Sequence[float]) -> float | None:
    """The slope of ln values on ln sizes by ordinary least squares.

    None where a value is not positive, or where fewer than two sizes differ.
    """
    if len(set(sizes)) < FEWEST_MODELS or not all(value > 0 for value in values):
        return None
    x = np.log(sizes) - np.log(sizes).mean()
    return float(x @ np.log(values) / (x @ x))


def bridge_lines(table: pl.DataFrame, exponents: pl.DataFrame) -> Iterator[str]:
    """What the terminal shows: every measurement and every series, a row a step."""
    width = max(map(len, table["step"]))
    for (dataset, decoding), group in table.group_by("dataset", "decoding", maintain_order=True):
        yield f"{dataset} at {decoding}: EntCE, nats per token [95 % interval], change"
        for (model,), rows in group.group_by("model", maintain_order=True):
            yield f"  {model}"
            for row in rows.iter_rows(named=True):
                yield f"    {row['step']:<{width}}  {_ent_ce(row)}"
        here = exponents.filter(dataset=dataset, decoding=decoding)
        for (family,), rows in here.group_by("family", maintain_order=True):
            yield f"  exponent of {family}"
            for row in rows.iter_rows(named=True):
                yield f"    {row['step']:<{width}}  {_exponent(row)}"
        yield ""


def _change(before: Held | None, here: pl.DataFrame) -> dict[str, object]:
    if before is None:
        return {}
    found = comparison(per_token(before.summary, before.unit), here)
    change = next(one.difference for one in found.differences if one.quantity == ENT_CE)
    return {
        "change": change.value,
        "change_low": change.low,
        "change_high": change.high,
        "paired": found.paired,
        "shared": found.shared,
    }


def _published(step: Walked) -> dict[tuple[str, str, str], float | None]:
    series: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for label, held in step.held.items():
        value = estimate(per_token(held.summary, held.unit)).ent_ce.value
        key = (held.family, label.dataset, label.decoding)
        series.setdefault(key, []).append((held.parameters, value))
    return {key: published_exponent(*zip(*points, strict=True)) for key, points in series.items()}


def _ent_ce(row: dict[str, float | None]) -> str:
    told = f"{signed(row['ent_ce'])} {interval(row['low'], row['high'])}"
    if row["paired"] is None:
        return told
    how = (
        "paired"
        if row["paired"]
        else f"not paired, {count(int(row['shared'] or 0), 'text')} shared"
    )
    ends = interval(row["change_low"], row["change_high"])
    return f"{told}  {signed(row['change'])} {ends} ({how})"


def _exponent(row: dict[str, float | None]) -> str:
    told = f"{signed(row['exponent'], 2)} {interval(row['low'], row['high'], decimals=2)}"
    if row["number"] != 0:
        return told
    return f"{told}  by least squares, as published: {signed(row['published'], 2)}"
