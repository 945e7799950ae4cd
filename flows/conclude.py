"""The last steps of a study: fits of what was measured, the theory beside them, the report."""

import logging

from calibration.lineage import Lineage
from calibration.recipes import StudyFitRecipe
from flows.place import Place
from tasks.fit import fit
from tasks.fit_study import fit_study
from tasks.report import report
from tasks.theorize import theorize

LOG = logging.getLogger("calibration")


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
