"""What a file of weights says of itself at its beginning: safetensors and GGUF headers.

Only the beginning is read, so that a file on a hub need not be fetched. A GGUF header holds the
whole vocabulary; of long lists only their length is kept, and a digest of the tokenizer's part.
"""

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from typing import NamedTuple

from storage.contents import Folder

SAFETENSORS_AT_ONCE = 100_000  # bytes: the headers of nearly all models
GGUF_AT_ONCE = 1 << 22  # bytes: the vocabulary of most models
GGUF_GROWTH = 4  # times as many bytes at each further try
GGUF_LARGEST = 1 << 28  # bytes: a header beyond this is damaged; 260 thousand tokens take 15 MB
GGUF_VERSIONS = (2, 3)
# Formats of GGUF's value types; 8 is a string and 9 a list.
GGUF_VALUES = ("<B", "<b", "<H", "<h", "<I", "<i", "<f", "<?", "", "", "<Q", "<q", "<d")
GGUF_STRING, GGUF_LIST = 8, 9


class HeaderError(ValueError):
    """A header that does not read: of which file, and why."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file, self.reason = file, reason


class GgufHeader(NamedTuple):
    """The header of a GGUF file."""

    metadata: Mapping[str, object]  # a list is its length
    sizes: Mapping[str, int]  # values of each tensor
    tokenizer: str  # digest of the tokenizer's metadata


def safetensors_sizes(folder: Folder, name: str) -> dict[str, int]:
    """Number of values of each tensor in a safetensors file. Raises HeaderError."""
    where, size = f"{folder.title}/{name}", folder.size(name)
    start = folder.beginning(name, SAFETENSORS_AT_ONCE)
    length = int.from_bytes(start[:8], "little")
    if size < 8 + length:
        raise HeaderError(where, "the file is cut off")
    if len(start) < 8 + length:
        start = folder.beginning(name, 8 + length)
    try:
        tensors = json.loads(start[8 : 8 + length])
        tensors.pop("__metadata__", None)
        last = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
        sizes = {key: math.prod(tensor["shape"]) for key, tensor in tensors.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HeaderError(where, "it is no safetensors file") from error
    if size != 8 + length + last:
        raise HeaderError(where, "the file is cut off")
    return sizes


def gguf_header(folder: Folder, name: str) -> GgufHeader:
    """The header of a GGUF file. Raises HeaderError."""
    where, size = f"{folder.title}/{name}", GGUF_AT_ONCE
    while True:
        try:
            return _parsed(folder.beginning(name, size))
        except _CutOffError:
            if size >= min(folder.size(name), GGUF_LARGEST):
                raise HeaderError(where, "the file is cut off") from None
        except ValueError as error:
            raise HeaderError(where, "it is no GGUF file of version 2 or 3") from error
        size *= GGUF_GROWTH


class _CutOffError(Exception):
    """The bytes end inside the header."""


class _Cursor:
    """Bytes read from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self._content):
            raise _CutOffError

    def since(self, start: int) -> bytes:
        return self._content[start : self.at]

    def number(self, form: str) -> int:
        start = self.at
        self.skip(struct.calcsize(form))
        (value,) = struct.unpack_from(form, self._content, start)
        return value  # type: ignore[no-any-return]

    def string(self) -> str:
        length = self.number("<Q")
        start = self.at
        self.skip(length)
        return self.since(start).decode()


def _parsed(content: bytes) -> GgufHeader:
    cursor = _Cursor(content)
    cursor.skip(4)
    if cursor.since(0) != b"GGUF" or cursor.number("<I") not in GGUF_VERSIONS:
        raise ValueError("GGUF was expected")
    tensors, entries = cursor.number("<Q"), cursor.number("<Q")
    metadata: dict[str, object] = {}
    spelled: dict[str, bytes] = {}
    for _ in range(entries):
        key, start = cursor.string(), cursor.at
        metadata[key] = _value(cursor, cursor.number("<I"))
        spelled[key] = cursor.since(start)
    sizes = dict(_tensor(cursor) for _ in range(tensors))
    return GgufHeader(metadata, sizes, _tokenizer_digest(spelled))


def _value(cursor: _Cursor, kind: int) -> object:
    if kind == GGUF_STRING:
        return cursor.string()
    if kind == GGUF_LIST:
        inner, count = cursor.number("<I"), cursor.number("<Q")
        if inner in (GGUF_STRING, GGUF_LIST):
            for _ in range(count):
                _value(cursor, inner)
        else:
            cursor.skip(count * struct.calcsize(_form(inner)))
        return count
    return cursor.number(_form(kind))


def _form(kind: int) -> str:
    if kind >= len(GGUF_VALUES):
        raise ValueError(f"a type of value up to {len(GGUF_VALUES)} was expected: {kind}")
    return GGUF_VALUES[kind]


def _tensor(cursor: _Cursor) -> tuple[str, int]:
    name = cursor.string()
    shape = [cursor.number("<Q") for _ in range(cursor.number("<I"))]
    cursor.skip(12)  # its type and its place
    return name, math.prod(shape)


def _tokenizer_digest(spelled: Mapping[str, bytes]) -> str:
    # The architecture is part of it: it decides how spaces in front are spelled.
    digest = hashlib.sha256()
    for key in sorted(spelled):
        if key.startswith("tokenizer.") or key == "general.architecture":
            digest.update(key.encode() + b"\0" + hashlib.sha256(spelled[key]).digest())
    return digest.hexdigest()
