"""Pruning a store: what no study wants goes, everything else stays, and a kill leaves it whole."""

import hashlib
import shutil
from pathlib import Path

import pytest
from faults import CHANGING, FaultyStore, Plan, Stopped, Way
from made_up_store import study_of
from small_recipes import (
    EXAMPLES,
    FIT,
    OF_REPORT,
    REPORT,
    SAMPLES,
    STUDY_FIT,
    SUMMARY,
    TEXTS,
    changed,
)
from whole_store import (
    DAY,
    FAILED_BEFORE,
    OTHER_REPORT,
    UNFINISHED,
    UNWANTED,
    UNWANTED_VERDICT,
    ReadOnlyDisk,
    add_unwanted,
    age,
    contents,
    fill,
    put,
    put_part,
    put_study,
)

from calibration.errors import InputError, StoreError
from calibration.lineage import Lineage
from storage.artifacts import is_complete
from storage.clock import store_time
from storage.local import ASIDE, LocalStore
from storage.manifests import begun_key, manifest_key
from storage.pruning import REMOVING, Pruning, pruning
from storage.records import RECORD
from storage.removal import removed
from storage.roots import write_root
from storage.store import Store, open_store
from storage.verification import verified


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    fill(store)
    add_unwanted(store)
    return store.root


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> LocalStore:
    """A whole store, what no study wants, and something unfinished that none wants either."""
    shutil.copytree(filled, tmp_path / "store")
    return LocalStore(tmp_path / "store")


def going(store: Store, *forget: str, days: float | None = None) -> Pruning:
    return pruning(store, now=store_time(store), forget=forget, days=days)


def names(found: Pruning) -> list[tuple[str, str]]:
    return [(one.what, one.name) for one in found.removals]


def prune(store: Store, *forget: str, days: float | None = None) -> list[str]:
    return [one.name for one in removed(store, going(store, *forget, days=days))]


def kept(store: Store) -> dict[str, bytes]:
    """What an unwanted artifact does not share with those that are wanted."""
    addresses = (UNWANTED.address, UNWANTED_VERDICT.address)
    return {
        key: content
        for key, content in contents(store).items()
        if not any(address in key for address in addresses)
    }


def test_what_no_study_wants_is_listed_children_first_and_nothing_is_changed(
    store: LocalStore,
) -> None:
    before = contents(store)
    found = going(store)
    assert names(found) == [
        ("artifact", UNWANTED_VERDICT.address),
        ("artifact", UNWANTED.address),
    ]
    for one in found.removals:
        sizes = (entry.size for entry in store.entries(one.name))
        assert one.bytes == sum(sizes)
    assert contents(store) == before


def test_a_store_that_may_only_be_read_shows_the_same(store: LocalStore) -> None:
    sealed = LocalStore(store.root, disk=ReadOnlyDisk())
    assert going(sealed) == going(store)
    with pytest.raises(StoreError, match="cannot be written"):
        prune(sealed)


def test_what_is_removed_is_gone_and_everything_else_is_as_it_was(store: LocalStore) -> None:
    expected = kept(store)
    assert prune(store) == [UNWANTED_VERDICT.address, UNWANTED.address]
    assert contents(store) == expected
    assert not (store.root / UNWANTED.address).exists()
    assert names(going(store)) == []


def test_a_store_in_a_bucket_is_pruned_alike(bucket: str) -> None:
    store = open_store(bucket)
    fill(store)
    for recipe in (UNWANTED, UNWANTED_VERDICT):
        put(store, recipe)
    expected = kept(store)
    prune(store)
    assert contents(store) == expected


def test_verdicts_of_older_rules_stay_with_their_table(store: LocalStore) -> None:
    prune(store)
    assert is_complete(store, FAILED_BEFORE)


def test_what_may_be_being_written_stays_for_a_day(store: LocalStore) -> None:
    assert going(store).kept == (UNFINISHED.address,)
    age(store, days=2)
    assert going(store).kept == ()
    prune(store)
    assert not any(UNFINISHED.digest in key for key in contents(store))


@pytest.mark.parametrize("fresh", ["part", "mark"])
def test_one_fresh_file_keeps_an_unfinished_artifact(store: LocalStore, fresh: str) -> None:
    age(store, days=2, prefix="scores" if fresh == "mark" else "catalogue")
    assert going(store).kept == (UNFINISHED.address,)


