"""What a method fits for one network on texts that are not measured, and what that rests on.

A temperature, α of each block of positions, and a predictor where there is one. EntCE is measured
as a study measures it, by the same functions. Knows no disk.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from calibration.calibrated_tables import CALIBRATION
from calibration.diagnostics import Diagnostic, diagnostics_table
from calibration.engine.blind import Blind
from calibration.engine.branching import BranchingLanguage
from calibration.engine.candidates import Reach
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.foresight import Adjustment
from calibration.engine.future import Head
from calibration.engine.lookahead import OneStepAhead
from calibration.engine.scoring import Text
from calibration.fitted_future import foretold
from calibration.fitted_strength import HumanTexts, strength
from calibration.fitted_temperature import Measured, root
from calibration.fitting_work import COMPARED, compared
from calibration.measurement import Asked, continued, sampled_parts, scored_part
from calibration.methods import FittedTemperature, FutureEntropy, OneStep
from calibration.recipes import CalibrationRecipe, SamplesRecipe
from calibration.statistics.ent_ce import estimate
from calibration.statistics.intervals import Interval
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples

# Own texts of measured examples must not be drawn by the numbers that decided their temperature.
APART: Final = 1 << 32
TOGETHER: Final = 64  # examples that are sampled together, at every temperature


class Fitted(NamedTuple):
    """What was fitted."""

    parameters: pl.DataFrame  # CALIBRATION
    diagnostics: pl.DataFrame  # DIAGNOSTICS
    head: Head | None


class Work(NamedTuple):
    """What a fit is made with."""

    recipe: CalibrationRecipe
    examples: pl.DataFrame  # EXAMPLES
    network: BranchingLanguage
    sizes: NDArray[np.int64]  # raw bytes of every id, (vocabulary,)
    rows: int  # texts that are sampled together
    told: Callable[[str], object]  # what happens, in words

    @property
    def ending(self) -> Ending:
        return Ending(self.recipe.at_end, self.recipe.end_ids)

    @property
    def human(self) -> HumanTexts:
        pairs = self.examples.select("prompt_ids", "continuation_ids").iter_rows()
        return HumanTexts([Text(*pair) for pair in pairs], self.examples["cluster"].to_list())


def fitted(work: Work) -> Fitted:
    """What the method of a recipe fits on EXAMPLES of texts that are not measured.

    Raises ModelError or TextError where it cannot be fitted.
    """
    match work.recipe.method:
        case FittedTemperature(fit="ent_ce"):
            return _where_calibrated(work)
        case FittedTemperature():
            return _of_least_log_loss(work)
        case OneStep() as method:
            return _one_step(work, method)
        case FutureEntropy() as method:
            return _future_entropy(work, method)


def ahead(
    network: BranchingLanguage, recipe: CalibrationRecipe, *, likeliest: int, tail: int
) -> OneStepAhead:
    """The network of a recipe, trying so many tokens."""
    ending = Ending(recipe.at_end, recipe.end_ids)
    return OneStepAhead(network, reach=Reach(likeliest, tail), seed=recipe.seed, ending=ending)


def _where_calibrated(work: Work) -> Fitted:
    found = root(lambda temperatures: _ent_ces(work, temperatures))
    rows = [_measured(one) for one in sorted(found.path, key=lambda one: one.temperature)]
    error = found.standard_error if np.isfinite(found.standard_error) else None
    fit = Diagnostic("temperature", "", found.temperature, error)
    return Fitted(_temperature(found.temperature), diagnostics_table([fit, *rows]), None)


def _measured(one: Measured) -> Diagnostic:
    error = one.ent_ce.standard_error
    return Diagnostic(
        "ent_ce",
        f"temperature {one.temperature:.4g}",
        one.ent_ce.value,
        error if np.isfinite(error) else None,
    )


def _ent_ces(work: Work, temperatures: Sequence[float]) -> list[Interval]:
    """EntCE at some temperatures, from the same random numbers."""
    asked = [_samples(work.recipe, Decoding(temperature=one)) for one in temperatures]
    scores = scored_part(
        work.examples,
        work.network,
        decodings=[one.decoding for one in asked],
        ending=work.ending,
    )
    samples = _own_texts(work, asked)
    found = [
        estimate(
            summary_examples(
                stepwise(
                    own,
                    human,
                    work.examples,
                    unit=work.recipe.examples.unit,
                    at_end=work.recipe.at_end,
                )
            )
        ).ent_ce
        for own, human in zip(samples, scores, strict=True)
    ]
    for temperature, one in zip(temperatures, found, strict=True):
        work.told(f"EntCE {one.value:+.4f} nats at temperature {temperature:.4g}")
    return found


def _own_texts(work: Work, asked: Sequence[SamplesRecipe]) -> list[pl.DataFrame]:
    """The model's own continuations under each recipe, examples in parts.  # SAMPLES each"""
    whole = continued(work.examples, draws=None)
    at_once = max(1, work.rows // TOGETHER)
    made: list[list[pl.DataFrame]] = [[] for _ in asked]
    for start in range(0, len(whole), TOGETHER):
        part = whole[start : start + TOGETHER]
        for first in range(0, len(asked), at_once):
            parts = sampled_parts(
                [Asked(part, recipe) for recipe in asked[first : first + at_once]],
                work.network,
                sizes=work.sizes,
                progress=lambda _: None,
            )
            for number, samples in enumerate(parts, start=first):
                made[number].append(samples)
    return [pl.concat(parts) for parts in made]


def _samples(recipe: CalibrationRecipe, decoding: Decoding) -> SamplesRecipe:
    return SamplesRecipe(
        examples=recipe.examples,
        model=recipe.model,
        decoding=decoding,
        at_end=recipe.at_end,
        end_ids=recipe.end_ids,
        seed=recipe.seed + APART,
    )


def _of_least_log_loss(work: Work) -> Fitted:
    found = strength(
        Blind(work.network), work.human, form="future-entropy", ending=work.ending, block=None
    )
    alpha, change = found.diagnostics
    temperature = 1 / (1 + alpha.value)
    # Of 1/(1 + α), to first order.
    error = None if alpha.se is None else alpha.se * temperature**2
    rows = [Diagnostic("temperature", "", temperature, error), change]
    return Fitted(_temperature(temperature), diagnostics_table(rows), None)


def _one_step(work: Work, method: OneStep) -> Fitted:
    foresight = ahead(work.network, work.recipe, likeliest=method.likeliest, tail=method.tail)
    found = strength(foresight, work.human, form="one-step", ending=work.ending, block=method.block)
    work.told(f"α {', '.join(f'{alpha:+.4f}' for alpha in found.adjustment.alphas)}")
    rows = [*found.diagnostics, *_sensitivity(work, method)]
    return Fitted(_alphas(found.adjustment), diagnostics_table(rows), None)


def _sensitivity(work: Work, method: OneStep) -> list[Diagnostic]:
    """α and its gain on a few texts, with more and fewer tokens tried."""
    few, rows = work.human.first(COMPARED), list[Diagnostic]()
    for likeliest, tail in _reaches(method, work.network.vocabulary):
        foresight = ahead(work.network, work.recipe, likeliest=likeliest, tail=tail)
        at = f"K {likeliest}, R {tail}, of {len(few.texts)} texts"
        found = strength(foresight, few, form="one-step", ending=work.ending, block=None, at=at)
        rows += found.diagnostics
    return rows


def _reaches(method: OneStep, vocabulary: int) -> list[tuple[int, int]]:
    """K and R that are compared, as far as there are tokens."""
    found = [(min(likeliest, vocabulary), tail) for likeliest, tail in compared(method)]
    return list(dict.fromkeys(found))


def _future_entropy(work: Work, method: FutureEntropy) -> Fitted:
    found = foretold(
        work.network,
        work.human,
        method,
        seed=work.recipe.seed,
        ending=work.ending,
        told=work.told,
    )
    return Fitted(_alphas(found.adjustment), diagnostics_table(found.diagnostics), found.head)


def _temperature(value: float) -> pl.DataFrame:
    rows = [("temperature", None, value)]
    return pl.DataFrame(rows, schema=CALIBRATION, orient="row")


def _alphas(adjustment: Adjustment) -> pl.DataFrame:
    blocks = [None] if adjustment.block is None else range(len(adjustment.alphas))
    rows = [("alpha", block, alpha) for block, alpha in zip(blocks, adjustment.alphas, strict=True)]
    return pl.DataFrame(rows, schema=CALIBRATION, orient="row")
