"""`calibration theory`: the tables of the theory out of the store of a study that was run.

No model is loaded, and nothing is written.
"""

from calibration.errors import StoreError
from calibration.lineage import Lineage
from calibration.theory import TheoryTables
from calibration.theory_tables import THEORY_TABLES
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.store import Store
from storage.verdicts import read_judged


def theory(lineage: Lineage, store: Store) -> TheoryTables:
    """THEORY and the tables of its figures, for every data set and tokenizer of a study.

    Raises StoreError where they were not made.
    """
    recipe = lineage.report.theory
    if not is_complete(store, recipe):
        raise StoreError(
            f"the theory of the study {lineage.study.name!r} was expected in {store.location}, "
            "found none for the models and texts as they are now: run it first with "
            "`calibration run`"
        )
    tables = {
        name: read_judged(store, recipe, VERSIONS[recipe.KIND], table=name)
        for name in THEORY_TABLES
    }
    return TheoryTables(**tables)
