"""A plan says what a run would do: on a finished study of Markov chains, whole and spoiled."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from direct import run_directly

from calibration.lineage import Lineage
from calibration.planned import Plan, Planned, totals
from calibration.recipes import Recipe
from flows.plan import plan
from storage.artifacts import unseal
from storage.drafts import Draft
from storage.entries import Entry
from storage.local import LocalStore
from storage.manifests import manifest_key, manifest_of
from storage.resolution import resolved
from storage.store import Store
from storage.studies import read_study
from studies import CONTINUATION, EXAMPLES, PROMPT, model, write_models, write_study

EACH = PROMPT + CONTINUATION


class Finished(NamedTuple):
    """A study that was run, and its store."""

    root: Path
    study: Path
    lineage: Lineage
    store: LocalStore

    def changed(self, **changes: object) -> Lineage:
        """The study with other settings, as another file beside its own."""
        own = self.study.read_text()
        models = changes.pop("models", [model(0), model(1)])
        path = write_study(self.root, models=models, **changes)  # type: ignore[arg-type]
        found = resolved(read_study(str(path)), file=str(path))
        self.study.write_text(own)
        return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    root = tmp_path_factory.mktemp("finished")
    write_models(root, count=3)
    study = write_study(root, models=[model(0), model(1)])
    lineage = run_directly(study, str(root / "store"))
    return Finished(root, study, lineage, LocalStore(root / "store"))


@pytest.fixture
def finished(made: Finished, tmp_path: Path) -> Finished:
    """A copy of it that a test may spoil."""
    shutil.copytree(made.store.root, tmp_path / "store")
    return made._replace(store=LocalStore(tmp_path / "store"))


def at(found: Plan, recipe: Recipe) -> Planned:
    [one] = [one for one in found.artifacts if one.address == recipe.address]
    return one


def to_make(found: Plan) -> set[str]:
    return {one.address for one in found.artifacts if one.is_to_make}


def replace(store: Store, recipe: Recipe) -> None:
    """Another content of an artifact, as another machine might have made it."""
    store.remove(manifest_key(recipe.address))
    draft = Draft(store, recipe)
    file = draft.write_table(pl.DataFrame({"example": [1]}), table=recipe.KIND)
    draft.seal([file], title="another")


def remove(store: Store, recipe: Recipe) -> None:
    store.remove(manifest_key(recipe.address))


def remove_part(store: Store, recipe: Recipe) -> None:
    manifest = manifest_of(store, recipe)
    assert manifest is not None
    [name] = [file.name for file in manifest.files if (file.table, file.index) == ("samples", 1)]
    unseal(store, recipe.address, name)


def test_a_finished_study_has_nothing_to_make(made: Finished) -> None:
    found = plan(made.lineage, made.store)
    assert {one.state for one in found.artifacts} == {"complete"}
    assert {one.why for one in found.artifacts} == {None}
    assert totals(found.artifacts) == (len(found.artifacts), 0, 0, 0, 0)


def test_artifacts_are_called_what_their_manifests_call_them(made: Finished) -> None:
    for one in plan(made.lineage, made.store).artifacts:
        manifest = made.store.read(manifest_key(one.address)).decode()
        assert f'"title": "{one.title}"' in manifest


def test_everything_of_a_new_store_was_never_made(made: Finished, tmp_path: Path) -> None:
    place = tmp_path / "nothing" / "here"
    found = plan(made.lineage, LocalStore(place))
    tables = [one for one in found.artifacts if one.kind != "verdicts"]
    assert {(one.state, one.why) for one in tables} == {("missing", "never made")}
    assert totals(found.artifacts).tokens == 2 * 2 * 2 * EXAMPLES * EACH
    assert totals(found.artifacts).unknown == len(found.artifacts)
    assert not place.parent.exists()


def test_another_precision_is_named_and_leaves_the_texts(made: Finished) -> None:
    other = made.changed(models=[model(0, precision="bfloat16"), model(1)])
    found = plan(other, made.store)
    first, second = other.of_model("m0")[0], other.of_model("m1")[0]
    assert at(found, first.samples).why == ("recipe changed: model.precision float32 → bfloat16")
    assert at(found, first.summary).why == (
        "recipe changed: samples.model.precision float32 → bfloat16"
    )
    assert at(found, other.report).why == (
        "recipe changed: study_fit.fits.members[m0].summary.samples.model.precision "
        "float32 → bfloat16"
    )
    for recipe in (first.examples, second.summary):
        assert at(found, recipe).state == "complete"


def test_a_verdict_is_made_because_its_table_is(made: Finished) -> None:
    found = plan(made.changed(seed=1), made.store)
    assert {one.why for one in found.artifacts if one.kind == "verdicts"} == {
        "its table is made first"
    }


def test_parts_that_lie_there_are_counted_and_only_the_rest_costs(finished: Finished) -> None:
    samples = finished.lineage.measurements[0].samples
    remove_part(finished.store, samples)
    found = at(plan(finished.lineage, finished.store), samples)
    assert (found.state, found.parts_made, found.parts) == ("partial", 1, 2)
    assert found.why == "1 of 2 parts made"
    assert found.tokens == (EXAMPLES - 64) * EACH


def test_what_was_made_from_another_table_is_made_again(finished: Finished) -> None:
    one = finished.lineage.measurements[0]
    replace(finished.store, one.samples)
    found = plan(finished.lineage, finished.store)
    assert at(found, one.samples).state == "complete"
    assert at(found, one.summary).why == "made from other samples than lie here"
    fit = finished.lineage.report.study_fit.fits[0]
    assert (at(found, fit).state, at(found, fit).why) == (
        "complete",
        "depends on summaries, which will be made first",
    )


@pytest.mark.parametrize(
    ("spoil", "chosen"),
    [
        (remove, lambda lineage: lineage.measurements[0].examples),
        (remove, lambda lineage: lineage.measurements[0].scores),
        (remove_part, lambda lineage: lineage.measurements[1].samples),
        (remove, lambda lineage: lineage.report.study_fit),
    ],
    ids=["examples", "scores", "part of samples", "study-fits"],
)
def test_a_run_makes_what_the_plan_says_and_nothing_else(
    finished: Finished,
    spoil: Callable[[Store, Recipe], None],
    chosen: Callable[[Lineage], Recipe],
) -> None:
    spoil(finished.store, chosen(finished.lineage))
    before = _manifests(finished.store)
    planned = to_make(plan(finished.lineage, finished.store))
    run_directly(finished.study, finished.store.location)
    after = _manifests(finished.store)
    assert planned == {key for key in after if after[key] != before.get(key)}
    assert planned == {chosen(finished.lineage).address}
    assert to_make(plan(finished.lineage, finished.store)) == set()


def test_a_model_that_was_measured_is_guessed_from_itself_and_a_new_one_from_the_nearest(
    made: Finished,
) -> None:
    other = made.changed(models=[model(0), model(1), model(2)], at_end="stop")
    found = plan(other, made.store)
    known, new = (at(found, other.of_model(name)[0].samples).estimate for name in ("m1", "m2"))
    assert known.is_own
    assert known.source is not None
    assert known.source.startswith("m1 on letters at temperature ")
    assert new.source is not None
    assert new.source.endswith(", scaled")
    assert (new.memory_bytes, new.memory_at_least) == (4 * 4000, True)
    assert totals(found.artifacts).unknown == 0


def test_scores_of_all_decodings_take_one_pass(made: Finished) -> None:
    """A pass for two decodings takes as long as one for one: it is estimated so."""
    both = plan(made.changed(seed=1), made.store)
    one = plan(made.changed(seed=1, decodings=[{"temperature": 1.0}]), made.store)

    def seconds(found: Plan) -> float:
        scores = [one for one in found.artifacts if one.kind == "scores" and one.model == "m0"]
        return sum(one.estimate.seconds or 0.0 for one in scores)

    assert seconds(both) == pytest.approx(seconds(one))
    assert seconds(both) > 0


class Watched(LocalStore):
    """A store that may only be read, and remembers what was asked of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: list[str] = []

    def read(self, key: str) -> bytes:
        self.asked.append(key)
        return super().read(key)

    def entries(self, prefix: str) -> Iterator[Entry]:
        self.asked.append(f"{prefix}/")
        return super().entries(prefix)

    def write(self, key: str, content: bytes) -> None:
        raise AssertionError(f"{key} was written")

    def create(self, key: str, content: bytes) -> bool:
        raise AssertionError(f"{key} was created")

    def remove(self, key: str) -> None:
        raise AssertionError(f"{key} was removed")


def test_one_catalogue_tells_everything_but_what_was_begun(finished: Finished) -> None:
    samples = finished.lineage.measurements[0].samples
    remove_part(finished.store, samples)
    store = Watched(finished.store.root)
    plan(finished.lineage, store)
    assert [one for one in store.asked if one.endswith("/")] == [
        "catalogue/",
        f"{samples.address}/",
    ]
    read = [key for key in store.asked if not key.endswith("/")]
    assert all(key.startswith("catalogue/") for key in read)
    assert len(set(read)) == len(read)


def _manifests(store: LocalStore) -> dict[str, bytes]:
    """Every manifest by address."""
    keys = (entry.key for entry in store.entries("catalogue"))
    kept = [key for key in keys if key.endswith(".json") and "/roots/" not in key]
    return {key[len("catalogue/") : -len(".json")]: store.read(key) for key in kept}
