"""Buckets on this machine: moto's S3 behind a gate that counts requests and breaks some.

The gate breaks a request in the ways a bucket can: refused before it is carried out, or carried
out and its answer lost. Its listings may lag behind, as those of some buckets do.
"""

import os
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from uuid import uuid4

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

Request = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[Request, Start], Iterable[bytes]]
ACCESS_KEY = "AKIATESTING"
SECRET_KEY = "never-to-be-shown"
NEVER = 10**9


class Fault(NamedTuple):
    """What a request meets instead of its answer."""

    status: str = ""  # such as "503 Slow Down"; empty: the connection is cut
    code: str = ""  # the bucket's name of it
    carried_out: bool = False  # before it is met


CONFLICT = Fault("409 Conflict", "ConditionalRequestConflict")
TAKEN = Fault("412 Precondition Failed", "PreconditionFailed")
BROKEN = Fault("500 Internal Server Error", "InternalError")
BROKEN_AFTER = Fault("500 Internal Server Error", "InternalError", carried_out=True)
SLOW_DOWN = Fault("503 Slow Down", "SlowDown")
CUT = Fault()
CUT_AFTER = Fault(carried_out=True)
DENIED = Fault("403 Forbidden", "AccessDenied")


class _Change(NamedTuple):
    path: str  # /bucket/key
    listed: str | None  # as a listing shows it; None: removed


def settings(endpoint: str) -> dict[str, str]:
    """What the environment says of who asks where, and of nobody outside this machine."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


class BucketServer:
    """Serves buckets. What it breaks and how far its listings lag can change at any time."""

    def __init__(self, application: Application) -> None:
        self.endpoint = ""
        self.requests: Counter[str] = Counter()  # by method, since `fail` or `mend`
        self.lag = 0  # changes that a listing does not show yet
        self.signature = ""  # of the last request
        self._application = application
        self._changes: list[_Change] = []
        self._lock = Lock()
        self.mend()

    def new_bucket(self) -> str:
        """The location of a bucket that holds nothing."""
        name = f"bucket-{uuid4().hex}"
        connection = HTTPConnection(self.endpoint.removeprefix("http://"))
        connection.request("PUT", f"/{name}", headers={"Content-Length": "0"})
        assert connection.getresponse().status == 200
        connection.close()
        return f"s3://{name}"

    def fill(self, location: str, contents: Mapping[str, bytes]) -> None:
        """Put many keys into a bucket at once, past the gate."""
        name = location.removeprefix("s3://")
        for key, content in contents.items():
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(name, key, content)

    def fail(self, fault: Fault, *, at: int, times: int = 1) -> None:
        """Break `times` requests, beginning with the `at`-th from now on; the next one is 0."""
        with self._lock:
            self.requests.clear()
            self._fault, self._broken = fault, range(at, at + times)

    def mend(self) -> None:
        """Break nothing."""
        self.fail(CUT, at=NEVER)

    def __call__(self, request: Request, start: Start) -> Iterable[bytes]:
        with self._lock:
            number = self.requests.total()
            self.requests[request["REQUEST_METHOD"]] += 1
            self.signature = request.get("HTTP_AUTHORIZATION", "")
        if number not in self._broken:
            return self._carried_out(request, start)
        if self._fault.carried_out:
            b"".join(self._carried_out(request, _unheard))
        else:
            request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0))
        if not self._fault.status:
            request["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return _answer(start, self._fault.status or "500 Cut", _refusal(self._fault.code))

    def _carried_out(self, request: Request, start: Start) -> Iterable[bytes]:
        asked = parse_qs(request.get("QUERY_STRING", ""))
        if self.lag and "list-type" in asked:
            bucket, prefix = request["PATH_INFO"], asked.get("prefix", [""])[0]
            return _answer(start, "200 OK", self._listing(f"{bucket}/{prefix}"))
        return self._application(request, self._noting(request, start))

    def _noting(self, request: Request, start: Start) -> Start:
        """`start`, which notes what the request changed where it succeeded."""

        def noting(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
            path, method = request["PATH_INFO"], request["REQUEST_METHOD"]
            if status.startswith("2") and method in ("PUT", "DELETE"):
                size = int(request.get("CONTENT_LENGTH") or 0)
                listed = _listed(path, size, dict(headers).get("ETag", ""))
                with self._lock:
                    self._changes.append(_Change(path, listed if method == "PUT" else None))
            return start(status, headers, *rest)

        return noting

    def _listing(self, path: str) -> str:
        """What was true `lag` changes ago."""
        with self._lock:
            shown = dict(self._changes[: -self.lag])
        found = [shown[one] for one in sorted(shown) if one.startswith(path)]
        contents = "".join(one for one in found if one is not None)
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"


@contextmanager
def served() -> Iterator[BucketServer]:
    """A server of buckets, while it is up."""
    server = BucketServer(create_backend_app("s3"))
    listener = make_server("127.0.0.1", 0, server, threaded=True, request_handler=_Quiet)
    server.endpoint = f"http://127.0.0.1:{listener.server_port}"
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open, as a bucket's do

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Nothing on the terminal."""


def _listed(path: str, size: int, stamp: str) -> str:
    key = path.split("/", 2)[2] if path.count("/") > 1 else ""
    return (
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>{stamp}</ETag><Size>{size}</Size></Contents>"
    )


def _refusal(code: str) -> str:
    return (
        f"<Error><Code>{code}</Code><Message>As it was told to.</Message>"
        f"<AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId></Error>"
    )


def _answer(start: Start, status: str, text: str) -> list[bytes]:
    content = text.encode()
    start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))])
    return [content]


def _unheard(status: str, headers: list[tuple[str, str]], *rest: object) -> None:
    """Where an answer goes that nobody hears."""
