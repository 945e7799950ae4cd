"""Files by content: hashed once, and again when they change."""

import hashlib
import os
from pathlib import Path

import pytest

from storage.contents import LocalFolder, file_digest, joined_digest


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


def test_a_folder_is_the_files_right_inside_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a", "b", "deep/c"):
        (tmp_path / name).write_bytes(name.encode() * 3)
    folder = LocalFolder(tmp_path)
    assert folder.names == {"a", "b"}
    assert (folder.size("a"), folder.beginning("a", 2), folder.beginning("a", 9)) == (
        3,
        b"aa",
        b"aaa",
    )
    assert folder.sha256("b") == hashlib.sha256(b"bbb").hexdigest()
    assert LocalFolder(tmp_path / "none").names == frozenset()


def test_joined_digests_depend_on_each_part_and_its_place() -> None:
    different = [("a", "b"), ("b", "a"), ("ab",), ("a",), ()]
    assert len({joined_digest(parts) for parts in different}) == len(different)