def test_files_without_mark_or_manifest_stay_for_a_day(store: LocalStore) -> None:
    store.remove(begun_key(UNFINISHED.address))
    assert going(store).kept == (UNFINISHED.address,)
    age(store, days=2)
    prune(store)
    assert not any(UNFINISHED.digest in key for key in contents(store))


def test_what_is_being_made_again_stays_with_its_ancestors(store: LocalStore) -> None:
    other = changed(TEXTS, seed=8)
    for recipe in (other, changed(EXAMPLES, texts=other)):
        put(store, recipe)
    put_part(store, changed(EXAMPLES, texts=other))
    assert changed(EXAMPLES, texts=other).address in going(store).kept
    assert prune(store) == [UNWANTED_VERDICT.address, UNWANTED.address]


def test_unfinished_work_of_a_study_stays_however_old(store: LocalStore) -> None:
    store.remove(manifest_key(SAMPLES.address))
    age(store, days=400)
    prune(store)
    assert len(list(store.entries(SAMPLES.address))) == 4


def test_what_other_runs_left_beside_artifacts_goes_after_a_day(store: LocalStore) -> None:
    content = b"another run's"
    part = f"{TEXTS.address}/rows-00000-{hashlib.sha256(content).hexdigest()}.parquet"
    aside = f"{ASIDE}/0123456789abcdef"
    for key in (part, aside, begun_key(TEXTS.address), "clock/0123456789abcdef"):
        store.write(key, content if key == part else b"")
    assert len(names(going(store))) == 2
    age(store, days=2)
    prune(store)
    left = contents(store)
    assert part not in left
    assert begun_key(TEXTS.address) not in left
    assert list(store.leftovers()) == []
    assert not (store.root / "clock").exists()
    assert is_complete(store, TEXTS)


def test_files_of_what_will_be_made_again_stay(store: LocalStore) -> None:
    content = b"a part that the next run may keep"
    part = f"{SAMPLES.address}/rows-00000-{hashlib.sha256(content).hexdigest()}.parquet"
    store.write(part, content)
    store.remove(manifest_key(EXAMPLES.address))
    put(store, EXAMPLES, first=9)
    age(store, days=2)
    prune(store)
    assert store.read(part) == content


def test_files_that_are_not_ours_are_never_touched(store: LocalStore) -> None:
    mine = {
        "notes.txt": b"1",
        f"{UNWANTED.address}/notes.txt": b"2",
        "samples/notes.txt": b"3",
        "catalogue/notes.txt": b"4",
        f"pictures/ab/{'ab' * 32}/a-{'0' * 64}.png": b"5",
    }
    for key, content in mine.items():
        store.write(key, content)
    age(store, days=400)
    prune(store, "study")
    assert mine.items() <= contents(store).items()


def test_a_forgotten_study_goes_with_its_root_files(store: LocalStore) -> None:
    keys = [put_study(store), write_root(store, Lineage(study_of("study", ["b"]), (), REPORT))]
    found = prune(store, "study")
    assert set(found[-2:]) == set(keys)
    assert {one.address for one in OF_REPORT} <= set(found)
    assert [key for key in contents(store) if key.endswith(".json")] == []


def test_what_another_study_wants_stays_when_one_is_forgotten(store: LocalStore) -> None:
    put_study(store, OTHER_REPORT)
    put(store, OTHER_REPORT)
    prune(store, "study")
    assert not is_complete(store, REPORT)
    assert all(is_complete(store, one) for one in (TEXTS, SUMMARY, FIT, STUDY_FIT, OTHER_REPORT))


def test_a_study_that_there_is_not_is_a_sentence_with_those_that_there_are(
    store: LocalStore,
) -> None:
    put_study(store, OTHER_REPORT)
    with pytest.raises(InputError, match=r"found 'stduy': give one of 'other', 'study'"):
        going(store, "stduy")


def test_a_damaged_root_file_stops_pruning(store: LocalStore) -> None:
    path = store.root / put_study(store)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError, match="so that they would be lost: run its study again"):
        going(store)


