"""What a study does otherwise than the published protocol of Cao, Valiant and Liang (2025).

Sentences only: which choice, and what follows from it. Knows no tables but ENT_CE.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from calibration.conventions import AtEnd
from calibration.decodings import asked_for
from calibration.engine.decoding import Decoding
from calibration.methods import Method
from calibration.report.wording import Row, listed, nats_per
from calibration.sources import PublishedSource, gives_contexts
from calibration.study import DatasetEntry, Departure, ModelEntry, Study

PUBLISHED_PROMPT = 128  # tokens of the text given as context
PUBLISHED_CONTINUATION = 1_000  # steps analysed
PUBLISHED_EXAMPLES = 5_000
NEGLIGIBLE_END = 1e-4  # a token: below it 1,000 are forced past an end less than once in ten


def differences(study: Study) -> list[str]:
    """Each deliberate difference and its reason, a sentence each; what this study chose first.

    What a study asks back under `as_published` is no difference, and is said to be asked back.
    """
    return [
        *_of_texts(study),
        *_of_models(study),
        *OF_END[study.at_end],
        *_of_repairs(study),
        *ALWAYS,
    ]


def _of_repairs(study: Study) -> list[str]:
    return [
        repair.asked_back if departure in study.as_published else repair.repaired
        for departure, repair in OF_REPAIR.items()
    ]


class Repair(NamedTuple):
    """What the published code does: the sentence where it is repaired, and where asked back."""

    repaired: str
    asked_back: str


OF_REPAIR: Final[dict[Departure, Repair]] = {
    "slip": Repair(
        "Log losses and entropies are read at the same positions; the published code scores the "
        "reference one position late, which drops its first token.",
        "As published, log losses are read one position late and entropies are not, which drops "
        "the first token of every reference: asked back by this study, not a reading of EntCE.",
    ),
    "four-bit": Repair(
        "The weights that generate are the weights that score, in one precision; the published "
        "code samples in 16 bits and scores in 4.",
        "As published, generations are of the weights as they are, and entropies and log losses "
        "of the same weights in 4 bits: asked back by this study; what is measured is then two "
        "models.",
    ),
    "selection": Repair(
        "Texts are selected by bytes, without looking at a tokenizer, so that every model sees "
        "the same ones.",
        "As published, each tokenizer takes the texts that are long enough for it: asked back by "
        "this study, so that families are measured on different texts.",
    ),
}
ALWAYS = (
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
        for sentence in (
            _of_lengths(one),
            _of_unit(one),
            _of_limits(_chosen_by_bytes(study, one)),
            _of_draws(one),
            _of_independence(one),
            _of_source(one),
            _of_training_split(one),
        )
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


def _chosen_by_bytes(study: Study, dataset: DatasetEntry) -> DatasetEntry:
    """The data set with the limits that were kept: tokens decide of texts that are asked back."""
    by_tokens = "selection" in study.as_published
    return dataset.model_copy(update={"shortest": None}) if by_tokens else dataset


def _of_limits(dataset: DatasetEntry) -> str | None:
    limits = {
        "texts of at least": dataset.shortest,
        "contexts of at most": dataset.longest_context,
    }
    taken = [f"{what} {limit:,} bytes" for what, limit in limits.items() if limit is not None]
    if not taken:
        return None
    return (
        f"{dataset.name}: {listed(taken)} were taken; the published protocol counts them in each "
        "model's own tokens (fewer than 2,048 of prompt, 1,024 or more after it)."
    )


def _of_draws(dataset: DatasetEntry) -> str | None:
    if dataset.samples_per_prompt == 1:
        return None
    return (
        f"{dataset.name}: {dataset.samples_per_prompt} continuations of each prompt were drawn, "
        "which stand as one source text; the paper draws one."
    )


def _of_source(dataset: DatasetEntry) -> str | None:
    """How the prompts of the three published data sets, and only theirs, compare."""
    if not isinstance(dataset.source, PublishedSource) or not gives_contexts(dataset.source):
        return None
    return (
        f"{dataset.name}: instructions are those of the paper, as a question and an answer for "
        "base models and in the template of a chat model; what day a template says it is, is "
        "fixed here, and was the day of the run there."
    )


def _of_training_split(dataset: DatasetEntry) -> str | None:
    if not isinstance(dataset.source, PublishedSource):
        return None
    return (
        f"{dataset.name}: the split {dataset.source.split!r} was read, as in the paper: models "
        "have trained on such texts, and their log losses there may be those of memory."
    )


def _of_models(study: Study) -> list[str]:
    """What chat models and truncations make of a study beside the published one."""
    return [
        sentence
        for sentence in (
            _of_truncations(study),
            _of_fitted(study),
            _of_chat_prompts(study),
            _of_chat_decodings(study),
        )
        if sentence is not None
    ]


def _of_truncations(study: Study) -> str | None:
    plain = [one for one in _asked(study, study.models) if isinstance(one, Decoding)]
    found = {one.truncation for one in plain if one.truncation is not None}
    if not found:
        return None
    return (
        f"Truncated decodings ({listed(sorted(found))}) are no part of the paper, which has "
        "temperatures alone."
    )


def _of_fitted(study: Study) -> str | None:
    found = [one.label for one in _asked(study, study.models) if not isinstance(one, Decoding)]
    if not found:
        return None
    return (
        f"Fitted decodings ({listed(list(dict.fromkeys(found)))}) are no part of the paper's "
        "measurements: of future entropy it proves what could be had, and runs nothing."
    )


def _of_chat_prompts(study: Study) -> str | None:
    plain = [one.name for one in study.datasets if not gives_contexts(one.source)]
    if not plain or not any(model.chat for model in study.models):
        return None
    return (
        f"Chat models continue the texts of {listed(plain)} as they are, without a template, as "
        "base models do; the paper does so on WikiText."
    )


def _of_chat_decodings(study: Study) -> str | None:
    chat = [model for model in study.models if model.chat]
    more = [model for model in chat if _beyond_the_model_itself(study, model)]
    if more:
        return (
            "Chat models are measured under other decodings than temperature 1 too; the paper has "
            "them at temperature 1 alone."
        )
    if not any(_beyond_the_model_itself(study, model) for model in study.models) or not chat:
        return None
    return (
        "Chat models are measured at temperature 1 alone, as in the paper: what a temperature adds "
        "to tuning is not seen."
    )


def _beyond_the_model_itself(study: Study, model: ModelEntry) -> bool:
    return any(one != Decoding() for one in _asked(study, [model]))


def _asked(study: Study, models: Sequence[ModelEntry]) -> list[Decoding | Method]:
    return [asked_for(entry) for model in models for entry in study.decodings_of(model)]


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
