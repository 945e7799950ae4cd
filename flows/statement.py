"""What a study costs and would do, as far as its models and texts can be looked at.

Sizes come from configurations, or from the study where they cannot be had; no weights are fetched.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from calibration.errors import ModelError, TextError
from calibration.hardware import gpu_named
from calibration.lineage import Lineage
from calibration.model_costs import study_cost
from calibration.planned import Plan, Statement, Unread
from calibration.study import Study
from storage.resolution import absent_model, resolved
from storage.shapes import Known, known_sizes
from storage.texts import check_source, source_identity


def stated(study: Study, *, file: str, gpu: str, planned: Callable[[Lineage], Plan]) -> Statement:
    """The statement of a study on a named GPU; `planned` makes the plan of what could be read.

    Raises StudyError for a study that nothing can be made of, and ModelError where neither a plan
    nor a single cost could be told.
    """
    chosen, root = gpu_named(gpu), Path(study.root)
    known = {model.name: known_sizes(model, root) for model in study.models}
    sizes = {name: one.sizes for name, one in known.items() if one.sizes is not None}
    lineage = _read(study, file, could_cost=bool(sizes))
    models = _unread_models(study, known, lineage, file)
    datasets = _unread_datasets(study, root) if lineage is None else ()
    return Statement(
        study=study.name,
        models=tuple(model.name for model in study.models),
        cost=study_cost(study, sizes, chosen),
        unread=(*datasets, *models),
        plan=None if lineage is None else planned(lineage),
    )


def _read(study: Study, file: str, *, could_cost: bool) -> Lineage | None:
    """Every recipe; None where no model, or not all texts, could be looked at."""
    try:
        return resolved(study, file=file)
    except (ModelError, TextError):
        if not could_cost:
            raise
        return None


def _unread_datasets(study: Study, root: Path) -> Iterator[Unread]:
    for dataset in study.texts_read:
        try:
            check_source(dataset, root)
            source_identity(dataset, root)
        except TextError as error:
            why = str(error).removeprefix(f"data set {dataset.name!r}: ")
            yield Unread(dataset.name, why)


def _unread_models(
    study: Study, known: Mapping[str, Known], lineage: Lineage | None, file: str
) -> Iterator[Unread]:
    """Models that no plan is made of, with the reason that a run would give where there is one."""
    left_out = {one.model: one.why for one in lineage.absent} if lineage else {}
    for name, one in known.items():
        if one.fault is not None and name not in left_out:
            left_out[name] = absent_model(study, name, one.fault, file=file).why
    return (Unread(name, left_out[name]) for name in known if name in left_out)