def test_what_was_made_lately_stays_with_its_ancestors(store: LocalStore) -> None:
    other = changed(TEXTS, seed=8)
    put(store, other)
    assert names(going(store, days=1)) == []
    later = store_time(store) + 2 * DAY
    found = pruning(store, now=later, days=1)
    assert {one.name for one in found.removals} >= {other.address, UNWANTED.address}
    assert names(pruning(store, now=later, days=3)) == []


def test_a_study_that_was_run_lately_is_not_forgotten(store: LocalStore) -> None:
    assert prune(store, "study", days=1) == []
    later = store_time(store) + 2 * DAY
    assert len(pruning(store, now=later, forget=["study"], days=1).forgotten) == 1


def test_a_study_that_started_meanwhile_keeps_what_it_wants(store: LocalStore) -> None:
    put(store, OTHER_REPORT)
    found = going(store, "study")
    put_study(store, OTHER_REPORT)
    gone = {one.name for one in removed(store, found)}
    assert is_complete(store, OTHER_REPORT)
    assert is_complete(store, FAILED_BEFORE)
    assert {REPORT.address, UNWANTED.address} <= gone


def test_a_forgotten_study_that_is_run_again_meanwhile_stays(store: LocalStore) -> None:
    found = going(store, "study")
    put_study(store)
    gone = [one.name for one in removed(store, found)]
    assert gone == [UNWANTED_VERDICT.address, UNWANTED.address]


def test_what_grows_meanwhile_stays(store: LocalStore) -> None:
    found = going(store)
    put(store, UNWANTED, first=3)
    gone = [one.name for one in removed(store, found)]
    assert gone == [UNWANTED_VERDICT.address]


def test_an_unfinished_artifact_that_is_finished_meanwhile_stays(store: LocalStore) -> None:
    age(store, days=2)
    found = going(store)
    put(store, UNFINISHED)
    removed_names = {one.name for one in removed(store, found)}
    assert UNFINISHED.address not in removed_names
    assert is_complete(store, UNFINISHED)


def faults(store: Store) -> list[str]:
    return [one.key for one in verified(store) if one.fault is not None]


def changes(found: Pruning, root: Path) -> list[int]:
    """The numbers of the operations that change a store."""
    plan = Plan()
    list(removed(FaultyStore(f"faulty://{root}", plan), found))
    return [number for number, (name, _) in enumerate(plan.operations) if name in CHANGING]


def test_a_kill_after_any_change_leaves_a_store_that_is_whole_and_can_be_pruned_again(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path / "store")
    put_study(store)
    for recipe in (TEXTS, EXAMPLES, FAILED_BEFORE):
        put(store, recipe)
    found = going(store, "study")
    numbers = changes(found, shutil.copytree(store.root, tmp_path / "counted"))
    assert len(numbers) == 3 * (2 + 4 + 1) + 1  # mark and manifest, files, mark; the root file
    for number in numbers:
        after = LocalStore(shutil.copytree(store.root, tmp_path / str(number)))
        faulty = FaultyStore(f"faulty://{after.root}", Plan(number, Way.DO_AND_STOP))
        with pytest.raises(Stopped):
            list(removed(faulty, found))
        assert faults(after) == [], number
        if number != numbers[-1]:
            prune(after, "study")
        assert contents(after) == {}, number


def test_a_removal_that_was_cut_off_goes_on_however_fresh_its_files(store: LocalStore) -> None:
    store.write(begun_key(UNWANTED.address), REMOVING)
    store.remove(manifest_key(UNWANTED.address))
    assert UNWANTED.address in prune(store)
    assert not any(UNWANTED.digest in key for key in contents(store))


def test_a_damaged_manifest_that_no_study_wants_goes_with_its_files(store: LocalStore) -> None:
    store.write(manifest_key(UNWANTED.address), b"{")
    age(store, days=2)
    assert UNWANTED.address in prune(store)
    assert not any(UNWANTED.digest in key for key in contents(store))


def test_the_record_of_what_was_removed_goes_after_a_day(store: LocalStore) -> None:
    prune(store)
    store.write(f"{UNWANTED.address}/{RECORD}", b"{}")
    assert UNWANTED.address in going(store).kept
    age(store, days=2)
    prune(store)
    assert not any(UNWANTED.digest in key for key in contents(store))
