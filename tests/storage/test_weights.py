"""A model's directory: its identity by content, its sizes, and one sentence for what is wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markov import CONTEXT, END_ID, LETTERS, chain, write_checkpoint
from safetensors.numpy import load_file, save_file

from calibration.deriving import ModelFacts
from calibration.errors import ModelError
from calibration.study import ModelEntry
from storage.spelling import ids_in
from storage.weights import Checkpoint, checkpoint, model_facts

WIDTH = len(LETTERS) + 1
EMBEDDED = 2 * WIDTH**2  # embeddings and head
COUNTED = EMBEDDED + 7 * WIDTH**2 + 3 * WIDTH  # attention, feed-forward and three norms


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models") / "m"
    write_checkpoint(directory, chain(0))
    return directory


@pytest.fixture
def model(chains: Path, tmp_path: Path) -> Path:
    """A checkpoint to spoil."""
    shutil.copytree(chains, tmp_path / "m")
    return tmp_path / "m"


def entry(path: Path, **labels: object) -> ModelEntry:
    values = {"name": "small", "family": "chains", "path": str(path)} | labels
    return ModelEntry.model_validate(values)


def facts(path: Path, **labels: object) -> ModelFacts:
    return model_facts(entry(path, **labels), Path("nowhere"))


def sentence(path: Path, **labels: object) -> str:
    with pytest.raises(ModelError) as caught:
        facts(path, **labels)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_parameters_are_counted_from_the_weights_with_and_without_embeddings(model: Path) -> None:
    found = facts(model)
    assert found.parameters == COUNTED
    assert found.non_embedding_parameters == COUNTED - EMBEDDED


def test_a_stated_size_stands_for_the_count(model: Path) -> None:
    found = facts(model, parameters=12)
    assert found.parameters == 12
    assert found.non_embedding_parameters == COUNTED - EMBEDDED
    assert found.identity == facts(model).identity


def test_a_tied_head_that_was_saved_is_counted_once(model: Path) -> None:
    tensors = load_file(model / "model.safetensors")
    (embedding,) = [one for name, one in tensors.items() if "embed" in name]
    save_file(tensors | {"lm_head.weight": embedding.copy()}, model / "model.safetensors")
    rewrite(model / "config.json", lambda config: config.update(tie_word_embeddings=True))
    assert facts(model).parameters == COUNTED - (EMBEDDED - embedding.size)
    rewrite(model / "config.json", lambda config: config.update(tie_word_embeddings=False))
    assert facts(model).parameters == COUNTED - EMBEDDED + 2 * embedding.size


def test_masks_and_frequencies_are_no_parameters(model: Path) -> None:
    tensors = load_file(model / "model.safetensors")
    constants = {
        "h.0.attn.bias": (1, 1, 4, 4),
        "layers.0.attention.bias": (1, 1, 4, 4),
        "layers.0.attention.masked_bias": (),
        "layers.0.attention.rotary_emb.inv_freq": (4,),
    }
    parameters = {"h.0.attn.c_attn.bias": (6,), "layers.0.attention.dense.bias": (5,)}
    extra = {name: np.zeros(shape) for name, shape in (constants | parameters).items()}
    save_file(tensors | extra, model / "model.safetensors")
    assert facts(model).parameters == COUNTED + 6 + 5


def test_context_vocabulary_and_end_ids_come_from_the_configuration(model: Path) -> None:
    found = facts(model)
    assert (found.context, found.vocabulary, found.end_ids) == (CONTEXT, WIDTH, (END_ID,))


def test_end_ids_of_both_files_are_joined_and_unreachable_ones_dropped(model: Path) -> None:
    rewrite(model / "config.json", lambda config: config.update(eos_token_id=[5, -1, WIDTH]))
    rewrite(model / "generation_config.json", lambda config: config.update(eos_token_id=[2, 5]))
    assert facts(model).end_ids == (2, 5)
    assert facts(model).text_end == 5
    (model / "generation_config.json").unlink()
    assert facts(model).end_ids == (5,)
    rewrite(model / "config.json", lambda config: config.update(eos_token_id=None))
    assert (facts(model).end_ids, facts(model).text_end) == ((), None)


def test_a_model_without_a_stated_context_has_none(model: Path) -> None:
    rewrite(model / "config.json", lambda config: config.pop("max_position_embeddings"))
    assert facts(model).context is None
    rewrite(model / "config.json", lambda config: config.update(n_positions=99))
    assert facts(model).context == 99


def test_settings_of_the_text_part_are_found_one_level_down(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    text = {"vocab_size": config.pop("vocab_size"), "max_position_embeddings": 33}
    (model / "config.json").write_text(json.dumps(config | {"text_config": text}))
    assert (facts(model).vocabulary, facts(model).context) == (WIDTH, 33)


def test_a_copy_elsewhere_is_the_same_model(chains: Path, model: Path) -> None:
    assert facts(model) == facts(chains)
    assert facts(model, name="other", family="others") == facts(chains)
    relative = entry(Path("m"))
    assert model_facts(relative, model.parent) == facts(chains)
    assert checkpoint(relative, model.parent) == Checkpoint(str(model))


def test_precision_is_identity(model: Path) -> None:
    identities = {facts(model, precision=one).identity for one in ("float32", "bfloat16")}
    assert len(identities) == 2
    assert len({one.weights for one in identities}) == 1


def test_other_weights_and_another_configuration_are_other_models(model: Path) -> None:
    before = facts(model)
    rewrite(model / "config.json", lambda config: config.update(rms_norm_eps=1e-3))
    configured = facts(model)
    tensors = load_file(model / "model.safetensors")
    tensors["lm_head.weight"][0, 0] += 1
    save_file(tensors, model / "model.safetensors")
    assert len({before.identity, configured.identity, facts(model).identity}) == 3
    assert facts(model).tokenizer == before.tokenizer


def test_what_lies_beside_a_model_is_no_identity(model: Path) -> None:
    before = facts(model)
    (model / "README.md").write_text("a model")
    save_file({"again": np.zeros(9)}, model / "consolidated.safetensors")
    assert facts(model) == before


def test_models_that_share_tokenizer_files_share_a_tokenizer(model: Path, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "other", chain(1))
    assert facts(tmp_path / "other").identity != facts(model).identity
    assert facts(tmp_path / "other").tokenizer == facts(model).tokenizer
    rewrite(tmp_path / "other/tokenizer_config.json", lambda config: config.update(eos_token="a"))
    assert facts(tmp_path / "other").tokenizer != facts(model).tokenizer


def test_weights_in_several_files_are_one_model(model: Path) -> None:
    tensors = load_file(model / "model.safetensors")
    halves = {f"model-{n}.safetensors": dict(list(tensors.items())[n::2]) for n in (0, 1)}
    for name, half in halves.items():
        save_file(half, model / name)
    (model / "model.safetensors").unlink()
    weight_map = {key: name for name, half in halves.items() for key in half}
    index = model / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    assert facts(model).parameters == COUNTED
    (model / "model-1.safetensors").unlink()
    assert "found no model-1.safetensors: copy it there" in sentence(model)


def test_whole_weights_come_before_an_index_that_lies_beside_them(model: Path) -> None:
    index = model / "model.safetensors.index.json"
    before = facts(model)
    index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors"}}))
    assert facts(model) == before


def test_a_tokenizer_is_its_own_file_whatever_vocabulary_lies_beside_it(model: Path) -> None:
    before = facts(model).tokenizer
    (model / "vocab.json").write_text("{}")
    assert facts(model).tokenizer == before
    (model / "tokenizer.json").unlink()
    assert facts(model).tokenizer != before


def test_a_missing_directory_is_a_sentence(tmp_path: Path) -> None:
    assert sentence(tmp_path / "none") == (
        "model 'small': a directory with config.json and safetensors, or a GGUF file, was expected "
        f"at {tmp_path / 'none'}, found no such directory: mend `path` (relative to the study's "
        "`root`)"
    )
    (tmp_path / "README.md").write_text("a model")
    assert "found neither: mend `path`" in sentence(tmp_path)


def test_a_directory_without_safetensors_is_a_sentence(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    assert sentence(model) == (
        f"model 'small': safetensors were expected in {model}, found no model.safetensors but "
        "pytorch_model.bin, which is pickled and never loaded: copy it there, or convert the "
        "weights with `model.save_pretrained`"
    )


@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff"])
def test_broken_settings_are_a_sentence(model: Path, name: str, content: bytes) -> None:
    (model / name).write_bytes(content)
    said = sentence(model)
    assert said.startswith(f"{model / name}: a JSON object was expected, found ")
    assert said.endswith(
        ": copy the file again, or save the model there with `model.save_pretrained`"
    )


@pytest.mark.parametrize("size", [None, 0, "many"])
def test_a_configuration_without_a_vocabulary_is_a_sentence(model: Path, size: object) -> None:
    rewrite(model / "config.json", lambda config: config.update(vocab_size=size))
    assert f"`vocab_size` was expected to be a whole number above 0, found {size!r}: save" in (
        sentence(model)
    )


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_truncated_safetensors_are_a_sentence(model: Path, length: int) -> None:
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    said = sentence(model)
    assert said.startswith(
        f"model 'small': weights were expected in {path}, but the header does not read ("
    )
    assert said.endswith("): copy the file again")


def test_a_model_without_a_tokenizer_is_a_sentence(model: Path) -> None:
    (model / "tokenizer.json").unlink()
    assert sentence(model) == (
        f"model 'small': a tokenizer was expected beside the weights in {model}, found none: save "
        "one there with `tokenizer.save_pretrained`"
    )


def test_a_tokenizer_of_more_ids_than_the_network_has_is_a_sentence(model: Path) -> None:
    rewrite(model / "config.json", lambda config: config.update(vocab_size=WIDTH - 1))
    assert sentence(model) == (
        f"model 'small': a tokenizer of at most {WIDTH - 1} ids was expected, as many as "
        f"`vocab_size` in config.json says, found {WIDTH} in {model}/tokenizer.json: use the "
        "tokenizer that the model was trained with, or the model that has these ids"
    )


def test_a_network_of_more_ids_than_its_tokenizer_is_usual(model: Path) -> None:
    rewrite(model / "config.json", lambda config: config.update(vocab_size=WIDTH + 7))
    assert facts(model).vocabulary == WIDTH + 7


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ({"model": {"vocab": {"a": 0, "b": 5}}}, 6),
        ({"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 9, "content": "<s>"}]}, 10),
        ({"model": {"vocab": [["a", -1.0], ["b", -2.0]]}}, 2),
        ({"model": {"vocab": {}}}, 0),
        ({"model": {}}, 0),
        ([], 0),
        ("text", 0),
    ],
)
def test_the_ids_of_a_tokenizer_are_counted_in_its_file(
    tmp_path: Path, content: object, ids: int
) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    assert ids_in(tmp_path / "tokenizer.json") == ids


def test_ids_that_cannot_be_told_are_left_to_the_measurement(model: Path) -> None:
    (model / "tokenizer.json").write_text("{")
    assert facts(model).vocabulary == WIDTH
