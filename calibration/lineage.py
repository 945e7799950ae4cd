"""A study and the identities of its models and texts, together: every recipe, before anything runs.

This file decides what belongs to what (which examples a model sees, which models share a fit);
it reads nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from calibration.assumptions import assumption
from calibration.decodings import asked_for
from calibration.deriving import (
    ModelFacts,
    calibration_recipe,
    examples_recipe,
    form_of,
    summary_recipe,
    texts_recipe,
    texts_to_fit_on,
)
from calibration.engine.decoding import Decoding
from calibration.errors import ModelError, StudyError
from calibration.methods import Method
from calibration.recipes import (
    Absent,
    CalibrationRecipe,
    ExamplesRecipe,
    FitRecipe,
    Member,
    Recipe,
    ReportRecipe,
    RescoresRecipe,
    SamplesRecipe,
    ScoresRecipe,
    SourceIdentity,
    StudyFitRecipe,
    SummaryRecipe,
    TextsRecipe,
    TheoryEntry,
    TheoryRecipe,
)
from calibration.study import DatasetEntry, ModelEntry, Study

Made = CalibrationRecipe | SamplesRecipe | RescoresRecipe | ScoresRecipe | SummaryRecipe


class Measurement(NamedTuple):
    """One model on one data set under one decoding."""

    model: ModelEntry
    dataset: DatasetEntry
    summary: SummaryRecipe
    context: int | None  # of the model, in tokens; None where it states no limit

    @property
    def samples(self) -> SamplesRecipe:
        return self.summary.samples

    @property
    def scores(self) -> ScoresRecipe:
        return self.summary.scores

    @property
    def rescored(self) -> RescoresRecipe | None:
        """The own texts as other weights read them; None where only their maker does."""
        return self.summary.rescored

    @property
    def calibration(self) -> CalibrationRecipe | None:
        """What its decoding is fitted by; None where it is written in the study."""
        return self.samples.calibration

    @property
    def reads(self) -> tuple[ExamplesRecipe, ...]:
        """The human texts that it takes: those measured, and those fitted on."""
        fitted = () if self.calibration is None else (self.calibration.examples,)
        return (self.examples, *fitted)

    @property
    def asked(self) -> Decoding | Method:
        """The decoding as the study asks for it."""
        return self.samples.asked

    @property
    def made(self) -> tuple[Made, ...]:
        """All that measuring makes, parents first."""
        fitted = () if self.calibration is None else (self.calibration,)
        again = () if self.rescored is None else (self.rescored,)
        return (*fitted, self.samples, *again, self.scores, self.summary)

    @property
    def examples(self) -> ExamplesRecipe:
        return self.summary.samples.examples

    @property
    def title(self) -> str:
        return f"{self.model.name} on {self.dataset.name} at {self.asked.label}"


class Encoding(NamedTuple):
    """Texts that are to be read by a tokenizer, and a model that brings it."""

    model: ModelEntry
    dataset: DatasetEntry

    @property
    def title(self) -> str:
        return f"{self.dataset.name} for {self.model.name}"


class Lineage(NamedTuple):
    """Every recipe of a study."""

    study: Study
    measurements: tuple[Measurement, ...]
    report: ReportRecipe

    @property
    def absent(self) -> tuple[Absent, ...]:
        """The models that the study asks for and that this lineage leaves out."""
        return self.report.absent or ()

    def texts(self) -> dict[TextsRecipe, DatasetEntry]:
        """Each selection of texts once, with what names it; those that are measured come first."""
        measured = {one.examples.texts: one.dataset for one in self.measurements}
        return measured | {
            fitted.examples.texts: one.dataset.for_calibration for one, fitted in self._fitted()
        }

    def examples(self) -> dict[ExamplesRecipe, Encoding]:
        """Each encoding once, in the same order, with the first model that has its tokenizer."""
        measured = {
            one.examples: Encoding(one.model, one.dataset) for one in reversed(self.measurements)
        }
        return measured | {
            fitted.examples: Encoding(one.model, one.dataset.for_calibration)
            for one, fitted in reversed(self._fitted())
        }

    def _fitted(self) -> list[tuple[Measurement, CalibrationRecipe]]:
        found = ((one, one.calibration) for one in self.measurements)
        return [(one, fitted) for one, fitted in found if fitted is not None]

    def of_model(self, name: str) -> tuple[Measurement, ...]:
        return tuple(one for one in self.measurements if one.model.name == name)

    def recipes(self) -> list[Recipe]:
        """Every recipe once, parents before children."""
        found: dict[str, Recipe] = {}
        _gather(self.report, found)
        return list(found.values())


def lineage(
    study: Study,
    sources: Mapping[str, SourceIdentity],
    models: Mapping[str, ModelFacts],
    *,
    file: str,
    absent: tuple[Absent, ...] = (),
) -> Lineage:
    """The recipes of a study, given its sources and models by name.

    `absent` are models that were asked for besides those of the study. Raises StudyError when a
    model cannot be measured as asked; `file` is named in the sentence.
    """
    for model in study.models:
        require_measurable(study, model, models, file=file)
    measurements = tuple(
        one
        for model in study.models
        for dataset in study.datasets
        for one in _measurements(study, sources, model, models[model.name], dataset)
    )
    fits = tuple(_fits_of_series(study, measurements, models))
    report = ReportRecipe(
        study=study.name,
        study_fit=StudyFitRecipe(fits=fits),
        theory=_theory(study, measurements, models),
        absent=absent or None,
    )
    return Lineage(study, measurements, report)


def _measurements(
    study: Study,
    sources: Mapping[str, SourceIdentity],
    model: ModelEntry,
    facts: ModelFacts,
    dataset: DatasetEntry,
) -> Iterator[Measurement]:
    """One model on one data set under each of its decodings."""
    texts = texts_recipe(study, sources, dataset)
    examples = examples_recipe(study, texts, model, facts, dataset)
    for written in study.decodings_of(model):
        asked = asked_for(written)
        decoding = (
            asked
            if isinstance(asked, Decoding)
            else _calibration(study, sources, model, facts, dataset, method=asked)
        )
        summary = summary_recipe(study, dataset, examples, facts, decoding)
        yield Measurement(model, dataset, summary, facts.context)


def _calibration(
    study: Study,
    sources: Mapping[str, SourceIdentity],
    model: ModelEntry,
    facts: ModelFacts,
    dataset: DatasetEntry,
    *,
    method: Method,
) -> CalibrationRecipe:
    texts = texts_to_fit_on(study, sources, dataset)
    examples = examples_recipe(study, texts, model, facts, dataset.for_calibration)
    return calibration_recipe(study, examples, facts, method)


def require_measurable(
    study: Study, model: ModelEntry, models: Mapping[str, ModelFacts], *, file: str
) -> None:
    """Raises StudyError for a model that a study cannot measure as asked, or measures already.

    `models` are the facts of it and of those before it; its place in the file is that in `study`.
    """
    _refuse_twin(study, model, models, file)
    for dataset in study.datasets:
        _require_fit(study, model, dataset, models[model.name], file)


def _refuse_twin(
    study: Study, model: ModelEntry, models: Mapping[str, ModelFacts], file: str
) -> None:
    # A network that stands twice in a series adds a degree of freedom and no scatter, which makes
    # the interval of the exponent several times too narrow.
    place = study.models.index(model)
    for twin in study.models[:place]:
        if (
            twin.series == model.series
            and twin.name in models
            and models[twin.name].identity.weights == models[model.name].identity.weights
        ):
            raise StudyError(
                f"{file}: `models[{place + 1}]`: each network was expected once in a family, found "
                f"the weights of {model.name!r} already in {twin.name!r}: leave one out, or give "
                "it a `family` of its own"
            )


def _require_fit(
    study: Study, model: ModelEntry, dataset: DatasetEntry, facts: ModelFacts, file: str
) -> None:
    if study.at_end == "natural" and facts.text_end is None:
        raise StudyError(
            f"{file}: a model with an end-of-text token was expected under `at_end: natural`, "
            f"found none in the configuration of {model.name!r}: use `at_end: continue`"
        )
    if form_of(model, dataset) == "chat" and facts.chat_template is None:
        raise ModelError(
            f"{file}: a chat template was expected with the tokenizer of {model.name!r}, which is "
            f"asked as a chat model on data set {dataset.name!r}, found none: save one beside it "
            "as chat_template.jinja, or leave out `chat`"
        )
    asked = dataset.prompt + dataset.continuation
    # How many tokens a window of bytes takes is known once it is encoded.
    if dataset.unit == "tokens" and facts.context is not None and asked > facts.context:
        raise StudyError(
            f"{file}: data set {dataset.name!r}: `prompt` + `continuation` of at most "
            f"{facts.context} tokens was expected (the context of {model.name!r}), found "
            f"{dataset.prompt} + {dataset.continuation}: make one of them smaller"
        )


def _fits_of_series(
    study: Study, measurements: tuple[Measurement, ...], models: Mapping[str, ModelFacts]
) -> list[FitRecipe]:
    """One fit for each series: family × data set × decoding, base and chat models apart.

    In the study's order; members by size.
    """
    decodings = dict.fromkeys(one.asked for one in measurements)
    series: dict[tuple[str, Decoding | Method], dict[str, list[Measurement]]] = {
        (dataset.name, decoding): defaultdict(list)
        for dataset in study.datasets
        for decoding in decodings
    }
    for one in measurements:
        series[one.dataset.name, one.asked][one.model.series].append(one)
    fits = []
    for (dataset_name, _), families in series.items():
        for family, group in families.items():
            members = [_member(one, models[one.model.name]) for one in group]
            members.sort(key=lambda member: (member.parameters, member.name))
            fits.append(FitRecipe(family=family, dataset=dataset_name, members=tuple(members)))
    return fits


def _member(one: Measurement, facts: ModelFacts) -> Member:
    return Member(
        name=one.model.name,
        parameters=facts.parameters,
        non_embedding_parameters=facts.non_embedding_parameters,
        tokens=one.model.tokens,
        trained_until=one.model.trained_until,
        distilled=one.model.distilled,
        chat=one.model.chat,
        base=one.model.base,
        summary=one.summary,
    )


def _theory(
    study: Study, measurements: tuple[Measurement, ...], models: Mapping[str, ModelFacts]
) -> TheoryRecipe:
    """The words of every data set, in the study's order, and its tokens under each tokenizer.

    A tokenizer is named by the smallest model that has it, so that the order among the models of
    a family moves nothing here, as it moves no fit.
    """
    entries: list[TheoryEntry] = []
    for dataset in study.datasets:
        read = [one for one in measurements if one.dataset.name == dataset.name]
        read.sort(key=lambda one: (models[one.model.name].parameters, one.model.name))
        entries.append(_entry(read, None))
        for examples in dict.fromkeys(one.examples for one in read):
            users = [one for one in read if one.examples == examples]
            entries.append(_entry(users, users[0].model.name))
    return TheoryRecipe(seed=study.seed, entries=tuple(entries))


def _entry(users: Sequence[Measurement], tokenizer: str | None) -> TheoryEntry:
    models = dict.fromkeys(one.model for one in users)
    tokens: dict[str, list[int | None]] = defaultdict(list)
    for model in models:
        tokens[model.family].append(model.tokens)
    return TheoryEntry(
        dataset=users[0].dataset.name,
        tokenizer=tokenizer,
        examples=users[0].examples,
        assumes=assumption(tokens),
    )


def _gather(recipe: Recipe, found: dict[str, Recipe]) -> None:
    if recipe.address in found:
        return
    for parent in recipe.parents:
        _gather(parent, found)
    found[recipe.address] = recipe
