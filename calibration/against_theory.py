"""The exponents of a study's fits against what the simplified theory predicts for the same texts.

FITS and THEORY in, AGAINST_THEORY out. The predicted exponent is in training data and the fitted
one in the size of models, so that every row carries what stands between the two.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from calibration.assumptions import assumption
from calibration.statistics.against import Prediction, Scale, against, scale_of
from calibration.statistics.intervals import LEVEL
from calibration.statistics.shrinkage import text_degrees
from calibration.statistics.zipf import GROUPS
from calibration.theory import finite_exponent
from calibration.theory_tables import AGAINST_THEORY, SPLIT_HALF

ASYMPTOTIC: Final = "1/α - 1"
FINITE: Final = "at (v, m)"
OF_FIT: Final = ("family", "dataset", "decoding", "quantity", "x", "exponent")

Row = dict[str, Any]  # one named row of a table


class Predicted(NamedTuple):
    """A prediction for a text, None where there is none, and how it follows from α."""

    name: str
    exponent: float | None
    at: Callable[[float], float]


def against_theory(
    fits: pl.DataFrame, theory: pl.DataFrame, ent_ce: pl.DataFrame, *, level: float = LEVEL
) -> pl.DataFrame:
    """AGAINST_THEORY: every identified fit beside the two predictions for its data set.

    Of tokens, which are what is generated, and of the tokenizer of a model of the fit's family
    where it is known by one, of the first tokenizer otherwise; α by split half. `level` is that of
    the intervals in FITS and THEORY. ENT_CE says what each model was trained on.
    """
    texts = theory.filter(unit="tokens", estimator=SPLIT_HALF)
    rows = [
        row
        for fit in fits.filter("identified").rows(named=True)
        for row in _of_fit(fit, texts, ent_ce.filter(family=fit["family"]), level=level)
    ]
    return pl.DataFrame(rows, schema=AGAINST_THEORY, orient="row")


def _of_fit(fit: Row, texts: pl.DataFrame, family: pl.DataFrame, *, level: float) -> Iterator[Row]:
    text = _text_of(texts.filter(dataset=fit["dataset"]), family["model"].unique().to_list())
    if text is None:
        return
    models = family.unique("model", maintain_order=True)
    labels = {
        **{name: fit[name] for name in OF_FIT},
        "tokenizer": text["tokenizer"],
        "alpha": text["alpha"],
        "assumes": assumption({fit["family"]: models["training_tokens"].to_list()}),
    }
    for name, stated, exponent_at in _predictions(text):
        found = {} if stated is None else _compared(fit, text, stated, exponent_at, level=level)
        yield {**labels, "prediction": name, **found}


def _text_of(texts: pl.DataFrame, models: Sequence[str]) -> Row | None:
    """The tokens of a data set under the family's own tokenizer, or else under the first."""
    known = texts.filter(pl.col("alpha").is_not_null())
    own = known.filter(pl.col("tokenizer").is_in(models))
    chosen = own if len(own) else known
    return chosen.row(0, named=True) if len(chosen) else None


def _predictions(text: Row) -> Iterator[Predicted]:
    def finite(alpha: float) -> float:
        return finite_exponent(alpha, tokens=text["tokens"], types=text["types"])

    yield Predicted(ASYMPTOTIC, text["predicted"], lambda alpha: 1 / alpha - 1)
    yield Predicted(FINITE, text["predicted_finite"], finite)


def _compared(
    fit: Row, text: Row, stated: float, exponent_at: Callable[[float], float], *, level: float
) -> Row:
    ends = _ends(text, stated, exponent_at)
    found = against(
        fit["exponent"],
        _prediction(text, stated, ends, level=level),
        scales=_scales(fit, level=level),
        level=level,
    )
    return {
        "predicted": stated,
        # No exponent above 0 is ever predicted: q falls with m at every α.
        "predicted_low": None if ends is None else ends[0],
        "predicted_high": None if ends is None else min(0.0, ends[1]),
        "p_predicted": found.p_fixed,
        "difference": found.difference,
        "difference_low": found.low,
        "difference_high": found.high,
        "p_difference": found.p,
        "margin": found.margin,
    }


def _scales(fit: Row, *, level: float) -> tuple[Scale, Scale]:
    """That of the models and that of the texts; where the texts' decides, the first is a bound."""
    half = (fit["high"] - fit["low"]) / 2
    measurement = (fit["measurement_high"] - fit["measurement_low"]) / 2
    texts = text_degrees(fit["effective_clusters"], fit["models"])
    return scale_of(half, fit["df"], level=level), scale_of(measurement, texts, level=level)


def _ends(
    text: Row, stated: float, exponent_at: Callable[[float], float]
) -> tuple[float, float] | None:
    """The prediction at the ends of the interval of α; None where one of them has none."""
    if text["low"] is None or not text["low"] > 0:
        return None
    ends = [stated, *map(exponent_at, (text["low"], text["high"]))]
    return (min(ends), max(ends)) if all(map(math.isfinite, ends)) else None


def _prediction(
    text: Row, stated: float, ends: tuple[float, float] | None, *, level: float
) -> Prediction:
    if ends is None:
        return Prediction(stated, None, None)
    degrees = min(GROUPS, text["documents"]) - 1
    below, above = (scale_of(abs(end - stated), degrees, level=level) for end in ends)
    return Prediction(stated, below, above)
