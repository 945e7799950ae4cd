"""What people call each artifact of a study, and which model it belongs to.

A manifest keeps the title, so two recipes of one kind and title are what a person means by the
same thing, before and after a change.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from calibration.lineage import Lineage
from calibration.recipes import Recipe

# One table is judged at a time: what kinds are called by many, one is called here.
JUDGED: Final[Mapping[str, str]] = {
    "texts": "texts",
    "examples": "examples",
    "calibrations": "calibration",
    "samples": "samples",
    "rescores": "rescored samples",
    "scores": "scores",
    "summaries": "summary",
    "fits": "fit",
    "study-fits": "fits",
    "theories": "theory",
}


class Label(NamedTuple):
    """How one artifact is called."""

    title: str
    model: str | None  # that it is measured of; None where it belongs to none or to several


def labels(lineage: Lineage) -> dict[str, Label]:
    """The label of every artifact of a study, by address, verdicts left out."""
    report, study_fit = lineage.report, lineage.report.study_fit
    name = Label(lineage.study.name, None)
    found = {one.address: name for one in (report, study_fit, report.theory)}
    found |= {series.address: Label(series.title, None) for series in study_fit.fits}
    for one in lineage.measurements:
        label = Label(one.title, one.model.name)
        found |= {recipe.address: label for recipe in one.made}
    for examples, encoding in lineage.examples().items():
        found[examples.address] = Label(encoding.title, None)
    for texts, dataset in lineage.texts().items():
        found[texts.address] = Label(dataset.name, None)
    return found


def verdict_title(table: Recipe, title: str) -> str:
    """What the verdict of a table is called, given the table's title."""
    return f"{JUDGED[table.KIND]} of {title}"
