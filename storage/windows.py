"""Windows of bytes against what each model can see: known once they are encoded, not before."""

from calibration.encoding import longest
from calibration.errors import StudyError
from calibration.lineage import Lineage
from storage.artifacts import read_table
from storage.store import Store


def require_contexts(lineage: Lineage, store: Store) -> None:
    """Raises StudyError, before any model is loaded, for texts longer than a model's context.

    The examples must have been made.
    """
    found = {
        (one.model.name, one.dataset.name): one
        for one in lineage.measurements
        if one.dataset.unit == "bytes" and one.context is not None
    }
    for one in found.values():
        tokens = longest(read_table(store, one.examples, "examples"))
        if one.context is not None and tokens > one.context:
            raise StudyError(
                f"data set {one.dataset.name!r}: texts of at most {one.context} tokens were "
                f"expected (the context of {one.model.name!r}), found one of {tokens}, prompt and "
                "continuation together: make `prompt` or `continuation` smaller"
            )
