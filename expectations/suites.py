"""Which rules judge which table: one function a kind of artifact, each returning its verdict.

A verdict (schema VERDICT) has one row a rule. The version of a suite is part of the verdict's
recipe: a new rule judges again without remaking anything.
"""

from collections.abc import Sequence
from typing import Final, Literal

import polars as pl

from calibration.conventions import AtEnd, Unit
from calibration.engine.decoding import Decoding
from calibration.methods import FutureEntropy, Method
from calibration.prompts import Added
from calibration.recipes import Form, WeightPrecision
from calibration.tables import MODEL_LABELS
from expectations import calibrations as calibrations_suite
from expectations import examples as examples_suite
from expectations import fits as fits_suite
from expectations import laws as laws_suite
from expectations import positions as positions_suite
from expectations import readings as readings_suite
from expectations import rescores as rescores_suite
from expectations import samples as samples_suite
from expectations import scores as scores_suite
from expectations import series as series_suite
from expectations import summaries as summaries_suite
from expectations import texts as texts_suite
from expectations import theories as theories_suite
from expectations.against_temperatures import calibrated_rules
from expectations.judge import judge
from expectations.replay import beside_samples, gate_rules, one_gate, replay_rules
from expectations.rules import Case
from expectations.sources import attendance, beside, same_examples
from expectations.spread import spread_rules

VERSIONS: Final[dict[str, int]] = {
    "texts": texts_suite.VERSION,
    "examples": examples_suite.VERSION,
    "calibrations": calibrations_suite.VERSION,
    "samples": samples_suite.VERSION,
    "rescores": rescores_suite.VERSION,
    "scores": scores_suite.VERSION,
    "summaries": summaries_suite.VERSION,
    "fits": fits_suite.VERSION,
    "study-fits": fits_suite.VERSION,
    "theories": theories_suite.VERSION,
}

TEXTS_ASKED: Final = frozenset(
    {"span_bytes", "examples", "independent", "spans", "shortest", "longest_context"}
)
EXAMPLES_ASKED: Final = frozenset({"prompt", "continuation", "unit", "text_end", "form"})
# Of the recipe of the samples, for them and for their summary.
SUMMARIES_ASKED: Final = frozenset({"at_end", "decoding", "draws"})
SAMPLES_ASKED: Final = SUMMARIES_ASKED | {"end_ids", "method"}


def texts_verdict(
    texts: pl.DataFrame,
    *,
    span_bytes: int,
    examples: int,
    independent: Literal["passages"] | None,
    spans: Literal["first"] | None = None,
    shortest: int | None = None,
    longest_context: int | None = None,
) -> pl.DataFrame:
    """The verdict on TEXTS that were to be `examples` spans of at most `span_bytes`.

    The arguments are those of the recipe, by the same names (`TEXTS_ASKED`).
    """
    rules = texts_suite.texts_rules(
        span_bytes=span_bytes,
        examples=examples,
        independent=independent,
        spans=spans,
        shortest=shortest,
        longest_context=longest_context,
    )
    return judge([Case(texts, rules)])


def examples_verdict(
    examples: pl.DataFrame,
    *,
    prompt: int,
    continuation: int,
    unit: Unit,
    text_end: int | None,
    vocabulary: int | None,
    left_out: int,
    form: Form = "plain",
    added: Added | None = None,
) -> pl.DataFrame:
    """The verdict on EXAMPLES of one tokenizer, for which `left_out` spans gave no example.

    `prompt` and `continuation` are in the unit, in tokens every plain prompt has its length; a
    continuation may have less. `text_end` is the id that ends texts, None where ends are not kept.
    `added` is what the tokenizer is known to add, None where the table does not say.
    """
    rules = examples_suite.examples_rules(
        prompt=prompt,
        continuation=continuation,
        unit=unit,
        text_end=text_end,
        vocabulary=vocabulary,
        left_out=left_out,
        form=form,
        added=added,
    )
    return judge([Case(examples, rules)])


def calibration_tables(method: Method) -> tuple[str, ...]:
    """The tables of what a method has fitted, by name."""
    numbers = ("calibration", "diagnostics")
    return (*numbers, "head") if isinstance(method, FutureEntropy) else numbers


def calibration_verdict(
    tables: Sequence[pl.DataFrame], method: Method, *, vocabulary: int
) -> pl.DataFrame:
    """The verdict on what a method has fitted: its tables in the order of `calibration_tables`."""
    suite = calibrations_suite
    fitted, told = suite.calibration_rules(method), suite.diagnostic_rules(method)
    rules = (fitted, told, suite.head_rules(vocabulary=vocabulary))
    return judge([Case(*one) for one in zip(tables, rules, strict=False)])


def samples_verdict(
    samples: pl.DataFrame,
    replay: pl.DataFrame,
    examples: pl.DataFrame,
    *,
    vocabulary: int,
    unit: Unit,
    at_end: AtEnd,
    end_ids: Sequence[int],
    precision: WeightPrecision,
    decoding: Decoding,
    method: Method | None = None,
    draws: int | None = None,
) -> pl.DataFrame:
    """The verdict on SAMPLES of EXAMPLES, the gate of their REPLAY included.

    `method` is how the decoding was fitted, None where it was written; `draws` how often each
    example was continued, None for once.
    """
    rules = samples_suite.samples_rules(
        vocabulary=vocabulary, unit=unit, at_end=at_end, end_ids=end_ids
    )
    gate = replay_rules(
        replay, samples, precision=precision, decoding=decoding, method=method, draws=draws
    )
    return judge(
        [
            Case(attendance(samples, examples), same_examples(draws=draws)),
            Case(beside(samples, examples), rules),
            Case(beside_samples(replay, samples), gate),
        ]
    )


