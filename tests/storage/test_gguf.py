"""Models in one GGUF file: the same facts, network and tokenizer as their safetensors copy."""

import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf_files import (
    CONTEXT,
    CONTROLS,
    END_ID,
    TOKENS,
    WIDTH,
    add_sentence_pieces,
    byte_tokenizer,
    small_llama,
    write_gguf,
)

from calibration.deriving import ModelFacts
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.language import Batch
from calibration.engine.scoring import Text, score
from calibration.errors import ModelError
from calibration.study import ModelEntry
from storage.contents import file_digest
from storage.loading import load_network
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint, checkpoint, model_facts, tokenizer_checkpoint

EMBEDDED = 2 * len(TOKENS) * WIDTH
TEXTS = ["the weather, then <the> end", "Grüße\n\n  日本語 😀", "\t\x00 the"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model twice: as a GGUF file and as safetensors."""
    root = tmp_path_factory.mktemp("gguf")
    model = small_llama()
    write_gguf(root / "one/m.gguf", model)
    model.save_pretrained(root / "copy")
    byte_tokenizer().save_pretrained(root / "copy")
    return root


def entry(path: Path | str, **labels: object) -> ModelEntry:
    values = {"name": "small", "family": "llamas", "path": str(path)} | labels
    return ModelEntry.model_validate(values)


def facts(path: Path | str, root: Path = Path("nowhere"), **labels: object) -> ModelFacts:
    return model_facts(entry(path, **labels), root)


def sentence(path: Path, **labels: object) -> str:
    with pytest.raises(ModelError) as caught:
        facts(path, **labels)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_facts_are_those_of_the_safetensors_copy(files: Path) -> None:
    found, copy = facts(files / "one"), facts(files / "copy")
    assert found.parameters == copy.parameters == sum(p.numel() for p in small_llama().parameters())
    assert found.non_embedding_parameters == copy.non_embedding_parameters
    assert found.parameters - found.non_embedding_parameters == EMBEDDED
    assert (found.vocabulary, found.context) == (len(TOKENS), CONTEXT)
    assert (found.end_ids, found.text_end) == ((END_ID,), END_ID)


def test_identity_is_the_content_of_the_file_however_it_is_named(
    files: Path, tmp_path: Path
) -> None:
    path = files / "one/m.gguf"
    found = facts(files / "one")
    assert found.identity.weights == file_digest(path)
    assert facts(path) == facts(files / "one", file="m.gguf") == facts("one", files) == found
    shutil.copy(path, tmp_path / "other.gguf")
    assert facts(tmp_path) == found
    assert checkpoint(entry("one/m.gguf"), files) == Checkpoint(str(files / "one"), "m.gguf")
    assert tokenizer_checkpoint(entry("one"), files) == checkpoint(entry("one"), files)


def test_files_that_share_a_tokenizer_share_its_identity(files: Path, tmp_path: Path) -> None:
    other = facts(write_gguf(tmp_path / "other.gguf", small_llama(1)))
    assert other.identity != facts(files / "one").identity
    assert other.tokenizer == facts(files / "one").tokenizer
    changed = {"tokenizer__ggml__unknown_token_id": 7}
    again = facts(write_gguf(tmp_path / "again.gguf", small_llama(1), **changed))
    assert again.tokenizer != other.tokenizer


def test_what_ends_a_turn_ends_too_but_is_not_the_end_of_a_text(tmp_path: Path) -> None:
    extra = {"tokenizer__ggml__eot_token_id": 1, "tokenizer__ggml__eom_token_id": 9_999}
    found = facts(write_gguf(tmp_path / "m.gguf", small_llama(), **extra))
    assert (found.end_ids, found.text_end) == ((0, 1), END_ID)


def test_a_gguf_and_its_safetensors_copy_measure_the_same(files: Path) -> None:
    generator = np.random.default_rng(0)
    texts = [
        Text(ids[:4].tolist(), ids[4:].tolist()) for ids in generator.integers(2, 200, (3, 40))
    ]
    scored = []
    for where in (Checkpoint(str(files / "one"), "m.gguf"), Checkpoint(str(files / "copy"))):
        network = load_network(where, precision="float32")
        assert network.context == CONTEXT
        ending = Ending("continue", (END_ID,))
        scored.append(score(network, texts, decodings=[Decoding()], ending=ending)[0])
    for one, other in zip(*scored, strict=True):
        np.testing.assert_allclose(one.log_loss, other.log_loss, atol=1e-5)
        np.testing.assert_allclose(one.entropy, other.entropy, atol=1e-5)


def test_a_gguf_spells_ids_and_bytes_as_its_tokenizer_does(files: Path) -> None:
    found = read_vocabulary(Checkpoint(str(files / "one"), "m.gguf"))
    copy = read_vocabulary(Checkpoint(str(files / "copy")))
    assert len(found) == len(copy) == len(TOKENS)
    assert [found.token(index) for index in range(len(found))] == [
        copy.token(index) for index in range(len(copy))
    ]
    for text in TEXTS:
        assert found.encode(text) == copy.encode(text)
        assert found.decode(found.encode(text)) == text.encode()
    assert [found.token(index) for index in range(len(CONTROLS))] == [b"", b""]
    assert len(found.encode(" the")) == 1


def test_sentence_pieces_begin_once_and_spell_bytes(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", small_llama(), tokenizer=add_sentence_pieces)
    found = read_vocabulary(Checkpoint(str(tmp_path), "m.gguf"))
    for text in ("the heat", "Grüße\n\n日本語 😀"):
        ids = found.encode(text)
        assert (ids[0], ids.count(1), ids[1:]) == (1, 1, found.encode_plain(text))
        assert found.decode(ids) == f" {text}".encode()
    assert [found.token(index) for index in (0, 1, 2)] == [b""] * 3
    assert [found.token(3 + byte) for byte in range(256)] == [bytes([byte]) for byte in range(256)]
    assert found.token(259) == b" the"


def test_the_tokenizer_is_the_files_own_whatever_lies_beside_it(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(files / "copy", tmp_path / "both")
    stale = (tmp_path / "both/tokenizer.json").read_text().replace('"Ġt"', '"Ġt0"')
    (tmp_path / "both/tokenizer.json").write_text(stale)
    shutil.copy(files / "one/m.gguf", tmp_path / "both")
    write_gguf(tmp_path / "m.gguf", small_llama(9))  # the same name in the working directory
    monkeypatch.chdir(tmp_path)
    where = checkpoint(entry("both", file="m.gguf"), Path())
    assert facts(tmp_path / "both", file="m.gguf") == facts(files / "one")
    assert len(read_vocabulary(where).encode(" the")) == 1
    ids = Batch(torch.arange(2, 30).unsqueeze(0), None)
    with torch.inference_mode():
        network = load_network(where, precision="float32")
        ours = network.logits(network.states(ids))
        own = small_llama()(ids.ids).logits
    torch.testing.assert_close(ours, own, atol=1e-5, rtol=1e-5)


def test_precision_is_what_was_asked_and_logits_stay_in_32_bits(files: Path) -> None:
    network = load_network(Checkpoint(str(files / "one"), "m.gguf"), precision="bfloat16")
    with torch.inference_mode():
        states = network.states(Batch(torch.arange(2, 30).unsqueeze(0), None))
        assert states.dtype == torch.bfloat16
        assert network.logits(states).dtype == torch.float32


def test_loading_says_nothing(files: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_network(Checkpoint(str(files / "one"), "m.gguf"), precision="float32")
    read_vocabulary(Checkpoint(str(files / "one"), "m.gguf"))
    assert capfd.readouterr() == ("", "")


def test_several_files_need_a_name_and_a_name_must_be_there(files: Path, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        os.link(files / "one/m.gguf", tmp_path / name)
    assert sentence(tmp_path) == (
        f"model 'small': one model was expected in {tmp_path}, found a.gguf, b.gguf: name one of "
        "them with `file`"
    )
    assert facts(tmp_path, file="b.gguf") == facts(files / "one")
    assert sentence(tmp_path, file="c.gguf") == (
        f"model 'small': a GGUF file 'c.gguf' was expected in {tmp_path}, found a.gguf, b.gguf: "
        "mend `file`, or `path` where that names it"
    )
    assert "'README.md' was expected" in sentence(tmp_path, file="README.md")


def test_safetensors_come_before_a_gguf_that_is_not_named(files: Path, tmp_path: Path) -> None:
    shutil.copytree(files / "copy", tmp_path / "both")
    shutil.copy(files / "one/m.gguf", tmp_path / "both")
    assert facts(tmp_path / "both") == facts(files / "copy")


def test_an_architecture_that_is_not_loaded_from_gguf_is_a_sentence(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", small_llama(), architecture="strange")
    assert sentence(path) == (
        "model 'small': a GGUF file that transformers loads was expected, found the architecture "
        f"'strange' in {path}: use the model's safetensors instead"
    )


def test_one_part_of_several_is_a_sentence(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", small_llama(), split__count=3)
    assert f"found one of 3 parts in {path}: join them with" in sentence(path)


@pytest.mark.parametrize("length", [0, 3, 20, 1000])
def test_a_file_that_is_cut_off_is_a_sentence(files: Path, tmp_path: Path, length: int) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes((files / "one/m.gguf").read_bytes()[:length])
    assert sentence(path) == (
        f"model 'small': weights were expected in {path}, but the header does not read (the file "
        "is cut off): copy the file again"
    )


@pytest.mark.parametrize("start", [b"GGML" * 8, b"GGUF" + struct.pack("<IQQ", 1, 0, 0) + b" " * 99])
def test_another_file_by_that_name_is_a_sentence(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(start)
    assert "(it is no GGUF file of version 2 or 3)" in sentence(tmp_path / "m.gguf")
