"""Files by content: hashed once, and again when they change."""

import hashlib
import os
from pathlib import Path

import pytest

from storage.contents import file_digest


def test_the_digest_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    for content in (b"", b"abc", b"x" * 100_000):
        path = tmp_path / str(len(content))
        path.write_bytes(content)
        assert file_digest(path) == hashlib.sha256(content).hexdigest()


def test_a_file_is_not_read_twice_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    found = path.stat()
    before = file_digest(path)
    path.write_bytes(b"xyz")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))  # as if nothing had happened
    assert file_digest(path) == before
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    assert file_digest(path) == hashlib.sha256(b"xyz").hexdigest()


def test_another_size_is_another_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    found = path.stat()
    before = file_digest(path)
    path.write_bytes(b"abcd")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert file_digest(path) != before


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_digest(tmp_path / "nothing")
