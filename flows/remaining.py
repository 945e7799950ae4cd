"""A study that goes on without the models that fail: what was wrong with them, and the rest.

Only what is wrong with one model lets the others go on; a store that fails, or a fault of our own,
stops a run.
"""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from calibration.errors import CheckFailed, ModelError
from calibration.left_out import left_out_lines
from calibration.lineage import Lineage
from calibration.study import ModelEntry, Study
from flows.place import Losses, Place, is_measured
from flows.prepare import prepare_texts
from storage.resolution import absent_model, resolved
from storage.roots import write_root
from storage.store import open_store

LOG = logging.getLogger("calibration")

Measure = Callable[[Sequence[ModelEntry]], Losses]


class CarriedOut(NamedTuple):
    """A study whose models are measured, as far as they can be."""

    lineage: Lineage  # of those that are
    losses: Losses
    there: tuple[str, ...]  # measured before


def carried_out(
    asked: Study, place: Place, *, file: str, measuring: Callable[[Lineage], Measure]
) -> CarriedOut:
    """Measure whatever a study lacks, and write down what it wants. Fits are not made yet.

    `measuring` gives what measures models of the study's lineage.
    """
    store = open_store(place.store)
    lineage = resolved(asked, file=file)
    for line in left_out_lines(lineage.absent):
        LOG.warning(line)
    write_root(store, lineage, study=asked)
    losses, there = measured(lineage, place, measure=measuring(lineage))
    if losses:
        lineage = remaining(asked, lineage, losses, file=file)
        write_root(store, lineage, study=asked)
    return CarriedOut(lineage, losses, there)


class Measured(NamedTuple):
    """How the models of a study fared; those named in neither were measured now."""

    losses: Losses
    there: tuple[str, ...]  # measured before


def measured(lineage: Lineage, place: Place, *, measure: Measure) -> Measured:
    """Make all that fits are made from: what was raised of models that failed, and what was there.

    `measure` makes what some models lack. Raises the first error where no model is left.
    """
    losses = prepare_texts(lineage, place)
    for name, error in losses.items():
        say_left_out(name, error)
    lacking, there = [], []
    for model in lineage.study.models:
        if model.name in losses:
            continue
        if is_measured(lineage.of_model(model.name), place):
            LOG.info("measure %s: all is there", model.name)
            there.append(model.name)
        else:
            lacking.append(model)
    if lacking:
        losses |= measure(lacking)
    if len(losses) == len(lineage.study.models):
        raise next(iter(losses.values()))
    return Measured(losses, tuple(there))


def one_by_one(measure: Callable[[ModelEntry], object]) -> Measure:
    """What measures models in turn, each by `measure`."""

    def in_turn(models: Sequence[ModelEntry]) -> Losses:
        losses: Losses = {}
        for model in models:
            try:
                measure(model)
            except (ModelError, CheckFailed) as error:
                losses[model.name] = error
                say_left_out(model.name, error)
        return losses

    return in_turn


def remaining(asked: Study, lineage: Lineage, losses: Losses, *, file: str) -> Lineage:
    """The recipes of a study without what was left out before and what failed since."""
    failed = [absent_model(asked, name, error, file=file) for name, error in losses.items()]
    return resolved(asked, file=file, absent=[*lineage.absent, *failed])


def say_left_out(name: str, error: Exception) -> None:
    LOG.warning("%s left out: %s", name, str(error).removeprefix(f"model {name!r}: "))
