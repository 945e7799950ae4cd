"""The simplified theory beside a study's texts: α of each, what it predicts, and what that assumes.

Counts in, tables out. The theory's exponent is in m, the training data, while a study's fits are
in the size N of its models: what stands between the two is said in `assumes`, in words.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from calibration.ngrams import mean_steps, token_counts, word_counts
from calibration.statistics.intervals import Interval, few_clusters
from calibration.statistics.ragged import Floats, Indices
from calibration.statistics.rarefaction import Rarefied, grid, rarefied
from calibration.statistics.toy import (
    MOST_TYPES,
    ZipfLaw,
    asymptotic_exponent,
    derailed_share,
    matched_types,
    passed_on,
)
from calibration.statistics.zipf import (
    Counts,
    Points,
    split_half_exponent,
    split_half_points,
    top_exponent,
)
from calibration.theory_tables import RANKS, SINGLETONS, SPLIT_HALF, THEORY

ESTIMATORS: Final = {SPLIT_HALF: split_half_exponent, "top 5,000": top_exponent}
FEWEST_TOKENS: Final = 100  # of a text: with fewer nothing can be said of its types
FURTHEST: Final = 10**13  # tokens: the largest corpora that models are trained on
RANKS_A_DECADE: Final = 12  # drawn of the whole text
FEWEST_ONCE: Final = 25  # types seen once, for an exponent that is known to a fifth of itself
RUNS: Final = {"tokens": 1, "2-grams": 2, "3-grams": 3}  # of tokens, by the name of the unit

Record = dict[str, object]


class Counted(NamedTuple):
    """A text counted in one unit; `steps` is T, None where the unit is not what is generated."""

    dataset: str
    tokenizer: str | None
    unit: str
    counts: Counts
    steps: float | None
    assumes: str

    @property
    def labels(self) -> dict[str, str | None]:
        return {"dataset": self.dataset, "tokenizer": self.tokenizer, "unit": self.unit}


class TheoryTables(NamedTuple):
    """THEORY, and what its figures show: RANKS and SINGLETONS."""

    theory: pl.DataFrame
    ranks: pl.DataFrame
    singletons: pl.DataFrame


class _Law(NamedTuple):
    """What one estimator says of a text; the law is None where α is not above 0."""

    alpha: Interval
    law: ZipfLaw | None


def counted_words(texts: pl.DataFrame, *, dataset: str, assumes: str) -> Counted:
    """The words of TEXTS."""
    return Counted(dataset, None, "words", word_counts(texts), None, assumes)


def counted_tokens(
    examples: pl.DataFrame, *, dataset: str, tokenizer: str, assumes: str
) -> Iterator[Counted]:
    """The tokens of EXAMPLES, and their runs of two and three."""
    steps = mean_steps(examples)
    for unit, length in RUNS.items():
        counts = token_counts(examples, length=length)
        yield Counted(dataset, tokenizer, unit, counts, steps, assumes)


def theory_tables(counted: Sequence[Counted], *, seed: int) -> TheoryTables:
    """The tables of the theory, in the order of `counted`; `seed` draws the halves.

    A text of fewer than FEWEST_TOKENS has no row.
    """
    theory: list[Record] = []
    ranks: list[Record] = []
    singletons: list[Record] = []
    for text in counted:
        if text.counts.tokens < FEWEST_TOKENS:
            continue
        laws = {
            name: _law(text.counts, ESTIMATORS[name](text.counts, seed=seed)) for name in ESTIMATORS
        }
        totals = text.counts.totals
        whole = rarefied(totals, np.array([text.counts.tokens]))
        theory += [_row(text, name, law, whole) for name, law in laws.items()]
        ranks += _ranks(text, laws[SPLIT_HALF].alpha.value, seed)
        singletons += _singletons(text, laws[SPLIT_HALF])
    return TheoryTables(
        pl.DataFrame(theory, schema=THEORY, orient="row").fill_nan(None),
        pl.DataFrame(ranks, schema=RANKS, orient="row").fill_nan(None),
        pl.DataFrame(singletons, schema=SINGLETONS, orient="row").fill_nan(None),
    )


@cache
def finite_exponent(alpha: float, *, tokens: int, types: int) -> float:
    """d ln q / d ln m at m = `tokens`, of a law of α > 0 that shows `types` types in so many.

    nan where the law has not one singleton left.
    """
    law = ZipfLaw(alpha, matched_types(alpha, tokens=tokens, seen=types))
    return float(_predicted(law, np.array([tokens]))[1][0])


def _law(counts: Counts, alpha: Interval) -> _Law:
    if not alpha.value > 0:
        return _Law(alpha, None)
    types = matched_types(alpha.value, tokens=counts.tokens, seen=counts.types)
    return _Law(alpha, ZipfLaw(alpha.value, types))


def _row(text: Counted, estimator: str, found: _Law, whole: Rarefied) -> Record:
    counts, law = text.counts, found.law
    mass, once = float(whole.singleton_mass[0]), int((counts.totals == 1).sum())
    return {
        **text.labels,
        "estimator": estimator,
        "alpha": found.alpha.value,
        "low": found.alpha.low,
        "high": found.alpha.high,
        "documents": counts.documents,
        "tokens": counts.tokens,
        "types": counts.types,
        "vocabulary": None if law is None else float(law.types),
        "singleton_mass": mass,
        "local_exponent": float(_local(whole)[0]),
        "karlin": once / counts.types,
        "predicted": None if law is None else asymptotic_exponent(law.alpha),
        "predicted_finite": float(_predicted(law, whole.tokens)[1][0]),
        **_saturation(mass, text.steps),
        "assumes": text.assumes,
        "warnings": list(_warnings(counts, found)),
    }


def _saturation(mass: float, steps: float | None) -> dict[str, float | None]:
    if steps is None:
        return dict.fromkeys(("steps", "derailments", "derailed_share", "passed_on"))
    return {
        "steps": steps,
        "derailments": mass * steps,
        "derailed_share": float(derailed_share(mass, steps)),
        "passed_on": float(passed_on(mass, steps)) if mass > 0 else None,
    }


def _warnings(counts: Counts, found: _Law) -> Iterator[str]:
    few = few_clusters(counts.documents)
    if few is not None:
        yield few
    if math.isnan(found.alpha.value):
        yield "α is not estimated: too few source texts, or too few types that occur often enough"
    elif found.law is None:
        yield "α is not above 0: the theory takes frequencies to fall with rank"
    elif found.law.types == MOST_TYPES:
        yield "the text shows more types than any vocabulary under this α: no end is assumed"
    elif np.isnan(_predicted(found.law, np.array([counts.tokens]))[1][0]):
        yield "under this α every type would be seen twice or more by now: no finite exponent"


def _ranks(text: Counted, alpha: float, seed: int) -> Iterator[Record]:
    ordered = np.sort(text.counts.totals)[::-1]
    steps = int(np.ceil(np.log10(len(ordered)) * RANKS_A_DECADE)) + 1
    places = np.unique(np.rint(np.geomspace(1, len(ordered), steps)).astype(np.int64))
    whole = Points(places.astype(np.float64), ordered[places - 1] / text.counts.tokens)
    yield from _points(text, "the whole text", whole, np.full(len(places), np.nan))
    halves = split_half_points(text.counts, seed=seed)
    logs = [np.log(np.concatenate(part)) for part in zip(*halves, strict=True)]
    for name, points in zip(("the first half", "the second half"), halves, strict=True):
        yield from _points(text, name, points, _line(points.rank, logs, alpha))


def _line(rank: Floats, logs: Sequence[Floats], alpha: float) -> Floats:
    """Through the middle of all the points, with the slope -α."""
    if not len(rank):
        return rank
    line: Floats = np.exp(logs[1].mean() - alpha * (np.log(rank) - logs[0].mean()))
    return line


def _points(text: Counted, ranking: str, points: Points, fitted: Floats) -> Iterator[Record]:
    for rank, frequency, line in zip(*points, fitted, strict=True):
        yield {
            **text.labels,
            "ranking": ranking,
            "rank": rank,
            "frequency": frequency,
            "fitted": line,
        }


def _singletons(text: Counted, found: _Law) -> Iterator[Record]:
    tokens = text.counts.tokens
    measured = rarefied(text.counts.totals, grid(tokens))
    beyond = grid(FURTHEST)
    beyond = beyond[beyond > tokens]
    nothing = np.full(len(beyond), np.nan)
    sizes = np.concatenate([measured.tokens, beyond])
    columns = (
        np.concatenate([measured.singleton_mass, nothing]),
        np.concatenate([_local(measured), nothing]),
        *_predicted(found.law, sizes),
    )
    names = ("singleton_mass", "local_exponent", "predicted_mass", "predicted_exponent")
    asymptote = None if found.law is None else asymptotic_exponent(found.law.alpha)
    for size, *values in zip(sizes.tolist(), *columns, strict=True):
        yield {
            **text.labels,
            "tokens": size,
            **dict(zip(names, values, strict=True)),
            "asymptotic_exponent": asymptote,
        }


def _local(measured: Rarefied) -> Floats:
    """The exponent of the text where enough types are seen once, nan elsewhere."""
    once = measured.singleton_mass * measured.tokens
    return np.where(once >= FEWEST_ONCE, measured.local_exponent, np.nan)


def _predicted(law: ZipfLaw | None, tokens: Indices) -> tuple[Floats, Floats]:
    """Singleton mass and exponent of a law; nan where it has not one singleton left."""
    if law is None:
        return np.full(len(tokens), np.nan), np.full(len(tokens), np.nan)
    mass = law.singleton_mass(tokens)
    left = mass * tokens >= 1
    return np.where(left, mass, np.nan), np.where(left, law.local_exponent(tokens), np.nan)
