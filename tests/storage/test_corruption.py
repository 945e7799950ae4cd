"""Every kind of file of a finished study, damaged: named by verification, never used, made again.

What is lost without a trace cannot be named: a record of Prefect's or an index that is gone, which
cost time alone, and a study that was written into the store.
"""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from direct import run_directly
from faults import contents
from markov import chain, texts, write_texts
from small_recipes import TEXTS, changed
from steps import copied

from calibration.errors import StoreError
from calibration.lineage import Lineage
from calibration.recipes import Recipe, SummaryRecipe, VerdictRecipe
from expectations.suites import VERSIONS
from storage.artifacts import is_complete_at, read_bytes
from storage.catalogue import INDEX, Catalogue, catalogue
from storage.drafts import Draft
from storage.holdings import catalogued
from storage.local import LocalStore
from storage.manifests import CATALOGUE, manifest_key, manifest_of
from storage.records import RECORD
from storage.result_block import ArtifactRecords
from storage.roots import ROOTS, read_root
from storage.studies import STUDIES
from storage.studies import write_study as keep_study
from storage.verification import taken_out, verified
from studies import model, write_models, write_study

EXAMPLES, PROMPT, CONTINUATION = 70, 4, 12  # two parts
WITHOUT_A_TRACE = (RECORD, INDEX, f"{STUDIES}/")  # where removals are


class Finished(NamedTuple):
    """A study, its store, and every recipe that has an artifact there."""

    study: Path
    store: LocalStore
    recipes: tuple[Recipe, ...]
    catalogue: Catalogue


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    root = tmp_path_factory.mktemp("study")
    write_models(root, count=1)
    lines = texts(chain(99), count=EXAMPLES, length=PROMPT + CONTINUATION, seed=5)
    write_texts(root / "texts.jsonl", lines)
    dataset = {
        "name": "letters",
        "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
        "prompt": PROMPT,
        "continuation": CONTINUATION,
        "examples": EXAMPLES,
    }
    decodings = [{"temperature": 1.0}]
    study = write_study(root, models=[model(0)], datasets=[dataset], decodings=decodings)
    store = LocalStore(root / "store")
    lineage = run_directly(study, store.location)
    recipes = (*lineage.recipes(), *verdicts_of(lineage))
    records = ArtifactRecords(location=store.location)
    for recipe in recipes:
        records.write_path(
            f"{recipe.address}/{RECORD}", b'{"result": "%s"}' % recipe.digest.encode()
        )
    keep_study(store, lineage.study, comments=["measured"])
    assert {recipe.address for recipe in recipes} == set(catalogue(store).artifacts)
    return Finished(study, store, recipes, catalogue(store))


def verdicts_of(lineage: Lineage) -> Iterator[VerdictRecipe]:
    for recipe in lineage.recipes():
        if recipe.KIND in VERSIONS:
            yield VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])


class Damage(NamedTuple):
    """What was done, and the keys that do not hold what they did."""

    what: str
    keys: tuple[str, ...]


