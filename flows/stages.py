"""The steps of a study, in order: each artifact made, then judged, before anything reads it.

Straight-line code over recipes; it decides order and nothing else.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from prefect.tasks import Task

from calibration.lineage import Lineage, Measurement
from calibration.recipes import Checked, StudyFitRecipe, VerdictRecipe
from calibration.titles import verdict_title
from expectations.suites import VERSIONS
from storage.result_block import ArtifactRecords
from storage.store import open_store
from storage.verdicts import all_stand
from storage.weights import checkpoint, tokenizer_checkpoint
from storage.windows import require_contexts
from tasks.check import check
from tasks.encode import encode
from tasks.fit import fit
from tasks.fit_study import fit_study
from tasks.ingest import ingest
from tasks.publish import publish
from tasks.report import report
from tasks.sample import sample
from tasks.score import score
from tasks.summarize import summarize
from tasks.theorize import theorize

# What was made, in words, belongs on the pages; a logger shows only warnings unless told so.
LOG = logging.getLogger("calibration")
LOG.setLevel(logging.INFO)

Parameters = ParamSpec("Parameters")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Place:
    """Where a run keeps what it makes, and Prefect's records of it."""

    store: str
    records: ArtifactRecords

    def keeping(self, task: Task[Parameters, Made]) -> Task[Parameters, Made]:
        """The task with its record laid beside its artifact."""
        return task.with_options(result_storage=self.records)

    def judge(self, recipe: Checked, *, title: str) -> None:
        """Make the verdict of a table, given the table's title; raises when it fails."""
        named = verdict_title(recipe, title)
        self.keeping(check)(_verdict(recipe), title=named, store=self.store)

    def holds(self, recipes: Iterable[Checked]) -> bool:
        """Whether all of some tables are there and pass today's rules.

        A task that makes nothing costs Prefect a twentieth of a second; thousands would be minutes.
        """
        return all_stand(open_store(self.store), [_verdict(recipe) for recipe in recipes])


def _verdict(recipe: Checked) -> VerdictRecipe:
    return VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])


def prepare_texts(lineage: Lineage, place: Place) -> None:
    """Texts and examples of every data set and tokenizer."""
    if place.holds([*lineage.texts(), *lineage.examples()]):
        LOG.info("texts: all are there")
    else:
        _make_texts(lineage, place)
    require_contexts(lineage, open_store(place.store))


def _make_texts(lineage: Lineage, place: Place) -> None:
    root = lineage.study.root
    for texts, dataset in lineage.texts().items():
        place.keeping(ingest)(texts, dataset=dataset, root=root, store=place.store)
        place.judge(texts, title=dataset.name)
    for examples, one in lineage.examples().items():
        title, where = one.examples_title, tokenizer_checkpoint(one.model, Path(root))
        place.keeping(encode)(examples, title=title, checkpoint=where, store=place.store)
        place.judge(examples, title=title)


def is_measured(measurements: Iterable[Measurement], place: Place) -> bool:
    """Whether all that `measure` makes is there."""
    return place.holds(
        recipe for one in measurements for recipe in (one.samples, one.scores, one.summary)
    )


def measure(measurements: tuple[Measurement, ...], root: str, place: Place) -> None:
    """Samples, scores and summaries of one model."""
    model = measurements[0].model
    where = checkpoint(model, Path(root))
    samples = {one.samples: one.title for one in measurements}
    scores = {one.scores: one.title for one in measurements}
    place.keeping(sample)(samples, model=model.name, checkpoint=where, store=place.store)
    for recipe, title in samples.items():
        place.judge(recipe, title=title)
    place.keeping(score)(scores, model=model.name, checkpoint=where, store=place.store)
    for one in measurements:
        place.judge(one.scores, title=one.title)
        place.keeping(summarize)(one.summary, title=one.title, checkpoint=where, store=place.store)
        place.judge(one.summary, title=one.title)


def conclude(lineage: Lineage, place: Place) -> str:
    """Fits of every series, the study's, the theory and the report, which is shown; its address."""
    study_fit, theory, name = lineage.report.study_fit, lineage.report.theory, lineage.study.name
    if place.holds([*study_fit.fits, study_fit]):
        LOG.info("fits: all are there")
    else:
        _make_fits(study_fit, place, name=name)
    if place.holds([theory]):
        LOG.info("theory: all is there")
    else:
        place.keeping(theorize)(theory, title=name, store=place.store)
        place.judge(theory, title=name)
    made = place.keeping(report)(lineage.report, study=lineage.study, store=place.store)
    place.keeping(publish)(lineage.report, title=name, store=place.store)
    return made


def _make_fits(study_fit: StudyFitRecipe, place: Place, *, name: str) -> None:
    for series in study_fit.fits:
        place.keeping(fit)(series, title=series.title, store=place.store)
        place.judge(series, title=series.title)
    place.keeping(fit_study)(study_fit, title=name, store=place.store)
    place.judge(study_fit, title=name)
