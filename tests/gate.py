"""What the gate says of samples and of what a language replays of them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from small_recipes import SAMPLES, changed
from tiny import VOCABULARY

from calibration.engine.decoding import Decoding
from calibration.engine.language import Language
from calibration.measurement import replayed_part, sampled_part
from calibration.methods import Method
from calibration.recipes import SamplesRecipe
from calibration.statistics.consistency import ReplayConsistency, agrees_in_32_bits, refuses
from expectations.suites import samples_verdict

END: Final = 0
SIZES: Final = np.ones(VOCABULARY, dtype=np.int64)


def refused_by_martingale(found: ReplayConsistency) -> bool:
    """Whether the mean or the covariance says another distribution."""
    martingale = (found.mean_z, found.mean), (found.covariance_z, found.covariance)
    return any(refuses(z, bias, standard_error=found.entropy_se) for z, bias in martingale)


def refused(found: ReplayConsistency) -> bool:
    """Whether samples in float32 are refused, by their replay or by the martingale."""
    return not agrees_in_32_bits(found) or refused_by_martingale(found)


def recipe(decoding: Decoding) -> SamplesRecipe:
    return changed(SAMPLES, decoding=decoding, end_ids=(END,))


def samples_of(examples: pl.DataFrame, language: Language, decoding: Decoding) -> pl.DataFrame:
    """One sample of every example."""
    return sampled_part(examples, language, recipe(decoding), sizes=SIZES, progress=lambda _: None)


def broken(
    examples: pl.DataFrame,
    languages: Sequence[Language],
    decodings: Sequence[Decoding],
    method: Method | None = None,
) -> set[str]:
    """The rules that samples break: language and decoding of the sampling, then of the replay."""
    (sampling, replaying), (sampled, replayed) = languages, decodings
    samples = samples_of(examples, sampling, sampled)
    verdict = samples_verdict(
        samples,
        replayed_part(examples, samples, replaying, recipe(replayed)),
        examples,
        vocabulary=VOCABULARY,
        unit="tokens",
        at_end="continue",
        end_ids=[END],
        precision="float32",
        decoding=replayed,
        method=method,
    )
    refused = ~pl.col("passed") & (pl.col("severity") == "fail")
    return set(verdict.filter(refused)["rule"].to_list())
