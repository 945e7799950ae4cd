"""What is made of one model on one data set: the recipes of its texts, its calibration, its tables.

This file decides which texts a model sees and what is fitted on others; it reads nothing.
"""

from collections.abc import Mapping

from calibration.engine.decoding import Decoding
from calibration.methods import Method
from calibration.recipes import (
    CalibrationRecipe,
    ExamplesRecipe,
    Form,
    Identity,
    ModelIdentity,
    RescoresRecipe,
    SamplesRecipe,
    ScoresRecipe,
    SourceIdentity,
    SummaryRecipe,
    TextsRecipe,
)
from calibration.sources import begins_texts, gives_contexts
from calibration.study import DatasetEntry, ModelEntry, Study

# Texts that are drawn for each example where tokenizers then choose among them: of the stories and
# solutions of the published study, about one in three is long enough.
SPARE = 4


class ModelFacts(Identity):
    """What is known of a model without loading it."""

    identity: ModelIdentity
    tokenizer: str  # digest of the tokenizer's files
    parameters: int
    non_embedding_parameters: int
    vocabulary: int
    context: int | None  # tokens; None where the model states no limit
    end_ids: tuple[int, ...]
    text_end: int | None  # the id that ends a document; None where the model has none
    chat_template: str | None = None  # digest; None where the tokenizer has none


def texts_recipe(
    study: Study, sources: Mapping[str, SourceIdentity], dataset: DatasetEntry
) -> TextsRecipe:
    """What is selected of a data set's source; `sources` are by the data set's name."""
    by_tokens = "selection" in study.as_published
    return TextsRecipe(
        source=sources[dataset.name],
        span_bytes=dataset.bytes_per_span,
        # Of which each tokenizer then takes those that are long enough for it.
        examples=dataset.examples * (SPARE if by_tokens else 1),
        seed=study.seed,
        # To leave short rests out would leave out texts because they end.
        tails="all" if study.at_end == "natural" else None,
        independent="passages" if dataset.independent == "passages" else None,
        spans="first" if begins_texts(dataset.source) else None,
        shortest=None if by_tokens else dataset.shortest,
        longest_context=dataset.longest_context,
    )


def texts_to_fit_on(
    study: Study, sources: Mapping[str, SourceIdentity], dataset: DatasetEntry
) -> TextsRecipe:
    """What decodings are fitted on where a data set is measured, of none of its clusters."""
    measured = texts_recipe(study, sources, dataset)
    others = texts_recipe(study, sources, dataset.for_calibration)
    if others.source != measured.source:
        return others
    return others.model_copy(update={"apart": measured})


def examples_recipe(
    study: Study, texts: TextsRecipe, model: ModelEntry, facts: ModelFacts, dataset: DatasetEntry
) -> ExamplesRecipe:
    """The texts of a data set as a model reads them."""
    form = form_of(model, dataset)
    by_tokens = "selection" in study.as_published
    return ExamplesRecipe(
        texts=texts,
        tokenizer=facts.tokenizer,
        form=form,
        template=facts.chat_template if form == "chat" else None,
        prompt=dataset.prompt,
        continuation=dataset.continuation,
        unit=dataset.unit,
        text_end=facts.text_end if study.at_end == "natural" else None,
        whole=dataset.examples if by_tokens else None,
    )


def form_of(model: ModelEntry, dataset: DatasetEntry) -> Form:
    """A text that answers nothing is continued as it is, by chat models too."""
    if not gives_contexts(dataset.source):
        return "plain"
    return "chat" if model.chat else "question-answer"


def calibration_recipe(
    study: Study, examples: ExamplesRecipe, facts: ModelFacts, method: Method
) -> CalibrationRecipe:
    """What a method fits for a model on examples that are not measured."""
    return CalibrationRecipe(
        examples=examples,
        model=facts.identity,
        at_end=study.at_end,
        end_ids=facts.end_ids,
        seed=study.seed,
        method=method,
    )


def summary_recipe(
    study: Study,
    dataset: DatasetEntry,
    examples: ExamplesRecipe,
    facts: ModelFacts,
    decoding: Decoding | CalibrationRecipe,
) -> SummaryRecipe:
    """What a model makes of the examples of a data set, and what is summed of it."""
    again = "four-bit" in study.as_published
    reads = facts.identity.model_copy(update={"precision": "four-bit"}) if again else facts.identity
    fitted = decoding if isinstance(decoding, CalibrationRecipe) else None
    plain = decoding if isinstance(decoding, Decoding) else Decoding()
    scores = ScoresRecipe(
        examples=examples,
        model=reads,
        decoding=plain,
        at_end=study.at_end,
        end_ids=facts.end_ids,
        calibration=fitted,
    )
    samples = SamplesRecipe(
        examples=examples,
        model=facts.identity,
        decoding=plain,
        at_end=study.at_end,
        end_ids=facts.end_ids,
        calibration=fitted,
        seed=study.seed,
        draws=None if dataset.samples_per_prompt == 1 else dataset.samples_per_prompt,
    )
    return SummaryRecipe(
        samples=samples,
        scores=scores,
        rescored=RescoresRecipe(samples=samples, model=reads) if again else None,
        alignment="slipped" if "slip" in study.as_published else None,
    )
