"""A store in a bucket: what its faults are told as, what is tried again, and whose requests."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import boto3
import polars as pl
import pytest
from bucket import (
    ACCESS_KEY,
    BROKEN,
    BROKEN_AFTER,
    CONFLICT,
    CUT,
    CUT_AFTER,
    DENIED,
    NEVER,
    SECRET_KEY,
    SLOW_DOWN,
    BucketServer,
    Fault,
)
from small_recipes import TEXTS

from calibration.errors import StoreError
from storage.artifacts import is_complete
from storage.drafts import Draft
from storage.manifests import begun_key
from storage.result_block import ArtifactRecords
from storage.s3 import Access, BucketStore, connect
from storage.store import Store, open_store

ROOT = Path(__file__).parents[2]
END = "; what was complete stays complete, so mend this and run the same command again"


@pytest.fixture
def store(bucket: str, bucket_server: BucketServer) -> BucketStore:
    """A store whose client tries again at once, twice."""
    return connect(
        bucket.removeprefix("s3://"),
        "prefix",
        access=Access(boto3.Session(), "us-east-1", bucket_server.endpoint),
        patience={
            "max_retries": 2,
            "backoff": {
                "init_backoff": timedelta(milliseconds=1),
                "max_backoff": timedelta(milliseconds=1),
            },
        },
    )


def told(store: Store) -> str:
    """What a write is refused with."""
    with pytest.raises(StoreError) as caught:
        store.write("key", b"1")
    said = str(caught.value)
    assert said.startswith(f"the store {store.location} cannot be written: ")
    assert said.endswith(END)
    assert "<" not in said
    assert "\n" not in said
    assert SECRET_KEY not in said
    assert ACCESS_KEY not in said
    return said.removeprefix(f"the store {store.location} cannot be written: ").removesuffix(END)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (DENIED, "access is denied: ask for the permission, or use other credentials"),
        (Fault("403 Forbidden", "InvalidAccessKeyId"), "the access key is unknown there"),
        (Fault("403 Forbidden", "SignatureDoesNotMatch"), "the secret key does not match"),
        (Fault("403 Forbidden", "RequestTimeTooSkewed"), "this machine's clock differs"),
        (Fault("400 Bad Request", "ExpiredToken"), "the credentials have expired: renew them"),
        (Fault("301 Moved Permanently", "PermanentRedirect"), "lies in another region"),
        (Fault("400 Bad Request", "Odd"), "it answers Odd: As it was told to."),
        (Fault("403 Forbidden"), "answers 403 Forbidden: make sure that it speaks S3"),
    ],
    ids=lambda one: one.code if isinstance(one, Fault) else "",
)
def test_a_refusal_is_a_sentence_and_not_tried_again(
    fault: Fault, words: str, store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(fault, at=0, times=NEVER)
    assert words in told(store)
    assert bucket_server.requests.total() == 1


def test_every_operation_is_refused_in_a_sentence(
    store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(DENIED, at=0, times=NEVER)
    with pytest.raises(StoreError, match="cannot be read: access is denied"):
        store.read("key")
    with pytest.raises(StoreError, match="cannot be read: access is denied"):
        list(store.entries(""))
    for change in (lambda: store.create("key", b"1"), lambda: store.remove("key")):
        with pytest.raises(StoreError, match="cannot be written: access is denied"):
            change()


def test_a_bucket_that_is_not_there_is_a_sentence_and_no_empty_store(bucket: str) -> None:
    gone = open_store(f"{bucket}-gone")
    assert told(gone) == "there is no such bucket: make it, or give another"
    with pytest.raises(StoreError, match="cannot be read: there is no such bucket"):
        gone.read("key")
    with pytest.raises(StoreError, match="cannot be read: there is no such bucket"):
        list(gone.entries(""))
    with pytest.raises(StoreError, match="cannot be written: there is no such bucket"):
        gone.remove("key")


def test_what_knows_nothing_of_keys_is_no_empty_store(
    store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(Fault("404 Not Found"), at=0, times=NEVER)
    words = "cannot be read: http://.* answers 404 Not Found: make sure that it speaks S3"
    with pytest.raises(StoreError, match=words):
        store.read("key")
    with pytest.raises(StoreError, match=words):
        list(store.entries(""))


def test_a_bucket_that_misses_what_is_to_be_removed_has_removed_it(
    store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(Fault("404 Not Found", "NoSuchKey"), at=0)
    store.remove("key")
    assert bucket_server.requests == {"DELETE": 1}


def test_an_endpoint_where_nothing_answers_is_named(store: BucketStore, bucket: str) -> None:
    access = Access(boto3.Session(), "us-east-1", "http://127.0.0.1:1")
    nowhere = connect("bucket", "", access=access, patience={"max_retries": 0})
    assert told(nowhere) == "http://127.0.0.1:1 cannot be reached: nothing answers there"


@pytest.mark.parametrize("fault", [BROKEN, BROKEN_AFTER, SLOW_DOWN, CUT, CUT_AFTER])
def test_what_passes_is_tried_again(
    fault: Fault, store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(fault, at=0)
    store.write("key", b"1")
    bucket_server.fail(fault, at=0)
    assert store.read("key") == b"1"
    bucket_server.fail(fault, at=0)
    assert [entry.key for entry in store.entries("")] == ["key"]
    bucket_server.fail(fault, at=0)
    store.remove("key")
    assert bucket_server.requests.total() == 2
    assert list(store.entries("")) == []


def test_a_store_that_is_opened_tries_again(bucket: str, bucket_server: BucketServer) -> None:
    bucket_server.fail(BROKEN, at=0)
    open_store(bucket).write("key", b"1")
    assert open_store(bucket).read("key") == b"1"


def test_what_does_not_pass_ends_in_a_sentence(
    store: BucketStore, bucket_server: BucketServer
) -> None:
    for fault, words in {
        SLOW_DOWN: "the bucket asks for fewer requests: wait",
        BROKEN: "it answers InternalError: As it was told to.",
        CUT: f"{bucket_server.endpoint} cannot be reached: the connection was cut",
    }.items():
        bucket_server.fail(fault, at=0, times=NEVER)
        assert told(store) == words
        assert bucket_server.requests.total() == 3


# What the claim of a free key meets.


def test_a_conflict_is_tried_again_and_takes_the_key(
    store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(CONFLICT, at=0, times=2)
    assert store.create("key", b"1") is True
    assert bucket_server.requests == {"PUT": 3}
    assert store.read("key") == b"1"


def test_a_conflict_that_another_wins_leaves_the_key_to_them(
    store: BucketStore, bucket_server: BucketServer
) -> None:
    store.write("key", b"theirs")
    bucket_server.fail(CONFLICT, at=0)
    assert store.create("key", b"ours") is False
    assert store.read("key") == b"theirs"


def test_a_conflict_without_end_is_a_sentence(
    store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(CONFLICT, at=0, times=NEVER)
    with pytest.raises(StoreError, match="others are writing the same key all the time: wait"):
        store.create("key", b"1")


@pytest.mark.parametrize("fault", [BROKEN_AFTER, CUT_AFTER])
def test_a_claim_whose_answer_was_lost_seals_all_the_same(
    fault: Fault, store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(fault, at=0)
    assert store.create("key", b"1") is False  # the second attempt found the first one's bytes
    draft = Draft(store, TEXTS)
    file = draft.write_table(pl.DataFrame({"example": [1]}), table="texts")
    bucket_server.fail(fault, at=0)
    manifest = draft.seal([file], title="t")
    assert manifest.files == (file,)
    assert is_complete(store, TEXTS)
    with pytest.raises(KeyError):
        store.read(begun_key(TEXTS.address))


def test_a_bucket_without_conditional_writes_is_refused(
    store: BucketStore, bucket_server: BucketServer
) -> None:
    bucket_server.fail(Fault("501 Not Implemented", "NotImplemented"), at=0, times=NEVER)
    with pytest.raises(StoreError, match="it does not implement If-None-Match"):
        store.create("key", b"1")


# Where settings come from.


def test_a_profile_gives_keys_region_and_endpoint(
    bucket: str, bucket_server: BucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(
        f"[profile team]\nregion = eu-west-3\nendpoint_url = {bucket_server.endpoint}\n"
    )
    (tmp_path / "credentials").write_text(
        "[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = theirs\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "team")
    open_store(bucket).write("key", b"1")
    assert "Credential=AKIATEAM/" in bucket_server.signature
    assert "/eu-west-3/s3/" in bucket_server.signature


def test_a_variable_gives_the_region(
    bucket: str, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, region in [("AWS_DEFAULT_REGION", "eu-west-3"), ("AWS_REGION", "ap-south-1")]:
        monkeypatch.setenv(variable, region)
        open_store(bucket).write("key", b"1")
        assert f"/{region}/s3/" in bucket_server.signature


def test_no_credentials_are_a_sentence(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StoreError, match="found none: set AWS_ACCESS_KEY_ID and AWS_SECRET"):
        open_store(bucket)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AWS_PROFILE", "nobody", r"The config profile \(nobody\) could not be found"),
        ("AWS_ENDPOINT_URL", "not a url", "Invalid endpoint: not a url"),
        ("AWS_SECRET_ACCESS_KEY", "", "Partial credentials found"),
    ],
)
def test_settings_that_cannot_be_used_are_a_sentence(
    variable: str, value: str, words: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(StoreError, match=f"found what cannot be used \\({words}.*: mend that$"):
        open_store(bucket)


@pytest.mark.parametrize(
    "location",
    ["s3://", "s3://b", "s3://Upper/x", "s3:///key", "s3://bucket/a//b", "s3://bucket/../b"],
)
def test_what_is_no_place_in_a_bucket_is_refused(location: str) -> None:
    with pytest.raises(StoreError, match=f"found '{location}': give one, for instance --store s3"):
        open_store(location)


def test_a_location_is_opened_once(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_store(f"{bucket}/a/") is open_store(f"{bucket}/a")
    first = open_store(bucket)
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert open_store(bucket) is not first


# What needs a process of its own.


def said_by(program: str) -> str:
    child = [sys.executable, "-c", program]
    done = subprocess.run(child, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_without_its_packages_a_bucket_is_a_sentence() -> None:
    assert said_by(
        "import sys; sys.modules['obstore'] = None\n"
        "from calibration.errors import StoreError; from storage.store import open_store\n"
        "try: open_store('s3://bucket/prefix')\n"
        "except StoreError as error: print(error)\n"
    ) == (
        "a store in a bucket needs the packages obstore and boto3, found them missing: "
        "install them with `pip install -e '.[s3]'`, or give a directory"
    )


def test_a_directory_needs_no_packages_of_a_bucket() -> None:
    assert (
        said_by(
            "import sys; from storage.store import open_store; open_store('artifacts')\n"
            "print({'boto3', 'obstore', 'storage.s3'} & set(sys.modules))\n"
        )
        == "set()"
    )


def test_a_forked_process_is_refused_and_does_not_wait_for_ever(bucket: str) -> None:
    assert (
        said_by(
            "import os, sys; from storage.store import open_store\n"
            f"store = open_store('{bucket}'); store.write('key', b'1')\n"
            "if os.fork(): sys.exit(os.wait()[1])\n"
            "try: store.read('key')\n"
            "except RuntimeError as error: print(error)\n"
        )
        == "a bucket was used after a fork: start processes by spawn"
    )


def test_prefects_records_lie_in_a_bucket(bucket: str) -> None:
    records = ArtifactRecords(location=f"{bucket}/prefix")
    key = f"{TEXTS.address}/prefect.json"
    with pytest.raises(ValueError, match="no record"):
        records.read_path(key)
    records.write_path(key, b"record")
    with pytest.raises(ValueError, match="not complete"):
        records.read_path(key)
    draft = Draft(open_store(f"{bucket}/prefix"), TEXTS)
    draft.seal([draft.write_table(pl.DataFrame({"example": [1]}), table="texts")], title="t")
    assert records.read_path(key) == b"record"
