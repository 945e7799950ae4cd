"""The first steps of a study: texts and examples of every data set and tokenizer."""

import logging
from pathlib import Path

from calibration.errors import CheckFailed, InputError, StudyError
from calibration.lineage import Lineage
from flows.place import Losses, Place
from storage.apart import require_apart
from storage.store import open_store
from storage.weights import tokenizer_checkpoint
from storage.windows import too_long
from tasks.ingest import ingest

LOG = logging.getLogger("calibration")


def prepare_texts(lineage: Lineage, place: Place) -> Losses:
    """Make texts and examples of every data set and tokenizer; what was raised of single models.

    Raises for texts that cannot be used by any model.
    """
    are_there = place.holds([*lineage.texts(), *lineage.examples()])
    if are_there:
        LOG.info("texts: all are there")
    else:
        _make_texts(lineage, place)
    # Other studies may have made them all, and fitted nothing on them.
    require_apart(lineage, open_store(place.store))
    losses = {} if are_there else _make_examples(lineage, place)
    return losses | _too_long(lineage, place, without=losses)


def _make_texts(lineage: Lineage, place: Place) -> None:
    root = lineage.study.root
    for texts, dataset in lineage.texts().items():
        place.keeping(ingest)(texts, dataset=dataset, root=root, store=place.store)
        place.judge(texts, title=dataset.name)


def _make_examples(lineage: Lineage, place: Place) -> Losses:
    # It brings transformers and torch, for which a run that lacks no examples need not wait.
    from tasks.encode import encode

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
