"""What a study does otherwise than the published protocol of Cao, Valiant and Liang (2025)."""

import math
from typing import Any

import polars as pl

from calibration.study import Study

PUBLISHED_PROMPT = 128  # tokens of the text given as context
PUBLISHED_CONTINUATION = 1_000  # steps analysed
PUBLISHED_EXAMPLES = 5_000
NEGLIGIBLE_END = 1e-4  # a step: below it 1,000 steps are forced past an end less than once in ten


def differences(study: Study) -> list[str]:
    """Each deliberate difference and its reason, a sentence each; what this study chose first."""
    return [*_of_lengths(study), *_of_end(study), *ALWAYS]


ALWAYS = (
    "Log losses and entropies are read at the same positions; the published code scores the "
    "reference one position late, which drops its first token.",
    "The weights that generate are the weights that score, in one precision; the published code "
    "samples in 16 bits and scores in 4.",
    "Texts are selected by bytes, without looking at a tokenizer, so that every model sees the "
    "same ones.",
    "EntCE is fitted as it is, with a sign; the published fit takes its logarithm and gives no "
    "interval.",
)


def _of_lengths(study: Study) -> list[str]:
    return [
        f"{one.name}: {one.examples:,} examples of {one.prompt} + {one.continuation:,} tokens were "
        f"asked for; the paper has {PUBLISHED_EXAMPLES:,} of {PUBLISHED_PROMPT} + "
        f"{PUBLISHED_CONTINUATION:,}."
        for one in study.datasets
        if (one.prompt, one.continuation, one.examples)
        != (PUBLISHED_PROMPT, PUBLISHED_CONTINUATION, PUBLISHED_EXAMPLES)
    ]


def _of_end(study: Study) -> list[str]:
    if study.at_end == "stop":
        return []
    return [
        "The end-of-text token is taken out of the distribution; the published protocol stops at "
        "it, which makes a perfect model measure too much entropy where texts end.",
        "A generation is as long as the human continuation it stands beside, so that every "
        "position weighs the same on both sides; where generations stop, late positions weigh "
        "less on their side.",
    ]


def notes_on_ends(study: Study, ent_ce: pl.DataFrame) -> list[str]:
    """What the end policy did to each measurement of a table ENT_CE, a sentence each.

    Under `stop`, at end rate e and entropy h of a step that does not end, a perfect model measures
    e·(ln(1/e) - h) nats too much a step (exact to first order in e): human continuations never
    contain the end token.
    """
    describe = _stopped if study.at_end == "stop" else _forced_on
    rows = ent_ce.filter(pl.col("end_probability") > NEGLIGIBLE_END).rows(named=True)
    return [f"{one['model']}, {one['dataset']}, {one['decoding']}: {describe(one)}" for one in rows]


def _stopped(one: dict[str, Any]) -> str:
    rate = one["end_probability"]
    bias = rate * (math.log(1 / rate) - one["entropy"])
    return (
        f"texts end with probability {rate:.2g} a step; that alone raises EntCE of a perfect "
        f"model by about {bias:+.4f} nats per token."
    )


def _forced_on(one: dict[str, Any]) -> str:
    return (
        f"the end of text held {one['end_probability']:.2g} of the probability a step before it "
        "was taken out; texts forced past their end are under a strain of their own."
    )
