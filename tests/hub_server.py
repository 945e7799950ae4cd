"""A hub on this machine: the few addresses that huggingface_hub asks, over real HTTP.

Large files are listed by their sha256, as the hub does; every request for a file is remembered.
What is refused is refused by the hub's own codes: nobody who sends no token is told whether a
repository is private or none, and a token that is not known is refused whatever it asks for.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".gguf", ".bin", ".parquet")  # what a repository keeps as large files
API = re.compile(r"/api/(?:models|datasets)/(?P<name>[^/]+/[^/]+)(?P<rest>/.*)?")
FILE = re.compile(r"/(?:datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


class Asked(NamedTuple):
    """One request for a file's content."""

    file: str
    first_bytes: int | None  # None: all of it


class Hub:
    """Repositories by name, each a directory with one commit on its branch `main`.

    `readers` are the tokens that are known, each with the gated repositories that it may read;
    without them every token is known, and may read none.
    """

    def __init__(
        self,
        repositories: dict[str, Path],
        *,
        gated: tuple[str, ...] = (),
        readers: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.repositories, self.gated, self.readers = repositories, gated, readers
        self.asked: list[Asked] = []

    def fetched(self) -> set[str]:
        return {one.file for one in self.asked if one.first_bytes is None}


@contextmanager
def served(hub: Hub) -> Iterator[str]:
    """The address of a hub while it is up."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on the terminal."""

    @property
    def token(self) -> str:
        """What a request says that it comes from; empty where it says nothing."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        if self.token and self.token not in (self.hub.readers or {self.token}):
            self._refuse(401, said="Invalid credentials in Authorization header")
        elif found := API.fullmatch(path):
            self._describe(found["name"], found["rest"] or "")
        elif found := FILE.fullmatch(path):
            self._file(found["name"], found["revision"], found["file"])
        else:
            self._refuse(404, "EntryNotFound")

    def _describe(self, name: str, rest: str) -> None:
        if name not in self.hub.repositories:
            return self._refuse(404 if self.token else 401, "RepoNotFound")
        revision = rest.split("/")[2] if rest else "main"
        if revision not in ("main", COMMIT):
            return self._refuse(404, "RevisionNotFound")
        tree = [_listed(name, path) for name, path in _files(self.hub.repositories[name])]
        siblings = [_sibling(one) for one in tree]
        about = {"id": name, "sha": COMMIT, "siblings": siblings}
        if rest.startswith("/tree"):
            folder = rest.split("/", 3)[3] if rest.count("/") > 2 else ""
            within = _within(tree, folder, deep="recursive=true" in self.path)
            content = json.dumps(within).encode()
        else:
            content = json.dumps(about).encode()
        return self._send(content, {"Content-Type": "application/json"})

    def _file(self, name: str, revision: str, file: str) -> None:
        if name in self.hub.gated and name not in (self.hub.readers or {}).get(self.token, ()):
            return self._refuse(403 if self.token else 401, "GatedRepo")
        path = self.hub.repositories[name] / file
        if not path.is_file():
            return self._refuse(404, "EntryNotFound")
        content, large = path.read_bytes(), path.name.endswith(LARGE)
        listed = _listed(file, path)
        headers = {"ETag": f'"{_sha256(content) if large else listed["oid"]}"'}
        headers |= {"X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if self.command == "GET":
            self.hub.asked.append(Asked(file, int(asked[2]) + 1 if asked else None))
        if asked:
            part = content[int(asked[1]) : int(asked[2]) + 1]
            last = int(asked[1]) + len(part) - 1
            headers["Content-Range"] = f"bytes {asked[1]}-{last}/{len(content)}"
            return self._send(part, headers, status=206)
        return self._send(content, headers)

    def _send(self, content: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def _refuse(self, status: int, code: str = "", *, said: str = "") -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": said}
        self._send(b"", {name: value for name, value in headers.items() if value}, status)


def _files(directory: Path) -> list[tuple[str, Path]]:
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return [(path.relative_to(directory).as_posix(), path) for path in paths]


def _within(tree: list[dict[str, Any]], folder: str, *, deep: bool) -> list[dict[str, Any]]:
    """What a folder holds: all the files in it, or the files and folders right inside."""
    start = f"{folder}/" if folder else ""
    inside = [one for one in tree if one["path"].startswith(start)]
    if deep:
        return inside
    names = dict.fromkeys(one["path"].removeprefix(start).partition("/")[0] for one in inside)
    files = {one["path"]: one for one in inside}
    directory = {"type": "directory", "size": 0, "oid": "0" * 40}
    return [files.get(start + name, directory | {"path": start + name}) for name in names]


def _listed(name: str, path: Path) -> dict[str, object]:
    content = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    entry: dict[str, object] = {"type": "file", "path": name, "size": len(content), "oid": blob}
    if name.endswith(LARGE):
        entry["lfs"] = {"oid": _sha256(content), "size": len(content), "pointerSize": 134}
    return entry


def _sibling(listed: dict[str, Any]) -> dict[str, object]:
    large = listed.get("lfs")
    entry = {"rfilename": listed["path"], "size": listed["size"], "blobId": listed["oid"]}
    return entry | ({"lfs": {**large, "sha256": large["oid"]}} if large else {})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
