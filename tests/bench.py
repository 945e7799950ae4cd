"""One small measurement whose stages are called one by one: no server is needed."""

from pathlib import Path
from typing import NamedTuple

from calibration.lineage import Lineage, Measurement
from calibration.recipes import Checked, VerdictRecipe
from expectations.suites import VERSIONS
from storage.local import LocalStore
from storage.weights import Checkpoint
from tasks.check import check
from tasks.sample import sample
from tasks.score import score


class Bench(NamedTuple):
    """A study, its store, and the calls that make its parts."""

    root: Path
    lineage: Lineage
    store: LocalStore

    @property
    def one(self) -> Measurement:
        return self.lineage.measurements[0]

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(str(self.root / "m0"))

    def judge(self, recipe: Checked) -> None:
        verdict = VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])
        check.fn(verdict, title=recipe.KIND, store=str(self.store.root))

    def sample(self) -> list[str]:
        return sample.fn(
            {one.samples: one.title for one in self.lineage.measurements},
            model="m0",
            checkpoint=self.checkpoint,
            store=str(self.store.root),
        )

    def score(self) -> list[str]:
        return score.fn(
            {one.scores: one.title for one in self.lineage.measurements},
            model="m0",
            checkpoint=self.checkpoint,
            store=str(self.store.root),
        )
