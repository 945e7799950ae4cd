"""A store in a bucket that speaks S3: one request an operation, one object a key.

An object appears whole or not at all, and `create` asks the bucket to refuse a key that is taken.
Credentials, region and endpoint come from where AWS's own tools look (the environment, profiles,
roles); nothing of them is kept or shown.
"""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from calibration.errors import StoreError
from storage.entries import Entry
from storage.s3_faults import CONFLICT, NO_KEY, code_of, reason

try:
    import boto3
    import obstore
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.exceptions import AlreadyExistsError, BaseError
    from obstore.store import S3Store
except ImportError as error:
    raise StoreError(
        "a store in a bucket needs the packages obstore and boto3, found them missing: "
        "install them with `pip install -e '.[s3]'`, or give a directory"
    ) from error

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

PAGE: Final = 1000  # keys a listing returns at most for one request
# Seconds to wait while another writes the same key: a small object is written in less.
PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
# Half a minute: longer than a bucket's hiccup, short for a person who mistyped an endpoint. The
# pauses are random and grow slowly, so that a number of attempts would bound no time.
PATIENCE: Final["RetryConfig"] = {
    "max_retries": 1000,
    "retry_timeout": timedelta(seconds=30),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=5),
        "base": 2,
    },
}
# One request, its object included: the largest are tens of megabytes, and some lines are slow.
LIMITS: Final["ClientConfig"] = {
    "timeout": timedelta(minutes=2),
    "connect_timeout": timedelta(seconds=5),
}
# botocore renews credentials ten minutes before they end, so what it gives holds for that long.
RENEWAL: Final = timedelta(minutes=10)
# The client's threads do not survive a fork, and a request of the child would wait for ever.
PROCESS: Final = os.getpid()
LOCATION: Final = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(/(?!\.\.?(/|$))[\w.=+-]+)*)/?",
    re.ASCII,
)
ANY_REGION: Final = "us-east-1"  # what a bucket outside AWS takes no notice of

Variables = frozenset[tuple[str, str]]


class Access(NamedTuple):
    """Whose requests go where."""

    session: "boto3.Session"
    region: str
    endpoint: str  # a URL


class BucketStore:
    """Bytes by key, in a bucket below a prefix."""

    def __init__(self, client: S3Store, location: str, endpoint: str) -> None:
        self._client = client
        self._location = location
        self._endpoint = endpoint  # to name where it cannot be reached

    @property
    def location(self) -> str:
        return self._location

    def place(self, key: str) -> str:
        return f"{self._location}/{key}"

    def read(self, key: str) -> bytes:
        with self._sentences("read", missing=key):
            return bytes(obstore.get(self._client, key).bytes())

    def write(self, key: str, content: bytes) -> None:
        with self._sentences("written"):
            # In one request, whatever its size: parts of an upload would be several.
            obstore.put(self._client, key, content, use_multipart=False)

    def create(self, key: str, content: bytes) -> bool:
        """False also where an attempt came through, its answer was lost, and a second was made."""
        with self._sentences("written"):
            return self._created(key, content, PAUSES)

    def _created(self, key: str, content: bytes, pauses: Sequence[float]) -> bool:
        try:
            obstore.put(self._client, key, content, mode="create", use_multipart=False)
        except AlreadyExistsError as error:
            # The client takes a conflict for a key that is taken; but whoever is writing it may
            # yet fail, so that only the next answer tells.
            if code_of(error) != CONFLICT:
                return False
            if not pauses:
                raise
        else:
            return True
        time.sleep(pauses[0])
        return self._created(key, content, pauses[1:])

    def remove(self, key: str) -> None:
        # Nothing to remove is well on most buckets, and a fault on some.
        with suppress(KeyError), self._sentences("written", missing=key):
            obstore.delete(self._client, key)

    def entries(self, prefix: str) -> Iterator[Entry]:
        with self._sentences("read"):
            for page in obstore.list(self._client, prefix or None, chunk_size=PAGE):
                for one in page:
                    stamp = one["e_tag"] or one["last_modified"].isoformat()
                    changed = one["last_modified"].timestamp()
                    yield Entry(one["path"], one["size"], stamp, changed)

    def leftovers(self) -> Iterator[Entry]:
        return iter(())  # a write that was cut off left nothing

    @contextmanager
    def _sentences(self, what: str, *, missing: str | None = None) -> Iterator[None]:
        """Faults as StoreErrors; KeyError where only the key `missing` is."""
        if os.getpid() != PROCESS:
            raise RuntimeError("a bucket was used after a fork: start processes by spawn")
        try:
            yield
        except (BaseError, OSError) as error:
            # Anything that speaks HTTP may answer 404; only a bucket knows that it has no such key.
            if missing is not None and code_of(error) == NO_KEY:
                raise KeyError(missing) from None
            why = reason(error, self._endpoint)
            raise StoreError(
                f"the store {self._location} cannot be {what}: {why}; what was complete stays "
                "complete, so mend this and run the same command again"
            ) from error


def open_bucket(location: str) -> BucketStore:
    """The store at s3://bucket/prefix. Raises StoreError when that is not one."""
    found = LOCATION.fullmatch(location)
    if found is None:
        raise StoreError(
            "s3://bucket/prefix, the prefix of letters, digits and _ . = + - between slashes, was "
            f"expected for the store, found {location!r}: give one, for instance "
            "--store s3://bucket/artifacts"
        )
    variables = frozenset(one for one in os.environ.items() if one[0].startswith("AWS_"))
    return _kept(found["bucket"], found["prefix"].strip("/"), variables)


@cache  # a client holds its connections
def _kept(bucket: str, prefix: str, variables: Variables) -> BucketStore:
    return connect(bucket, prefix, access=_access(variables), patience=PATIENCE)


def connect(bucket: str, prefix: str, *, access: Access, patience: "RetryConfig") -> BucketStore:
    """The store in a bucket; nothing is sent yet."""
    client = S3Store(
        bucket,
        prefix=prefix or None,
        region=access.region,
        endpoint=access.endpoint,
        credential_provider=Boto3CredentialProvider(access.session, ttl=RENEWAL),
        disable_bulk_delete=True,  # not every bucket has it, and here keys go one by one
        client_options={**LIMITS, "allow_http": access.endpoint.startswith("http://")},
        retry_config=patience,
    )
    return BucketStore(client, f"s3://{bucket}/{prefix}".rstrip("/"), access.endpoint)


@cache  # it takes a quarter of a second; under other variables it is found anew
def _access(variables: Variables) -> Access:
    """What AWS's variables and files say. Raises StoreError where they cannot be used."""
    try:
        # boto3 does not look at AWS_REGION, which every other tool of AWS takes first.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
        region = session.region_name or ANY_REGION
        endpoint = session.client("s3", region_name=region).meta.endpoint_url
        found = session.get_credentials() is not None
    except (BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is no URL
        raise StoreError(
            "settings for a bucket were expected in AWS's variables and files, found what cannot "
            f"be used ({error}): mend that"
        ) from error
    if not found:
        raise StoreError(
            "credentials for a bucket were expected in AWS's variables and files, found none: set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    return Access(session, region, endpoint)