def damaged(root: Path, key: str, keys: list[str], generator: random.Random) -> Damage:
    """Damage one file of a store, or put it and another in each other's place."""
    path = root / key
    content = path.read_bytes()
    ways = ["truncated", "flipped", "swapped", "removed"]
    what = generator.choice(ways[:3] if is_lost_without_a_trace(key) else ways)
    if what == "truncated":
        replace(path, content[: generator.randrange(len(content))])
    elif what == "flipped":
        at, bit = generator.randrange(len(content)), generator.randrange(8)
        replace(path, content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
    elif what == "removed":
        path.unlink()
    else:
        alike = [one for one in keys if kind_of(one) == kind_of(key)]
        other = root / generator.choice(alike if generator.random() < 0.5 else keys)
        replacement = other.read_bytes()
        replace(path, replacement)
        replace(other, content)
        same = content == replacement
        return Damage(what, () if same else (key, str(other.relative_to(root))))
    return Damage(what, (key,))


def is_lost_without_a_trace(key: str) -> bool:
    return any(part in key for part in WITHOUT_A_TRACE)


def kind_of(key: str) -> str:
    """What a key is one of many of."""
    return "/".join(key.split("/")[: 2 if key.startswith(f"{CATALOGUE}/") else 1])


def replace(path: Path, content: bytes) -> None:
    path.unlink()  # the file may be shared with a whole store
    path.write_bytes(content)


def keys_of(store: LocalStore) -> list[str]:
    return [entry.key for entry in store.entries("")]


def faults_of(store: LocalStore) -> dict[str, str]:
    return {one.key: one.fault for one in verified(store) if one.fault is not None}


def require_named(damage: Damage, faults: dict[str, str]) -> None:
    for key in damage.keys:
        # A root file that is gone is missed by the report that it wanted.
        root_is_gone = damage.what == "removed" and key.startswith(f"{ROOTS}/")
        assert key in faults or (root_is_gone and faults), f"{key} was {damage.what}"
    assert damage.keys or not faults


def require_unused(keys: tuple[str, ...], store: LocalStore, whole: Finished) -> None:
    """What is read is what was there, or is refused."""
    records = ArtifactRecords(location=store.location)
    for key in keys:
        if key.startswith(f"{ROOTS}/"):
            true_or_refused(lambda key=key: read_root(store, key), read_root(whole.store, key))
        elif key.endswith(RECORD):
            content = ArtifactRecords(location=whole.store.location).read_path(key)
            true_or_refused(lambda key=key: records.read_path(key), content)
        elif not key.startswith(f"{STUDIES}/"):
            address = catalogued(key)[0] or key.rpartition("/")[0]
            recipe = next(one for one in whole.recipes if one.address == address)
            require_artifact_unused(recipe, store, whole.store)
    found = catalogue(store)
    assert found.artifacts.items() <= whole.catalogue.artifacts.items()
    assert set(found.roots) <= set(whole.catalogue.roots)


def require_artifact_unused(recipe: Recipe, store: LocalStore, whole: LocalStore) -> None:
    manifest, true = manifest_of(store, recipe), manifest_of(whole, recipe)
    assert manifest in (None, true)
    assert true is not None
    for file in true.files:
        content = read_bytes(whole, recipe, file)
        true_or_refused(lambda file=file: read_bytes(store, recipe, file), content)


def true_or_refused(read: Callable[[], object], true: object) -> None:
    try:
        found = read()
    except (StoreError, ValueError, KeyError):
        return
    assert found == true


@pytest.mark.parametrize("damages", [500, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_every_damage_is_named_and_nothing_damaged_is_used(
    finished: Finished, tmp_path: Path, damages: int
) -> None:
    assert faults_of(finished.store) == {}
    generator, keys = random.Random(damages), keys_of(finished.store)
    store = LocalStore(copied(finished.store.root, tmp_path / "store"))
    one_of_each = list({kind_of(key): key for key in keys}.values())
    others = generator.choices(keys, k=damages - len(one_of_each))
    for key in one_of_each + others:
        damage = damaged(store.root, key, keys, generator)
        require_named(damage, faults_of(store))
        require_unused(damage.keys, store, finished)
        restore(store, finished.store)


def restore(store: LocalStore, whole: LocalStore) -> None:
    """Make the store the copy again that it was, at the cost of what changed."""
    before, after = set(whole.entries("")), set(store.entries(""))
    for entry in after - before:
        store.remove(entry.key)
    for entry in before - after:
        path = store.root / entry.key
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(whole.root / entry.key, path)


def manifests_of(store: LocalStore) -> dict[str, bytes]:
    return {one: store.read(manifest_key(one)) for one in catalogue(store).artifacts}


def made_again(finished: Finished, store: LocalStore) -> set[str]:
    """Run the study; the addresses whose manifests are not what they were."""
    run_directly(finished.study, store.location)
    assert contents(store).keys() == contents(finished.store).keys()
    assert faults_of(store) == {}
    assert all(is_complete_at(store, recipe.address) for recipe in finished.recipes)
    before, after = manifests_of(finished.store), manifests_of(store)
    return {address for address in before if before[address] != after[address]}


@pytest.mark.parametrize(
    "kind", ["samples", "scores", "summaries", "verdicts", "study-fits", "reports"]
)
@pytest.mark.parametrize("place", ["file", "manifest"])
def test_a_rerun_makes_what_was_damaged_again_and_nothing_else(
    finished: Finished, tmp_path: Path, kind: str, place: str
) -> None:
    store = LocalStore(copied(finished.store.root, tmp_path / "store"))
    recipe = next(one for one in finished.recipes if kind == one.KIND)
    manifest = manifest_of(store, recipe)
    assert manifest is not None
    file = f"{recipe.address}/{manifest.files[0].name}"
    path = store.root / (file if place == "file" else manifest_key(recipe.address))
    replace(path, path.read_bytes()[:-1] + b"?")
    taken_out(store, verified(store))
    assert made_again(finished, store) == {recipe.address}
    assert contents(store) == contents(finished.store)


def test_what_was_made_from_other_contents_is_made_again_and_nothing_else(
    finished: Finished, tmp_path: Path
) -> None:
    store = LocalStore(copied(finished.store.root, tmp_path / "store"))
    summary = next(one for one in finished.recipes if isinstance(one, SummaryRecipe))
    samples = summary.samples
    manifest = manifest_of(store, samples)
    assert manifest is not None
    store.remove(manifest_key(samples.address))
    draft = Draft(store, samples)
    more = draft.write_file("more.txt", b"what this machine made besides")
    draft.seal([*manifest.files, more], title=manifest.title, facts=manifest.facts)
    below = {one.address for one in finished.recipes if samples.address in ancestors(one)}
    assert len(below) > 5
    assert made_again(finished, store) == below | {samples.address}


def ancestors(recipe: Recipe) -> set[str]:
    return {one.address for one in recipe.parents}.union(*map(ancestors, recipe.parents))


def test_an_index_that_is_damaged_or_lost_is_named_and_costs_time_alone(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    for seed in range(100):
        draft = Draft(store, changed(TEXTS, seed=seed))
        draft.seal([draft.write_file("text.txt", b"%d" % seed)], title=f"text {seed}")
    whole = catalogue(store)
    index, generator = store.read(INDEX), random.Random(0)
    for _ in range(5):
        at, bit = generator.randrange(len(index)), generator.randrange(8)
        cut = index[: generator.randrange(len(index))]
        flipped = index[:at] + bytes([index[at] ^ 1 << bit]) + index[at + 1 :]
        for content in (cut, flipped, store.read(manifest_key(next(iter(whole.artifacts))))):
            store.write(INDEX, content)
            assert INDEX in faults_of(store)
            assert catalogue(store) == whole
    store.remove(INDEX)
    assert catalogue(store) == whole
