"""What tests in several places need: a bucket that holds nothing."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bucket import BucketServer


@pytest.fixture(scope="session")
def bucket_server() -> Iterator["BucketServer"]:
    """Serves the buckets of a session; a test that breaks requests gets them mended after it."""
    from bucket import served  # takes half a second

    with served() as server:
        yield server


@pytest.fixture
def bucket(bucket_server: "BucketServer", monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The location of a new bucket, with the settings to reach it and no others."""
    from bucket import settings

    for name in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in settings(bucket_server.endpoint).items():
        monkeypatch.setenv(name, value)
    yield bucket_server.new_bucket()
    bucket_server.mend()
    bucket_server.lag = 0
