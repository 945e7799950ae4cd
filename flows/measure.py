"""The steps of one model of a study, in order; it decides order and nothing else."""

from pathlib import Path

from calibration.lineage import Measurement
from flows.place import Place
from storage.loading import require_loadable
from storage.weights import checkpoint
from tasks.calibrate import calibrate
from tasks.rescore import rescore
from tasks.sample import sample
from tasks.score import score
from tasks.summarize import summarize


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
