"""A study with fitted decodings whose stages are called one by one: no server is needed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench import Bench

from calibration.lineage import Measurement
from calibration.recipes import SamplesRecipe
from storage.local import LocalStore
from storage.resolution import resolved
from storage.studies import read_study
from storage.weights import checkpoint
from tasks.calibrate import calibrate
from tasks.encode import encode
from tasks.ingest import ingest
from tasks.sample import sample
from tasks.score import score
from tasks.summarize import summarize


class Stage(NamedTuple):
    """A study of one model whose texts are made, and the calls that make the rest."""

    bench: Bench

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        return self.bench.lineage.measurements

    def measured(self, number: int) -> Measurement:
        return self.measurements[number]

    def calibrate(self) -> list[str]:
        fitted = {
            one.calibration: one.title for one in self.measurements if one.calibration is not None
        }
        made = calibrate.fn(fitted, **self._call)
        for recipe in fitted:
            self.bench.judge(recipe)
        return made

    def sample(self) -> list[str]:
        return sample.fn({one.samples: one.title for one in self.measurements}, **self._call)

    def score(self) -> list[str]:
        return score.fn({one.scores: one.title for one in self.measurements}, **self._call)

    def measure(self) -> None:
        """Sample, score and judge everything: the gate replays what each method has sampled."""
        self.sample()
        self.score()
        where = self._call["checkpoint"]
        for one in self.measurements:
            self.bench.judge(one.samples)
            self.bench.judge(one.scores)
            summarize.fn(one.summary, title=one.title, checkpoint=where, store=self.store)
            self.bench.judge(one.summary)

    def held(self, recipe: SamplesRecipe) -> Mapping[str, bytes]:
        directory = self.bench.store.root / recipe.address
        return {path.name: path.read_bytes() for path in directory.glob("*.parquet")}

    @property
    def store(self) -> str:
        return str(self.bench.store.root)

    @property
    def _call(self) -> dict[str, Any]:
        model = self.measurements[0].model
        where = checkpoint(model, self.bench.root)
        return {"model": model.name, "checkpoint": where, "store": self.store}


def prepared_stage(root: Path, study: Path) -> Stage:
    """Texts and examples made and judged, nothing fitted yet."""
    lineage = resolved(read_study(study), file=str(study))
    stage = Stage(Bench(root, lineage, LocalStore(root / "store")))
    for made, dataset in lineage.texts().items():
        ingest.fn(made, dataset=dataset, root=str(root), store=stage.store)
        stage.bench.judge(made)
    where = checkpoint(stage.measurements[0].model, root)
    for examples in lineage.examples():
        encode.fn(examples, title="texts", checkpoint=where, store=stage.store)
        stage.bench.judge(examples)
    return stage
