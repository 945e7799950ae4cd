"""Artifacts in a bucket that fails: the right answer or a sentence, and a rerun completes.

Every request of a small sequence of writes and reads is broken in turn, in every way that a bucket
breaks one, once and from there on; and listings lag behind by every number of changes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Barrier, Thread

import boto3
import polars as pl
import pytest
from bucket import (
    BROKEN,
    BROKEN_AFTER,
    CONFLICT,
    CUT,
    CUT_AFTER,
    DENIED,
    NEVER,
    TAKEN,
    BucketServer,
    Fault,
)
from small_recipes import EXAMPLES, TEXTS, changed

from calibration.errors import StoreError
from storage.artifacts import is_complete, read_table
from storage.catalogue import INDEX, catalogue
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import CATALOGUE, Manifest, manifest_of
from storage.parts import PART_ROWS, part_rows, progress_of
from storage.s3 import PAGE, Access, BucketStore, connect
from storage.store import Store

ROWS = 2 * PART_ROWS + 10
FRAME = pl.DataFrame({"example": range(ROWS)})
CHILD = pl.DataFrame({"prompt": [7]})


@pytest.fixture
def stores(bucket: str, bucket_server: BucketServer) -> Iterator[BucketStore]:
    """Stores beside each other in one bucket, whose clients try again at once."""
    access = Access(boto3.Session(), "us-east-1", bucket_server.endpoint)
    moment = timedelta(milliseconds=1)
    return (
        connect(
            bucket.removeprefix("s3://"),
            f"store-{number}",
            access=access,
            patience={
                "max_retries": 2,
                "backoff": {"init_backoff": moment, "max_backoff": moment},
            },
        )
        for number in count()
    )


def make(store: Store) -> None:
    """What is missing of a table of three parts and of a table made from it; then look at both."""
    if not is_complete(store, TEXTS):
        draft = Draft(store, TEXTS)
        progress = progress_of(draft, table="texts", rows=ROWS)
        made = [
            draft.write_table(part_rows(FRAME, index), table="texts", index=index)
            for index in progress.missing
        ]
        draft.seal([*progress.kept.values(), *made], title="texts")
    if not is_complete(store, EXAMPLES):
        draft = Draft(store, EXAMPLES)
        draft.seal([draft.write_table(CHILD, table="examples")], title="examples")
    look(store)


def look(store: Store) -> None:
    assert read_table(store, TEXTS, "texts").equals(FRAME)
    assert read_table(store, EXAMPLES, "examples").equals(CHILD)
    assert catalogue(store).damaged == ()


def require_whole(store: Store) -> None:
    """Both artifacts are complete and shown, and every file holds what its name says."""
    shown = catalogue(store)
    assert (shown.artifacts.keys(), shown.begun) == ({TEXTS.address, EXAMPLES.address}, set())
    assert is_complete(store, TEXTS)
    assert is_complete(store, EXAMPLES)
    for entry in store.entries(""):
        if not entry.key.startswith(CATALOGUE):
            assert hashlib.sha256(store.read(entry.key)).hexdigest() in entry.key


def stopped(fault: Fault, stores: Iterator[BucketStore], server: BucketServer, times: int) -> int:
    """Break each request of a run in turn; how many runs it stopped."""
    found = 0
    for at in count():
        store = next(stores)
        server.fail(fault, at=at, times=times)
        try:
            make(store)
            reached = server.requests.total() > at
            server.mend()
        except StoreError:
            found, reached = found + 1, True
            server.mend()
            make(store)
        require_whole(store)
        if not reached:
            return found
    raise AssertionError("a run ends")


def nightly(fault: Fault) -> object:
    return pytest.param(fault, marks=pytest.mark.nightly)


@pytest.mark.parametrize("fault", [BROKEN_AFTER, CUT, nightly(BROKEN), nightly(CUT_AFTER)])
def test_a_fault_that_passes_stops_nothing_wherever_it_strikes(
    fault: Fault, stores: Iterator[BucketStore], bucket_server: BucketServer
) -> None:
    assert stopped(fault, stores, bucket_server, times=1) == 0


@pytest.mark.parametrize("fault", [CONFLICT, TAKEN])
def test_a_race_that_is_told_anywhere_ends_well_or_in_a_sentence(
    fault: Fault, stores: Iterator[BucketStore], bucket_server: BucketServer
) -> None:
    # A bucket tells one to whoever claims a key; told to others, it is a fault like any other.
    assert stopped(fault, stores, bucket_server, times=1) > 0


@pytest.mark.parametrize("fault", [DENIED, CUT_AFTER, nightly(BROKEN_AFTER), nightly(CUT)])
def test_a_bucket_that_fails_from_anywhere_on_stops_a_run_that_a_rerun_completes(
    fault: Fault, stores: Iterator[BucketStore], bucket_server: BucketServer
) -> None:
    requests = _requests(next(stores), bucket_server)
    assert stopped(fault, stores, bucket_server, times=NEVER) == requests


def _requests(store: Store, server: BucketServer) -> int:
    server.mend()
    make(store)
    return server.requests.total()


def test_listings_that_lag_end_well_or_in_a_sentence_and_a_rerun_completes(
    stores: Iterator[BucketStore], bucket_server: BucketServer
) -> None:
    for lag in range(1, 12):  # more changes than a run makes
        store = next(stores)
        bucket_server.lag = lag
        for _ in range(2):  # a run, and another that sees little of the first
            with suppress(StoreError):
                make(store)
        bucket_server.lag = 0
        make(store)
        require_whole(store)


def test_two_that_seal_one_recipe_with_different_parts_leave_one_artifact(
    stores: Iterator[BucketStore],
) -> None:
    for _ in range(5):
        store, barrier = next(stores), Barrier(2)
        sealed: list[Manifest] = []

        def run(first: int, store: Store = store, barrier: Barrier = barrier) -> None:
            draft = Draft(store, TEXTS)
            parts = [
                draft.write_table(FRAME[first + 5 * part :][:5], table="texts", index=part)
                for part in range(2)
            ]
            barrier.wait()
            sealed.append(draft.seal(parts, title=str(first)))  # noqa: B023

        threads = [Thread(target=run, args=(first,)) for first in (0, 50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        manifest = manifest_of(store, TEXTS)
        assert manifest is not None
        assert sealed == [manifest, manifest]
        first = int(manifest.title)
        assert read_table(store, TEXTS, "texts").equals(FRAME[first : first + 10])


def test_a_store_is_listed_again_in_a_request_a_thousand_keys_and_one(
    bucket: str, stores: Iterator[BucketStore], bucket_server: BucketServer, tmp_path: Path
) -> None:
    store, local = next(stores), LocalStore(tmp_path / "store")
    for seed in range(110):
        draft = Draft(local, changed(TEXTS, seed=seed))
        draft.seal([draft.write_file("text.txt", b"text")], title="t")
    made = {entry.key: local.read(entry.key) for entry in local.entries("")}
    begun = {f"{CATALOGUE}/texts/00/{number:064x}.begun": b"" for number in range(PAGE)}
    bucket_server.fill(
        bucket,
        {f"store-0/{key}": made[key] for key in made}
        | {f"store-0/{key}": begun[key] for key in begun},
    )
    first = catalogue(store)
    assert (len(first.artifacts), len(first.begun)) == (110, PAGE)
    bucket_server.mend()
    assert catalogue(store) == first
    assert bucket_server.requests == {"GET": 2 + 1}  # 1110 keys, and the index
    store.remove(INDEX)
    assert catalogue(store) == first
