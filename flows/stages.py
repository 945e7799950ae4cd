"""The steps of a study, in order: each artifact made, then judged, before anything reads it.

Straight-line code over recipes; it decides order and nothing else.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from prefect.tasks import Task

from calibration.errors import CalibrationError, CheckFailed, InputError, StudyError
from calibration.lineage import Lineage, Measurement
from calibration.recipes import Checked, StudyFitRecipe, VerdictRecipe
from calibration.titles import verdict_title
from expectations.suites import VERSIONS
from flows.patience import DELAYS, is_tried_again
from storage.apart import require_apart
from storage.loading import require_loadable
from storage.result_block import ArtifactRecords
from storage.store import open_store
from storage.verdicts import all_stand
from storage.weights import checkpoint, tokenizer_checkpoint
from storage.windows import too_long
from tasks.calibrate import calibrate
from tasks.check import check
from tasks.encode import encode
from tasks.fit import fit
from tasks.fit_study import fit_study
from tasks.ingest import ingest
from tasks.report import report
from tasks.rescore import rescore
from tasks.sample import sample
from tasks.score import score
from tasks.summarize import summarize
from tasks.theorize import theorize

# What was made, in words, belongs on the pages; a logger shows only warnings unless told so.
LOG = logging.getLogger("calibration")
LOG.setLevel(logging.INFO)

Parameters = ParamSpec("Parameters")
Made = TypeVar("Made")
Losses = dict[str, CalibrationError]  # what was raised of a model, by its name


@dataclass(frozen=True)
class Place:
    """Where a run keeps what it makes, and Prefect's records of it."""

    store: str
    records: ArtifactRecords

    def keeping(self, task: Task[Parameters, Made]) -> Task[Parameters, Made]:
        """The task with its record laid beside its artifact, tried again after what may pass."""
        return task.with_options(
            result_storage=self.records,
            retries=len(DELAYS),
            retry_delay_seconds=list(DELAYS),
            retry_condition_fn=is_tried_again,
        )

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


def prepare_texts(lineage: Lineage, place: Place) -> Losses:
    """Make texts and examples of every data set and tokenizer; what was raised of single models.

    Raises for texts that cannot be used by any model.
    """
    if place.holds([*lineage.texts(), *lineage.examples()]):
        LOG.info("texts: all are there")
        losses: Losses = {}
    else:
        _make_texts(lineage, place)
        require_apart(lineage, open_store(place.store))
        losses = _make_examples(lineage, place)
    return losses | _too_long(lineage, place, without=losses)


def _make_texts(lineage: Lineage, place: Place) -> None:
    root = lineage.study.root
    for texts, dataset in lineage.texts().items():
        place.keeping(ingest)(texts, dataset=dataset, root=root, store=place.store)
        place.judge(texts, title=dataset.name)


def _make_examples(lineage: Lineage, place: Place) -> Losses:
    losses: Losses = {}
    for examples, one in lineage.examples().items():
        title = one.title
        try:
            where = tokenizer_checkpoint(one.model, Path(lineage.study.root))
            place.keeping(encode)(examples, title=title, checkpoint=where, store=place.store)
            place.judge(examples, title=title)
        except (InputError, CheckFailed) as error:  # of every model with that tokenizer
            users = (same.model.name for same in lineage.measurements if examples in same.reads)
            losses |= {name: error for name in users if name not in losses}
    return losses


def _too_long(lineage: Lineage, place: Place, *, without: Losses) -> Losses:
    encoded = tuple(one for one in lineage.measurements if one.model.name not in without)
    found = too_long(lineage._replace(measurements=encoded), open_store(place.store))
    return {name: StudyError(sentence) for name, sentence in found}


def is_measured(measurements: Iterable[Measurement], place: Place) -> bool:
    """Whether all that `measure` makes is there."""
    return place.holds(recipe for one in measurements for recipe in one.made)


def measure(measurements: tuple[Measurement, ...], root: str, place: Place) -> None:
    """Samples, scores and summaries of one model."""
    model = measurements[0].model
    where = checkpoint(model, Path(root))
    for precision in {one.scores.model.precision for one in measurements}:
        require_loadable(where, precision=precision)
    fitted = {one.calibration: one.title for one in measurements if one.calibration is not None}
    if fitted:
        place.keeping(calibrate)(fitted, model=model.name, checkpoint=where, store=place.store)
    for calibration, title in fitted.items():
        place.judge(calibration, title=title)
    samples = {one.samples: one.title for one in measurements}
    scores = {one.scores: one.title for one in measurements}
    place.keeping(sample)(samples, model=model.name, checkpoint=where, store=place.store)
    for recipe, title in samples.items():
        place.judge(recipe, title=title)
    again = {one.rescored: one.title for one in measurements if one.rescored is not None}
    if again:
        place.keeping(rescore)(again, model=model.name, checkpoint=where, store=place.store)
    for other, title in again.items():
        place.judge(other, title=title)
    place.keeping(score)(scores, model=model.name, checkpoint=where, store=place.store)
    for one in measurements:
        place.judge(one.scores, title=one.title)
        place.keeping(summarize)(one.summary, title=one.title, checkpoint=where, store=place.store)
        place.judge(one.summary, title=one.title)


def conclude(lineage: Lineage, place: Place) -> str:
    """Fits of every series, the study's, the theory and the report; its address."""
    theory, name = lineage.report.theory, lineage.study.name
    make_fits(lineage, place)
    if place.holds([theory]):
        LOG.info("theory: all is there")
    else:
        place.keeping(theorize)(theory, title=name, store=place.store)
        place.judge(theory, title=name)
    made: str = place.keeping(report)(lineage.report, study=lineage.study, store=place.store)
    return made


def make_fits(lineage: Lineage, place: Place) -> None:
    """Fits of every series, and the study's."""
    study_fit = lineage.report.study_fit
    if place.holds([*study_fit.fits, study_fit]):
        LOG.info("fits: all are there")
    else:
        _make_fits(study_fit, place, name=lineage.study.name)


def _make_fits(study_fit: StudyFitRecipe, place: Place, *, name: str) -> None:
    for series in study_fit.fits:
        place.keeping(fit)(series, title=series.title, store=place.store)
        place.judge(series, title=series.title)
    place.keeping(fit_study)(study_fit, title=name, store=place.store)
    place.judge(study_fit, title=name)
