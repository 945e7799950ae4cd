"""Windows of bytes against what each model can see: known once they are encoded, not before."""

from pathlib import Path

import polars as pl

from calibration.errors import StudyError
from calibration.lineage import Lineage
from storage.artifacts import read_table
from storage.store import Store
from storage.weights import model_facts


def require_contexts(lineage: Lineage, store: Store) -> None:
    """Raises StudyError, before any model is loaded, for texts longer than a model's context.

    The examples must have been made.
    """
    root = Path(lineage.study.root)
    found = {
        (one.model.name, one.dataset.name): one
        for one in lineage.measurements
        if one.dataset.unit == "bytes"
    }
    for one in found.values():
        context = model_facts(one.model, root).context
        longest = _longest(read_table(store, one.examples, "examples"))
        if context is not None and longest > context:
            raise StudyError(
                f"data set {one.dataset.name!r}: texts of at most {context} tokens were expected "
                f"(the context of {one.model.name!r}), found one of {longest}, prompt and "
                "continuation together: make `prompt` or `continuation` smaller"
            )


def _longest(examples: pl.DataFrame) -> int:
    tokens = pl.col("prompt_ids").list.len() + pl.col("continuation_ids").list.len()
    return int(examples.select(tokens.max()).item())
