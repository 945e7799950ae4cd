"""Truncated decodings as paths over their mixture λ, and what is said of them.

λ is no property of a sampler: it says how much of the distribution before the truncation is mixed
in, so that human text has a finite log loss. Results of one truncation are therefore told over all
its λ, never of one; the pure sampler (λ = 0) has an entropy and drift, and no EntCE. Knows no
figures and no pages.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from calibration.report.page import Column
from calibration.report.wording import (
    Row,
    count,
    estimate,
    nats_per,
    share,
    signed,
    unsigned,
)

PATHS: Final = (
    Column("model", "name"),
    Column("decoding", "name"),
    Column("coverage", "number"),
    Column("mixtures λ", "name"),
    Column("log loss L", "name"),
    Column("EntCE", "name"),
    Column("entropy H", "name"),
    Column("H of the pure sampler", "number"),
    Column("drift of the pure sampler", "number"),
)
NONE: Final = "not measured"
PATH_LABELS: Final = ("temperature", "truncation")


def plain(ent_ce: pl.DataFrame) -> pl.DataFrame:
    """The rows of ENT_CE of temperatures that a study states: neither truncated nor fitted."""
    return untruncated(ent_ce).filter(pl.col("temperature").is_not_null())


def untruncated(ent_ce: pl.DataFrame) -> pl.DataFrame:
    """The rows of ENT_CE of decodings that truncate nothing, fitted ones among them."""
    return ent_ce.filter(pl.col("truncation").is_null())


def truncated(ent_ce: pl.DataFrame) -> pl.DataFrame:
    """The other rows, the largest λ of each truncation first."""
    rows = ent_ce.filter(pl.col("truncation").is_not_null())
    return rows.sort("mixture", descending=True, maintain_order=True)


def paths(ent_ce: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each truncation at each temperature, in words, with its rows from the largest λ on."""
    order = ent_ce.select(PATH_LABELS).unique(maintain_order=True).drop_nulls("truncation")
    rows = truncated(ent_ce)
    for temperature, truncation in order.iter_rows():
        one = rows.filter(pl.col("temperature") == temperature, pl.col("truncation") == truncation)
        yield path_title(one.row(0, named=True)), one


def path_title(row: Row) -> str:
    """A truncated decoding without its mixture: `temperature 1, top-p 0.95`."""
    return f"temperature {row['temperature']:g}, {row['truncation']}"


def on_the_plane(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that have a log loss and EntCE to be drawn at."""
    return rows.filter(pl.col("log_loss").is_finite(), pl.col("ent_ce").is_finite())


def path_findings(ent_ce: pl.DataFrame) -> list[str]:
    """A sentence for each truncation of one data set: EntCE as a range over λ and models."""
    return [_over_mixtures(title, rows) for title, rows in paths(ent_ce)]


def path_cells(rows: pl.DataFrame) -> list[str]:
    """The cells of PATHS for the rows of one model on one path."""
    known = on_the_plane(rows)
    first = rows.row(0, named=True)
    pure = rows.filter(pl.col("mixture") == 0)
    return [
        first["model"],
        path_title(first),
        share(first["coverage"]),
        _from_to([f"{one:g}" for one in known["mixture"]]),
        *(
            _from_to([written(one) for one in known[name]])
            for name, written in (("log_loss", unsigned), ("ent_ce", signed), ("entropy", unsigned))
        ),
        unsigned(pure["entropy"][0]) if len(pure) else NONE,
        signed(pure["drift"][0]) if len(pure) else NONE,
    ]


def path_rows(ent_ce: pl.DataFrame) -> list[list[str]]:
    """The cells of every path of every model, model by model."""
    return [
        path_cells(of_model)
        for _, rows in ent_ce.group_by("model", maintain_order=True)
        for _, of_model in paths(rows)
    ]


def _over_mixtures(title: str, rows: pl.DataFrame) -> str:
    known = on_the_plane(rows).sort("ent_ce")
    entropy = _entropy_of_pure(rows.filter(pl.col("mixture") == 0).sort("entropy"))
    if known.is_empty():
        return f"At {title}, there is no EntCE, since no mixture λ above 0 was measured{entropy}."
    low, high = known.row(0, named=True), known.row(-1, named=True)
    nats, models = nats_per(low["unit"]), count(known["model"].n_unique(), "model")
    losses = _ends([unsigned(one) for one in known["log_loss"].sort()])
    shares = [share(one) for one in rows["coverage"].sort()]
    covered = " to ".join(dict.fromkeys((shares[0], shares[-1])))
    ends = [
        f"{estimate(one, 'ent_ce')} ({one['model']}, λ {one['mixture']:g})" for one in (low, high)
    ]
    over = f"{models} and {count(known['mixture'].n_unique(), 'mixture')} λ"
    return (
        f"At {title}, over {over}, EntCE runs {_ends(ends)}, in {nats}, at a log loss {losses}; "
        f"coverage, the share of human tokens inside, is {covered}{entropy}."
    )


def _entropy_of_pure(pure: pl.DataFrame) -> str:
    if pure.is_empty():
        return ""
    entropies = _ends([f"{unsigned(row['entropy'])}" for row in pure.rows(named=True)])
    return f"; the pure sampler (λ 0) has an entropy {entropies} {nats_per(pure['unit'][0])}"


def _ends(words: Sequence[str]) -> str:
    """`from a to b`, or `of a` where both are alike."""
    first, last = words[0], words[-1]
    return f"of {first}" if first == last else f"from {first} to {last}"


def _from_to(words: Sequence[str]) -> str:
    """`a → b`, `a`, or that there is none."""
    return " → ".join(dict.fromkeys((words[0], words[-1]))) if words else NONE
