"""Headers of weight files: all that is read is their beginning, however long it is."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from gguf_files import small_llama, write_gguf
from safetensors.numpy import save_file

import storage.headers
from storage.contents import LocalFolder
from storage.headers import HeaderError, gguf_header, safetensors_sizes


class Counting(LocalFolder):
    """A folder that remembers how many bytes were asked for."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.asked: list[int] = []

    def beginning(self, name: str, size: int) -> bytes:
        self.asked.append(size)
        return super().beginning(name, size)


@pytest.fixture
def folder(tmp_path: Path) -> Counting:
    tensors = {"a": np.zeros((3, 4)), "b": np.zeros(5, np.float16), "scalar": np.float32(1)}
    save_file({key: np.asarray(one) for key, one in tensors.items()}, tmp_path / "m.safetensors")
    write_gguf(tmp_path / "m.gguf", small_llama())
    return Counting(tmp_path)


def spoiled(folder: Counting, header: object, *, data: int = 0) -> str:
    content = json.dumps(header).encode()
    raw = struct.pack("<Q", len(content)) + content + bytes(data)
    (folder.place("m.safetensors")).write_bytes(raw)
    with pytest.raises(HeaderError) as caught:
        safetensors_sizes(folder, "m.safetensors")
    assert caught.value.file == f"{folder.title}/m.safetensors"
    return caught.value.reason


def test_sizes_are_the_products_of_the_shapes(folder: Counting) -> None:
    assert safetensors_sizes(folder, "m.safetensors") == {"a": 12, "b": 5, "scalar": 1}


def test_a_longer_header_is_asked_for_once_more(
    folder: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = safetensors_sizes(folder, "m.safetensors")
    monkeypatch.setattr(storage.headers, "SAFETENSORS_AT_ONCE", 20)
    folder.asked.clear()
    assert safetensors_sizes(folder, "m.safetensors") == whole
    assert len(folder.asked) == 2
    assert folder.asked[1] < folder.size("m.safetensors")


def test_what_is_no_safetensors_header_says_so(folder: Counting) -> None:
    assert spoiled(folder, [1]) == "it is no safetensors file"
    assert spoiled(folder, {"a": 3}) == "it is no safetensors file"
    assert spoiled(folder, {"a": {"shape": [1]}}) == "it is no safetensors file"
    one = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    assert spoiled(folder, one, data=3) == "the file is cut off"
    assert spoiled(folder, one, data=5) == "the file is cut off"


def test_a_gguf_header_is_read_in_growing_beginnings(
    folder: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gguf_header(folder, "m.gguf")
    assert len(folder.asked) == 1
    monkeypatch.setattr(storage.headers, "GGUF_AT_ONCE", 16)
    folder.asked.clear()
    assert gguf_header(folder, "m.gguf") == whole
    assert folder.asked == [16 * 4**power for power in range(len(folder.asked))]
    assert folder.asked[-1] < folder.size("m.gguf")


def test_a_gguf_header_holds_settings_lengths_of_lists_and_sizes(folder: Counting) -> None:
    model = small_llama()
    found = gguf_header(folder, "m.gguf")
    assert found.metadata["general.architecture"] == "llama"
    assert found.metadata["llama.rope.freq_base"] == 10_000.0
    assert found.metadata["tokenizer.ggml.tokens"] == model.config.vocab_size
    assert sum(found.sizes.values()) == sum(one.numel() for one in model.parameters())


def test_a_damaged_count_ends_instead_of_reading_on(
    folder: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.headers, "GGUF_LARGEST", 64)
    monkeypatch.setattr(storage.headers, "GGUF_AT_ONCE", 16)
    with pytest.raises(HeaderError, match="cut off"):
        gguf_header(folder, "m.gguf")
    assert max(folder.asked) <= 64
