"""Copying to another store: complete artifacts only, every byte checked, and no work lost."""

import shutil
from pathlib import Path

import pytest
from faults import CHANGING, FaultyStore, Plan, Stopped, Way
from small_recipes import EXAMPLES, OF_REPORT, REPORT, SAMPLES, SCORES, SUMMARY, TEXTS, VERDICT
from whole_store import (
    FAILED_BEFORE,
    OTHER_REPORT,
    UNFINISHED,
    UNWANTED,
    UNWANTED_VERDICT,
    add_unwanted,
    contents,
    fill,
    key_of,
    path_of,
    put,
    put_study,
)

from calibration.errors import InputError
from calibration.recipes import Recipe
from storage.artifacts import is_complete
from storage.copying import Copied, copied
from storage.local import LocalStore
from storage.manifests import begun_key, manifest_at, manifest_key
from storage.selection import Selection, everything, study_selection
from storage.store import Store, open_store
from storage.verification import verified


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    fill(store)
    add_unwanted(store)
    return store.root


@pytest.fixture
def source(filled: Path, tmp_path: Path) -> LocalStore:
    shutil.copytree(filled, tmp_path / "source")
    return LocalStore(tmp_path / "source")


@pytest.fixture
def destination(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "destination")


def copy(source: Store, destination: Store, selection: Selection | None = None) -> list[Copied]:
    chosen = selection or everything(source)
    return list(copied(source, destination, selection=chosen, jobs=2))


def copies(source: Store) -> dict[str, bytes]:
    """What a copy of a store holds: no records of Prefect's, nothing unfinished."""
    return {
        key: content
        for key, content in contents(source).items()
        if not key.endswith("prefect.json") and UNFINISHED.digest not in key
    }


def states(found: list[Copied]) -> dict[str, str]:
    return {one.key: one.state for one in found}


def faulty(found: list[Copied]) -> list[str]:
    return [one.key for one in found if one.fault is not None]


def faults(store: Store) -> list[str]:
    return [one.key for one in verified(store) if one.fault is not None]


def there(store: Store, *recipes: Recipe) -> set[bool]:
    return {is_complete(store, one) for one in recipes}


def test_a_copy_holds_every_complete_artifact_byte_for_byte(
    source: LocalStore, destination: LocalStore
) -> None:
    before = contents(source)
    found = copy(source, destination)
    assert contents(destination) == copies(source)
    assert set(states(found).values()) == {"copied"}
    assert len(found) == len(OF_REPORT) + len((FAILED_BEFORE, UNWANTED, UNWANTED_VERDICT)) + 2
    assert faults(destination) == []
    assert contents(source) == before


def test_a_copy_goes_to_a_bucket_and_back(
    source: LocalStore, destination: LocalStore, bucket: str
) -> None:
    there = open_store(f"{bucket}/shared")
    copy(source, there)
    copy(there, destination)
    assert contents(destination) == copies(source)


def test_bytes_are_told_as_they_arrive(source: LocalStore, destination: LocalStore) -> None:
    selection = everything(source)
    for _ in range(2):
        handled: list[int] = []
        list(copied(source, destination, selection=selection, handled=handled.append))
        assert sum(handled) == selection.bytes


def test_nothing_is_sent_again(source: LocalStore, destination: LocalStore) -> None:
    copy(source, destination)
    before = {entry.key: entry.stamp for entry in destination.entries("")}
    found = copy(source, destination)
    assert set(states(found).values()) == {"there"}
    assert {entry.key: entry.stamp for entry in destination.entries("")} == before


def test_one_study_is_copied_with_verdicts_and_written_study_and_nothing_else(
    source: LocalStore, destination: LocalStore
) -> None:
    put_study(source, OTHER_REPORT)
    put(source, OTHER_REPORT)
    copy(source, destination, study_selection(source, "study"))
    assert there(destination, *OF_REPORT, FAILED_BEFORE) == {True}
    assert there(destination, OTHER_REPORT, UNWANTED, UNWANTED_VERDICT) == {False}
    assert len(list(destination.entries("studies"))) == 1
    assert len(list(destination.entries("catalogue/roots"))) == 1
    assert faults(destination) == []
    assert study_selection(source, "other").studies == ()


def test_a_study_that_there_is_not_is_a_sentence(source: LocalStore) -> None:
    with pytest.raises(InputError, match="found 'none': give one of 'study'"):
        study_selection(source, "none")


def test_a_store_is_not_copied_to_itself(source: LocalStore) -> None:
    with pytest.raises(InputError, match="another store was expected as the destination"):
        copy(source, LocalStore(source.root))


def test_a_damaged_file_is_named_and_what_depends_on_it_is_not_copied(
    source: LocalStore, destination: LocalStore
) -> None:
    part = path_of(source, SAMPLES)
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    found = copy(source, destination)
    assert faulty(found) == [key_of(source, part)]
    assert there(destination, TEXTS, EXAMPLES, SCORES, UNWANTED) == {True}
    assert there(destination, SAMPLES, SUMMARY, REPORT, VERDICT) == {False}
    assert states(found)[manifest_key(SUMMARY.address)] == "left out"
    assert key_of(source, part) not in contents(destination)
    assert part.exists()


