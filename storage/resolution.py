"""From a study to its recipes: reads what identities need, and makes nothing.

A model that cannot be used is left out, and the rest goes on; texts that cannot be used stop a
study, since every model is measured on them.
"""

from collections.abc import Sequence
from pathlib import Path

from calibration.deriving import ModelFacts
from calibration.errors import CalibrationError, ModelError, StudyError
from calibration.left_out import reason
from calibration.lineage import Lineage, lineage, require_measurable
from calibration.recipes import Absent, SourceIdentity
from calibration.study import ModelEntry, Study
from storage.gguf import GGUF
from storage.roots import absent_when_run
from storage.store import Store
from storage.texts import check_source, source_identity
from storage.weights import model_facts


def resolved(study: Study, *, file: str, absent: Sequence[Absent] = ()) -> Lineage:
    """Every recipe of a study, without the models that cannot be used, each named with the reason.

    Those of `absent` are left out unread. Raises InputError for texts that cannot be used, and
    where no model is left: of the first one.
    """
    sources = _sources(study)
    left_out = {one.model: one for one in absent}
    models: dict[str, ModelFacts] = {}
    errors: list[CalibrationError] = []
    for entry in study.models:
        if entry.name in left_out:
            continue
        try:
            models |= _usable(study, entry, models, file)
        except (ModelError, StudyError) as error:
            errors.append(error)
            left_out[entry.name] = absent_model(study, entry.name, error, file=file)
    if not models:
        raise errors[0] if errors else ModelError(f"{file}: no model is left to measure")
    return lineage(
        _of(study, models),
        sources,
        models,
        file=file,
        absent=tuple(left_out[one.name] for one in study.models if one.name in left_out),
    )


def wholly_resolved(study: Study, *, file: str) -> Lineage:
    """Every recipe of a study. Raises InputError for a model or text that cannot be used."""
    sources, root = _sources(study), Path(study.root)
    models = {entry.name: model_facts(entry, root) for entry in study.models}
    return lineage(study, sources, models, file=file)


def resolved_as_run(study: Study, store: Store, *, file: str) -> Lineage:
    """Every recipe of a study, without the models that its last run on a store left out."""
    return resolved(study, file=file, absent=absent_when_run(store, study))


def absent_model(study: Study, name: str, error: CalibrationError, *, file: str) -> Absent:
    """A model that an error leaves out of a study, and why."""
    return Absent(model=name, why=reason(str(error), model=name, places=_places(study, file)))


def _sources(study: Study) -> dict[str, SourceIdentity]:
    root = Path(study.root)
    for dataset in study.texts_read:
        check_source(dataset, root)
    return {dataset.name: source_identity(dataset, root) for dataset in study.texts_read}


def _usable(
    study: Study, entry: ModelEntry, before: dict[str, ModelFacts], file: str
) -> dict[str, ModelFacts]:
    found = {entry.name: model_facts(entry, Path(study.root))}
    require_measurable(study, entry, before | found, file=file)
    return found


def _of(study: Study, models: dict[str, ModelFacts]) -> Study:
    kept = tuple(entry for entry in study.models if entry.name in models)
    return study.model_copy(update={"models": kept})


def _places(study: Study, file: str) -> dict[str, str]:
    """What lies where only on this machine, and words for it; the file of a study needs none."""
    found = {file: ""}
    for entry in study.models:
        if entry.path is None:
            from storage.hub import places

            found |= places()
            continue
        named = Path(study.root) / entry.path
        directory = named.parent if named.suffix == GGUF else named
        found |= dict.fromkeys([str(directory), str(directory.absolute())], "its directory")
    return found
