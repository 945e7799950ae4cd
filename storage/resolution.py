"""From a study to its recipes: reads what identities need, and makes nothing."""

from pathlib import Path

from calibration.lineage import Lineage, lineage
from calibration.study import Study
from storage.texts import check_source, source_identity
from storage.weights import model_facts


def resolved(study: Study, *, file: str) -> Lineage:
    """Every recipe of a study. Raises InputError for a model or text that cannot be used."""
    root = Path(study.root)
    for dataset in study.datasets:
        check_source(dataset, root)
    return lineage(
        study,
        {dataset.name: source_identity(dataset, root) for dataset in study.datasets},
        {model.name: model_facts(model, root) for model in study.models},
        file=file,
    )
