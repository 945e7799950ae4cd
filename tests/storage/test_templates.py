"""The identity of a chat template: its text and the day it is told, wherever it is written."""

import json
from pathlib import Path

import pytest
from gguf import GGUFWriter
from gguf_files import add_byte_level, small_llama, write_gguf
from markov import chain, write_checkpoint
from small_tokenizers import LLAMA3, QWEN, qwen

from calibration.deriving import ModelFacts
from calibration.study import ModelEntry
from storage.contents import LocalFolder
from storage.templates import template_digest, template_in
from storage.vocabulary import read_vocabulary
from storage.weights import SMALL_FILES, Checkpoint, model_facts


def facts(path: Path) -> ModelFacts:
    entry = ModelEntry.model_validate({"name": "small", "family": "chains", "path": str(path)})
    return model_facts(entry, Path("nowhere"))


def settings(directory: Path, template: object) -> None:
    directory.mkdir(exist_ok=True)
    (directory / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (QWEN, QWEN),
        ([{"name": "tool_use", "template": "x"}, {"name": "default", "template": QWEN}], QWEN),
        ([{"name": "tool_use", "template": "x"}], None),
        (None, None),
        (3, None),
    ],
)
def test_a_template_is_read_from_the_settings(
    tmp_path: Path, written: object, found: str | None
) -> None:
    settings(tmp_path, written)
    assert template_in(LocalFolder(tmp_path)) == found


def test_a_file_of_its_own_comes_before_the_settings(tmp_path: Path) -> None:
    settings(tmp_path, "other")
    (tmp_path / "chat_template.jinja").write_text(QWEN)
    assert template_in(LocalFolder(tmp_path)) == QWEN


@pytest.mark.parametrize("in_settings", [True, False])
def test_the_template_that_is_identified_is_the_one_that_is_used(
    tmp_path: Path, in_settings: bool
) -> None:
    qwen().save_pretrained(tmp_path)
    if in_settings:
        (tmp_path / "chat_template.jinja").unlink()
        written = json.loads((tmp_path / "tokenizer_config.json").read_text())
        written["chat_template"] = [{"name": "default", "template": LLAMA3}]
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(written))
    expected = LLAMA3 if in_settings else QWEN
    assert template_in(LocalFolder(tmp_path)) == expected
    told = "Today Date: 26 Jul 2024" if in_settings else "You are a helpful assistant."
    assert told in read_vocabulary(Checkpoint(str(tmp_path))).rendered("hello")


def test_templates_differ_by_their_text_and_a_missing_one_has_no_identity(tmp_path: Path) -> None:
    assert template_digest(None) is None
    assert template_digest(QWEN) == template_digest(QWEN)
    assert template_digest(QWEN) != template_digest(LLAMA3)
    assert template_in(LocalFolder(tmp_path)) is None


def test_a_template_is_a_fact_of_a_model_and_no_part_of_its_tokenizer(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "m", chain(0))
    before = facts(tmp_path / "m")
    assert before.chat_template is None
    (tmp_path / "m" / "chat_template.jinja").write_text(QWEN)
    after = facts(tmp_path / "m")
    assert after.chat_template == template_digest(QWEN)
    assert (after.tokenizer, after.identity) == (before.tokenizer, before.identity)
    assert "chat_template.jinja" in SMALL_FILES


def test_a_gguf_file_states_its_template(tmp_path: Path) -> None:
    def spoken(writer: GGUFWriter) -> None:
        add_byte_level(writer)
        writer.add_chat_template(QWEN)

    found = write_gguf(tmp_path / "m.gguf", small_llama(), tokenizer=spoken)
    plain = write_gguf(tmp_path / "plain.gguf", small_llama())
    assert facts(found).chat_template == template_digest(QWEN)
    assert facts(plain).chat_template is None
    read = read_vocabulary(Checkpoint(str(tmp_path), "m.gguf")).rendered("hello")
    assert read.endswith("<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n")
