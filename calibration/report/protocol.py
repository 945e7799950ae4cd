"""What a study does otherwise than the published protocol of Cao, Valiant and Liang (2025).

Sentences only: which choice, and what follows from it. Knows no tables but ENT_CE.
"""

import math

import polars as pl

from calibration.conventions import AtEnd
from calibration.report.wording import Row, nats_per
from calibration.study import DatasetEntry, Study

PUBLISHED_PROMPT = 128  # tokens of the text given as context
PUBLISHED_CONTINUATION = 1_000  # steps analysed
PUBLISHED_EXAMPLES = 5_000
NEGLIGIBLE_END = 1e-4  # a token: below it 1,000 are forced past an end less than once in ten


def differences(study: Study) -> list[str]:
    """Each deliberate difference and its reason, a sentence each; what this study chose first."""
    return [*_of_texts(study), *OF_END[study.at_end], *ALWAYS]


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

SAME_LENGTH = (
    "A generation is as long as the human continuation it stands beside, so that every position "
    "weighs the same on both sides; where generations stop, late positions weigh less on their "
    "side."
)
OF_END: dict[AtEnd, tuple[str, ...]] = {
    "stop": (),
    "continue": (
        "The end-of-text token is taken out of the distribution; the published protocol stops at "
        "it, which makes a perfect model measure too much entropy where texts end.",
        SAME_LENGTH,
    ),
    "natural": (
        "Human texts of every length keep their end, generations end where the model ends them, "
        "and what comes after an end counts as 0 on both sides; the published protocol leaves out "
        "shorter texts, and its human texts never end.",
    ),
}


def _of_texts(study: Study) -> list[str]:
    return [
        sentence
        for one in study.datasets
        for sentence in (_of_lengths(one), _of_unit(one), _of_independence(one))
        if sentence is not None
    ]


def _of_lengths(dataset: DatasetEntry) -> str | None:
    lengths = (dataset.prompt, dataset.continuation, dataset.examples)
    if dataset.unit == "tokens" and lengths == (
        PUBLISHED_PROMPT,
        PUBLISHED_CONTINUATION,
        PUBLISHED_EXAMPLES,
    ):
        return None
    return (
        f"{dataset.name}: {dataset.examples:,} examples of {dataset.prompt:,} + "
        f"{dataset.continuation:,} {dataset.unit} were asked for; the paper has "
        f"{PUBLISHED_EXAMPLES:,} of {PUBLISHED_PROMPT} + {PUBLISHED_CONTINUATION:,} tokens."
    )


def _of_unit(dataset: DatasetEntry) -> str | None:
    if dataset.unit == "tokens":
        return None
    return (
        f"{dataset.name}: prompts and windows are counted in bytes, so that every tokenizer has "
        "the same span of text; what a token has of entropy and loss is spread evenly over its "
        "bytes."
    )


def _of_independence(dataset: DatasetEntry) -> str | None:
    if dataset.independent == "texts":
        return None
    return (
        f"{dataset.name}: passages of a text stand as independent of each other, so the intervals "
        "speak of these texts alone and not of others like them."
    )


def origins_of_sizes(study: Study) -> list[str]:
    """Where the number of parameters of each model comes from, a sentence each way."""
    ways = {
        "counted from the weights": [one.name for one in study.models if one.parameters is None],
        "as stated in the study": [one.name for one in study.models if one.parameters is not None],
    }
    return [f"Parameters {way}: {', '.join(names)}." for way, names in ways.items() if names]


def notes_on_ends(study: Study, ent_ce: pl.DataFrame) -> list[str]:
    """What the end policy did to each measurement of a table ENT_CE, a sentence each.

    Under `stop`, at end rate e and entropy h of a token that does not end, a perfect model measures
    e·(ln(1/e) - h) nats too much a token (exact to first order in e): human continuations
    never contain the end token. Under `natural` both sides end, and there is nothing to say.
    """
    describe = {"stop": _stopped, "continue": _forced_on}.get(study.at_end)
    if describe is None:
        return []
    return [
        f"{one['model']}, {one['dataset']}, {one['decoding']}: {describe(one, rate)}"
        for one in ent_ce.rows(named=True)
        for rate in [one["end_probability"] * _steps_of_token(one)]
        if rate > NEGLIGIBLE_END
    ]


def _steps_of_token(one: Row) -> float:
    """A token ends a text, a byte does not: what a token has is spread over its bytes."""
    return float(one["bytes_per_token_generated"]) if one["unit"] == "bytes" else 1.0


def _stopped(one: Row, rate: float) -> str:
    steps = _steps_of_token(one)
    bias = rate * (math.log(1 / rate) - one["entropy"] * steps) / steps
    return (
        f"texts end with probability {rate:.2g} a token; that alone raises EntCE of a perfect "
        f"model by about {bias:+.4f} {nats_per(one['unit'])}."
    )


def _forced_on(_: Row, rate: float) -> str:
    return (
        f"the end of text held {rate:.2g} of the probability a token before it was taken out; "
        "texts forced past their end are under a strain of their own."
    )