def test_a_missing_file_and_a_damaged_manifest_are_named(
    source: LocalStore, destination: LocalStore
) -> None:
    part = path_of(source, UNWANTED)
    part.unlink()
    source.write(manifest_key(SCORES.address), b"{")
    found = copy(source, destination)
    assert set(faulty(found)) == {key_of(source, part), manifest_key(SCORES.address)}
    assert there(destination, SCORES, SUMMARY, UNWANTED) == {False}
    assert is_complete(destination, SAMPLES)


def test_a_damaged_study_and_a_damaged_root_file_are_named(
    source: LocalStore, destination: LocalStore
) -> None:
    ((study),) = (source.root / "studies").iterdir()
    study.write_text("name: study")
    root = put_study(source)
    source.write(root, b"{}")
    found = copy(source, destination)
    assert set(faulty(found)) == {key_of(source, study), root}
    assert {key_of(source, study), root}.isdisjoint(contents(destination))


def test_what_is_out_of_date_is_not_copied(source: LocalStore, destination: LocalStore) -> None:
    source.remove(manifest_key(SCORES.address))
    put(source, SCORES, first=7)
    found = copy(source, destination)
    assert states(found)[manifest_key(SUMMARY.address)] == "outdated"
    assert faulty(found) == []
    assert there(destination, SUMMARY, REPORT) == {False}


def test_what_is_complete_there_stays_and_its_other_children_are_left_out(
    source: LocalStore, destination: LocalStore
) -> None:
    for recipe in (TEXTS, EXAMPLES):
        put(destination, recipe)
    put(destination, SAMPLES, first=7)
    before = contents(destination)
    found = copy(source, destination)
    assert before.items() <= contents(destination).items()
    assert states(found)[manifest_key(SAMPLES.address)] == "there"
    assert states(found)[manifest_key(SUMMARY.address)] == "left out"
    assert states(found)[manifest_key(VERDICT.address)] == "left out"
    assert there(destination, SCORES, UNWANTED) == {True}
    assert faulty(found) == []


def test_a_file_that_is_there_is_kept_only_where_it_is_right(
    source: LocalStore, destination: LocalStore
) -> None:
    right, wrong = (
        key_of(source, path_of(source, TEXTS, f"rows-0000{index}-*")) for index in (0, 1)
    )
    destination.write(right, source.read(right))
    destination.write(wrong, source.read(wrong)[::-1])
    stamps = {entry.key: entry.stamp for entry in destination.entries("")}
    copy(source, destination)
    after = {entry.key: entry.stamp for entry in destination.entries("")}
    assert after[right] == stamps[right]
    assert after[wrong] != stamps[wrong]
    assert contents(destination) == copies(source)


def test_an_artifact_that_lost_a_file_there_is_made_whole(
    source: LocalStore, destination: LocalStore
) -> None:
    copy(source, destination)
    path_of(destination, SAMPLES).unlink()
    copy(source, destination)
    assert contents(destination) == copies(source)


def test_the_later_run_of_a_study_stays(source: LocalStore, destination: LocalStore) -> None:
    key = put_study(source)
    older = source.read(key)
    put_study(destination)
    newer = destination.read(key)
    assert states(copy(source, destination))[key] == "there"
    assert destination.read(key) == newer
    destination.write(key, older)
    put_study(source)
    assert states(copy(source, destination))[key] == "copied"
    assert destination.read(key) == source.read(key)


def test_a_kill_at_any_change_leaves_a_store_that_is_whole_and_the_next_copy_ends_it(
    tmp_path: Path,
) -> None:
    source = LocalStore(tmp_path / "source")
    put_study(source)
    for recipe in (TEXTS, EXAMPLES):
        put(source, recipe)
    plan, selection = Plan(), everything(source)
    whole = FaultyStore(f"faulty://{tmp_path / 'whole'}", plan)
    list(copied(source, whole, selection=selection, jobs=1))
    operations = [number for number, (name, _) in enumerate(plan.operations) if name in CHANGING]
    assert len(operations) == 2 * (1 + 3 + 1 + 1) + 1  # mark, files, manifest, mark; the root
    for number in operations:
        after = LocalStore(tmp_path / str(number))
        faulty = FaultyStore(f"faulty://{after.root}", Plan(number, Way.DO_AND_STOP))
        with pytest.raises(Stopped):
            list(copied(source, faulty, selection=selection, jobs=1))
        assert faults(after) == [], number
        copy(source, after)
        # A mark that is left beside a manifest goes when the store is pruned.
        assert {key: one for key, one in contents(after).items() if one} == copies(source), number


def test_what_another_run_sealed_meanwhile_is_kept(
    source: LocalStore, destination: LocalStore
) -> None:
    class Overtaken(LocalStore):
        """A store where another run seals the texts just before the copy does."""

        def create(self, key: str, content: bytes) -> bool:
            if key == manifest_key(TEXTS.address):
                put(destination, TEXTS, first=9)
            return super().create(key, content)

    found = copy(source, Overtaken(destination.root))
    made = manifest_at(destination, TEXTS.address)
    assert made is not None
    assert made.content != getattr(manifest_at(source, TEXTS.address), "content", None)
    assert states(found)[manifest_key(EXAMPLES.address)] == "left out"
    assert begun_key(TEXTS.address) not in contents(destination)
