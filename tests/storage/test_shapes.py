"""The sizes of a model from its configuration: no weights are read."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gguf_files import CONTEXT, HEADS, KEY_HEADS, LAYERS, TOKENS, WIDTH, small_llama, write_gguf
from hub_server import Hub, served
from transformers import AutoConfig, AutoModelForCausalLM

from calibration.errors import ModelError
from calibration.study import ModelEntry, Shape
from storage.shapes import known_sizes, read_sizes

STATED = Shape(parameters=70, layers=2, width=8, key_value_width=4, vocabulary=10, context=64)
SMALL: dict[str, Any] = {
    "vocab_size": 48,
    "hidden_size": 32,
    "intermediate_size": 56,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
}


def entry(path: Path | str, **labels: object) -> ModelEntry:
    values = {"name": "m", "family": "f", "path": str(path)} | labels
    return ModelEntry.model_validate(values)


def configured(directory: Path, **settings: object) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "config.json").write_text(json.dumps(settings))
    return directory


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("llama", {"num_key_value_heads": 2, "tie_word_embeddings": True}),
        ("llama", {"attention_bias": True, "mlp_bias": True, "num_key_value_heads": 4}),
        ("llama", {"head_dim": 16, "num_key_value_heads": 1}),
        ("mistral", {"num_key_value_heads": 2}),
        ("qwen2", {"num_key_value_heads": 2, "tie_word_embeddings": True}),
        ("qwen2", {"num_key_value_heads": 4}),
        ("qwen3", {"num_key_value_heads": 2, "head_dim": 8}),
        ("gpt_neox", {}),
        ("gpt_neox", {"attention_bias": False}),
    ],
)
def test_parameters_are_counted_from_the_configuration_alone(
    family: str, settings: dict[str, object], tmp_path: Path
) -> None:
    config = AutoConfig.for_model(family, **SMALL, **settings)
    model = AutoModelForCausalLM.from_config(config)
    config.save_pretrained(tmp_path)
    found = read_sizes(entry(tmp_path), Path())
    assert found.shape.parameters == model.num_parameters()
    assert found.shape.tied == bool(config.tie_word_embeddings)
    assert (found.shape.layers, found.shape.width, found.shape.vocabulary) == (3, 32, 48)
    assert found.fetched == 0


def test_keys_are_as_wide_as_their_heads_together(tmp_path: Path) -> None:
    path = configured(tmp_path, model_type="llama", **SMALL, num_key_value_heads=2, head_dim=16)
    assert read_sizes(entry(path), Path()).shape.key_value_width == 2 * 16


def test_other_families_are_counted_from_the_headers_of_their_weights(tmp_path: Path) -> None:
    config = AutoConfig.for_model("gpt2", vocab_size=48, n_embd=32, n_layer=2, n_head=4, n_ctx=64)
    model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    found = read_sizes(entry(tmp_path), Path()).shape
    assert found.parameters == model.num_parameters()
    assert (found.layers, found.width, found.key_value_width, found.tied) == (2, 32, 32, True)


def test_a_gguf_file_says_the_same_of_its_model(tmp_path: Path) -> None:
    model = small_llama()
    write_gguf(tmp_path / "m.gguf", model)
    for place in (tmp_path, tmp_path / "m.gguf"):
        found = read_sizes(entry(place), Path()).shape
        assert found == Shape(
            parameters=model.num_parameters(),
            layers=LAYERS,
            width=WIDTH,
            key_value_width=KEY_HEADS * WIDTH // HEADS,
            vocabulary=len(TOKENS),
            context=CONTEXT,
        )


def test_a_network_without_attention_is_a_sentence(tmp_path: Path) -> None:
    path = configured(tmp_path, model_type="mamba", hidden_size=32, num_hidden_layers=2)
    with pytest.raises(ModelError, match="network of attention layers was expected"):
        read_sizes(entry(path), Path())


@pytest.mark.parametrize("content", ["{", "[]", "7"])
def test_a_configuration_that_does_not_read_is_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match="a JSON object was expected"):
        read_sizes(entry(tmp_path), Path())


def test_what_cannot_be_read_is_as_large_as_the_study_says(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    found = known_sizes(entry(missing, shape=STATED.model_dump()), Path())
    assert found.sizes is not None
    assert (found.sizes.shape, found.sizes.fetched) == (STATED, 0)
    assert "no config.json" in str(found.fault)
    unknown = known_sizes(entry(missing), Path())
    assert unknown.sizes is None
    assert "nowhere" in str(unknown.fault)


def test_what_can_be_read_comes_before_what_the_study_says(tmp_path: Path) -> None:
    path = configured(tmp_path, model_type="llama", **SMALL)
    found = known_sizes(entry(path, shape=STATED.model_dump()), Path())
    assert found.fault is None
    assert found.sizes is not None
    assert found.sizes.shape.layers == 3


# huggingface_hub reads its settings when it is imported, so each hub is asked by a process.
PROGRAM = """
import json, sys
from pathlib import Path
from calibration.study import ModelEntry
from storage.shapes import known_sizes

found = []
for labels in json.load(sys.stdin):
    sizes, fault = known_sizes(ModelEntry(name="m", family="f", **labels), Path())
    said = None if sizes is None else [sizes.shape.model_dump(), sizes.fetched]
    found.append([said, fault and str(fault)])
json.dump(found, sys.stdout)
"""
ROOT = Path(__file__).parents[2]


def asked(home: Path, address: str, *entries: dict[str, object]) -> list[Any]:
    """Sizes and faults, in a process with this hub and an empty cache."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": address, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(entries),
        env=clean | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(ended.stdout))


def test_of_a_hub_the_configuration_is_fetched_and_nothing_else(tmp_path: Path) -> None:
    model, directory = small_llama(), tmp_path / "repository"
    model.save_pretrained(directory)
    (directory / "consolidated.safetensors").write_bytes(b"a copy")
    (directory / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    weights = (directory / "model.safetensors").stat().st_size
    hub = Hub({"owner/model": directory, "owner/gated": directory}, gated=("owner/gated",))
    with served(hub) as address:
        stated = {"hub": "owner/gated", "shape": STATED.model_dump()}
        open_one, gated, nowhere = asked(
            tmp_path / "home", address, {"hub": "owner/model"}, stated, {"hub": "owner/gated"}
        )
    assert open_one[0] == [read_sizes(entry(directory), Path()).shape.model_dump(), weights]
    assert hub.fetched() <= {"config.json", ".gitattributes"}
    assert gated[0] == [STATED.model_dump(), 2 * STATED.parameters]
    assert "gated" in gated[1]
    assert nowhere[0] is None
    assert nowhere[1] == gated[1]