def rescores_verdict(
    rescores: pl.DataFrame, samples: pl.DataFrame, *, vocabulary: int, decoding: Decoding
) -> pl.DataFrame:
    """The verdict on RESCORES of SAMPLES by a network of that many ids."""
    rules = rescores_suite.rescores_rules(vocabulary=vocabulary, decoding=decoding)
    return judge([Case(rescores_suite.beside_texts(rescores, samples), rules)])


def scores_verdict(
    scores: pl.DataFrame,
    examples: pl.DataFrame,
    *,
    vocabulary: int,
    text_end: int | None,
    decoding: Decoding,
) -> pl.DataFrame:
    """The verdict on SCORES of the human continuations of EXAMPLES, under one decoding."""
    rules = scores_suite.scores_rules(vocabulary=vocabulary, text_end=text_end, decoding=decoding)
    return judge(
        [
            Case(attendance(scores, examples), same_examples()),
            Case(beside(scores, examples), rules),
        ]
    )


def summary_verdict(
    summary_examples: pl.DataFrame,
    summary_positions: pl.DataFrame,
    *,
    texts: pl.DataFrame,
    spread: pl.DataFrame,
    gate: pl.DataFrame,
    readings: pl.DataFrame,
    unit: Unit,
    at_end: AtEnd,
    precision: WeightPrecision,
    vocabulary: int | None,
    decoding: Decoding,
    draws: int | None = None,
    losses: Literal["slipped"] | None = None,
) -> pl.DataFrame:
    """The verdict on the six tables of one model under one decoding, each SUMMARY_ of its name.

    `precision` is that of the weights that scored. `vocabulary` is the number of ids; None where it
    is not known. `draws` is how often each example was continued, None for once; losses that are
    `slipped` are read one token late.
    """
    sums = summaries_suite.sum_rules(
        unit=unit, at_end=at_end, vocabulary=vocabulary, decoding=decoding, draws=draws
    )
    positions = positions_suite.position_rules(
        summary_examples,
        unit=unit,
        at_end=at_end,
        precision=precision,
        decoding=decoding,
        losses=losses,
    )
    asked = summary_examples.unique("example")
    stretches = spread_rules(labels=(), positions=summary_positions.height)
    return judge(
        [
            Case(summary_examples, sums),
            Case(summary_positions, positions),
            Case(attendance(texts, asked), readings_suite.same_texts(draws=draws)),
            Case(
                readings_suite.beside_sums(texts, summary_examples),
                readings_suite.text_rules(unit=unit, decoding=decoding),
            ),
            Case(spread, stretches),
            Case(gate, (one_gate(summary_examples.height), *gate_rules(labels=()))),
            Case(
                readings,
                readings_suite.reading_rules(texts, precision=precision, decoding=decoding),
            ),
        ]
    )


def fit_verdict(
    ent_ce: pl.DataFrame,
    fits: pl.DataFrame,
    *,
    curves: pl.DataFrame,
    bands: pl.DataFrame,
    points: pl.DataFrame,
    leave_one_out: pl.DataFrame,
    horizons: pl.DataFrame,
    spread: pl.DataFrame,
    seen: pl.DataFrame,
    gate: pl.DataFrame,
    overall: pl.DataFrame | None = None,
    tuning: pl.DataFrame | None = None,
    calibrated: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The verdict on the tables of a fit, each in the schema of its name: one series or several.

    `overall`, `tuning` and, where a decoding is fitted, `calibrated` are of several only.
    """
    tables = {"curves": curves, "spread": spread, "gate": gate}
    labels = tuple(MODEL_LABELS)
    return judge(
        [
            Case(ent_ce, fits_suite.ent_ce_rules()),
            Case(fits_suite.beside_series(fits, ent_ce), fits_suite.fits_rules()),
            Case(
                series_suite.presence(ent_ce, seen=seen, **tables),
                series_suite.presence_rules(*tables),
            ),
            Case(series_suite.beside_mixture(curves, ent_ce), series_suite.curve_rules()),
            Case(bands, series_suite.band_rules()),
            Case(points, laws_suite.point_rules()),
            Case(leave_one_out, laws_suite.leave_one_out_rules()),
            Case(horizons, laws_suite.horizon_rules()),
            Case(spread, spread_rules(labels=labels, positions=None)),
            Case(series_suite.beside_ent_ce(seen, ent_ce), series_suite.seen_rules()),
            Case(gate, gate_rules(labels=labels)),
            *([] if overall is None else [Case(overall, laws_suite.overall_rules())]),
            *([] if tuning is None else [Case(tuning, laws_suite.tuning_rules())]),
            *([] if calibrated is None else [Case(calibrated, calibrated_rules())]),
        ]
    )


def theory_verdict(
    theory: pl.DataFrame,
    *,
    ranks: pl.DataFrame,
    singletons: pl.DataFrame,
    datasets: Sequence[str],
) -> pl.DataFrame:
    """The verdict on THEORY, RANKS and SINGLETONS of some data sets."""
    found = theories_suite.presence(theory, ranks=ranks, singletons=singletons)
    return judge(
        [
            Case(theories_suite.counted(theory, datasets), theories_suite.counted_rules()),
            Case(found, theories_suite.presence_rules()),
            Case(theory, theories_suite.theory_rules()),
            Case(ranks, theories_suite.rank_rules()),
            Case(singletons, theories_suite.singleton_rules()),
        ]
    )
