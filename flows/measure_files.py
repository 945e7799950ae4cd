"""`calibration measure`: models and texts named at the command line, as a study in the store.

Everything is looked at before anything is written, so that a wrong name leaves nothing behind.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from calibration.lineage import Lineage
from calibration.quick_study import (
    COMMAND,
    Named,
    Settings,
    passages_sentence,
    quick_study,
    with_passages,
)
from storage.places import model_place, text_place
from storage.resolution import wholly_resolved
from storage.store import Store
from storage.studies import write_study
from storage.texts import source_texts

COMMENTS = (
    "Made by `calibration measure`. Copy it to a place of your own to extend it: add models, texts",
    "and decodings, give models that belong together one `family`, and use `calibration run`.",
)


class FilesStudy(NamedTuple):
    """A study of files, where it was written, and what must be said of it."""

    place: str
    lineage: Lineage
    notes: list[str]


def files_study(
    models: Sequence[str], texts: Sequence[str], *, settings: Settings, store: Store
) -> FilesStudy:
    """The study of some models and texts, written into the store. Raises InputError."""
    study = quick_study(
        [Named(one.name, one.given, one.keys) for one in map(model_place, models)],
        [Named(one.name, one.given, {"path": one.pattern}) for one in map(text_place, texts)],
        settings=settings,
    )
    lineage = wholly_resolved(study, file=COMMAND)
    alone = _alone(lineage)
    if alone:
        lineage = wholly_resolved(with_passages(study, alone), file=COMMAND)
    return FilesStudy(
        place=write_study(store, lineage.study, comments=COMMENTS),
        lineage=lineage,
        notes=[passages_sentence(name) for name in alone],
    )


def _alone(lineage: Lineage) -> list[str]:
    """The data sets of a single source text."""
    root = Path(lineage.study.root)
    recipes = {one.dataset.name: one.examples.texts for one in lineage.measurements}
    return [
        dataset.name
        for dataset in lineage.study.datasets
        if len(source_texts(dataset, root, recipes[dataset.name])) == 1
    ]
