"""Models as a stranger could upload them: nothing that comes with one runs or is unpickled."""

import json
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf_files import byte_tokenizer, small_llama
from safetensors.torch import save_file

from calibration.errors import ModelError
from calibration.study import ModelEntry
from storage.loading import load_network
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint, checkpoint, model_facts

KINDS = (
    "AutoConfig",
    "AutoModel",
    "AutoModelForCausalLM",
    "AutoTokenizer",
    "AutoProcessor",
    "AutoImageProcessor",
)


class Marking:
    """Whatever unpickles it makes a file."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self._mark,)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as it should be."""
    directory = tmp_path_factory.mktemp("plain")
    small_llama().save_pretrained(directory)
    byte_tokenizer().save_pretrained(directory)
    return directory


@pytest.fixture
def model(plain: Path, tmp_path: Path) -> Path:
    """A copy of it to tamper with."""
    return Path(shutil.copytree(plain, tmp_path / "model"))


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """What is there once something ran that must not."""
    return tmp_path / "ran"


def change(file: Path, **keys: object) -> None:
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(content | keys))


def used(directory: Path, **labels: Any) -> Checkpoint:  # noqa: ANN401
    """Everything that a run does with a model's files."""
    entry = ModelEntry(name="m", family="f", path=str(directory), **labels)
    model_facts(entry, Path())
    found = checkpoint(entry, Path())
    read_vocabulary(found)
    load_network(found, precision="float32")
    return found


def refusal(directory: Path, **labels: Any) -> str:  # noqa: ANN401
    with pytest.raises(ModelError) as caught:
        used(directory, **labels)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def pickled(file: Path, mark: Path) -> None:
    """A file of weights whose unpickling leaves the mark."""
    torch.save({"weight": Marking(mark)}, file)


def test_the_planted_pickle_runs_where_it_is_unpickled(tmp_path: Path, mark: Path) -> None:
    pickled(tmp_path / "a.bin", mark)
    torch.load(tmp_path / "a.bin", weights_only=False)
    assert mark.exists()


def test_code_beside_a_known_network_is_not_run(model: Path, mark: Path) -> None:
    code = dict.fromkeys(KINDS, "own.Own") | {"AutoTokenizer": ["own.Own", "own.Own"]}
    for name in ("own.py", "modeling_own.py", "custom_generate/generate.py", "__init__.py"):
        (model / name).parent.mkdir(exist_ok=True)
        (model / name).write_text(f"open({str(mark)!r}, 'w')\nclass Own: pass\n")
    change(model / "config.json", auto_map=code)
    change(model / "tokenizer_config.json", auto_map=code)
    change(model / "generation_config.json", auto_map=code, custom_generate="own")
    used(model)
    assert not mark.exists()


def test_code_of_an_unknown_network_is_a_sentence(model: Path, mark: Path) -> None:
    (model / "own.py").write_text(f"open({str(mark)!r}, 'w')\nclass Own: pass\n")
    code = dict.fromkeys(KINDS, "own.Own")
    change(model / "config.json", auto_map=code, model_type="own")
    assert "code that the model brings itself (`auto_map` in config.json), which is never run" in (
        refusal(model)
    )
    with pytest.raises(ModelError, match="does not load"):
        load_network(Checkpoint(str(model)), precision="float32")
    assert not mark.exists()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl", "model.npy"])
def test_pickled_weights_alone_are_a_sentence(model: Path, mark: Path, name: str) -> None:
    (model / "model.safetensors").unlink()
    if name.endswith(".npy"):
        np.save(model / name, np.array([Marking(mark)], dtype=object), allow_pickle=True)
    elif name.endswith(".pkl"):
        (model / name).write_bytes(pickle.dumps(Marking(mark)))
    else:
        pickled(model / name, mark)
    assert "safetensors were expected in" in refusal(model)
    with pytest.raises(ModelError, match="does not load"):
        load_network(Checkpoint(str(model)), precision="float32")
    assert not mark.exists()


def test_pickled_weights_beside_safetensors_are_not_looked_at(model: Path, mark: Path) -> None:
    for name in ("pytorch_model.bin", "model.pt", "optimizer.pt", "training_args.bin"):
        pickled(model / name, mark)
    used(model)
    assert not mark.exists()


def test_a_pickle_that_begins_like_safetensors_is_refused_by_its_name(
    model: Path, mark: Path
) -> None:
    # A header of safetensors at its beginning, and an archive that torch reads from its end.
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    pickled(model / "tail", mark)
    tail = (model / "tail").read_bytes()
    both = struct.pack("<Q", len(header)) + header + b"\0" * 4 + tail
    (model / "pytorch_model.bin").write_bytes(both)
    (model / "model.safetensors").unlink()
    change(model / "model.safetensors.index.json", weight_map={"a": "pytorch_model.bin"})
    assert "names of safetensors were expected, found 'pytorch_model.bin'" in refusal(model)
    assert not mark.exists()


@pytest.mark.parametrize(
    "named", ["../other/model.safetensors", "/etc/model.safetensors", "sub/../../m.safetensors"]
)
def test_weights_outside_the_folder_are_not_read(model: Path, named: str) -> None:
    other = model.parent / "other"
    other.mkdir()
    (model / "model.safetensors").rename(other / "model.safetensors")
    change(model / "model.safetensors.index.json", weight_map={"a": named})
    assert f"found no {named}" in refusal(model)


@pytest.mark.parametrize("placed", [["a"], "a", {"a": ["b.safetensors"]}, {"a": None}, 3, None])
def test_an_index_that_is_none_is_a_sentence(model: Path, placed: object) -> None:
    (model / "model.safetensors").unlink()
    change(model / "model.safetensors.index.json", weight_map=placed)
    assert "safetensors were expected" in refusal(model)


@pytest.mark.parametrize(
    "named", ["other.safetensors", "adapter_model.bin", "../m.safetensors", "x.bin"]
)
def test_weights_that_a_configuration_names_are_no_part_of_a_model(
    model: Path, mark: Path, named: str
) -> None:
    save_file({"weight": torch.zeros(1)}, model / "other.safetensors")
    pickled(model / "adapter_model.bin", mark)
    change(model / "config.json", transformers_weights=named)
    assert f"`transformers_weights` in config.json, which names other weights ({named!r})" in (
        refusal(model)
    )
    assert not mark.exists()


def test_an_adapter_does_not_stand_for_the_model_that_it_names(model: Path, mark: Path) -> None:
    pickled(model / "adapter_model.bin", mark)
    change(model / "adapter_config.json", base_model_name_or_path="../other", peft_type="LORA")
    assert "found an adapter of another (adapter_config.json)" in refusal(model)
    assert not mark.exists()


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
@pytest.mark.parametrize("value", ["someone/kernel", "someone/kernel@main:fn", {"": "a/b"}])
def test_a_configuration_does_not_choose_code_of_the_hub(
    model: Path, key: str, value: object
) -> None:
    change(model / "config.json", **{key: value})
    assert f"`{key}` in config.json, which names code of the hub" in refusal(model)
    change(model / "config.json", **{key: None, "text_config": {key: value}})
    assert f"`{key}` in config.json, which names code of the hub" in refusal(model)


@pytest.mark.parametrize("content", [b"", b"\x80\x04.", b"\xff" * 64, struct.pack("<Q", 1 << 62)])
def test_weights_that_are_none_are_a_sentence(model: Path, content: bytes) -> None:
    (model / "model.safetensors").write_bytes(content)
    assert "the header does not read" in refusal(model)


def test_a_gguf_file_that_is_a_pickle_is_a_sentence(model: Path, mark: Path) -> None:
    pickled(model / "m.gguf", mark)
    assert "the header does not read" in refusal(model, file="m.gguf")
    assert not mark.exists()


@pytest.mark.parametrize(
    "reach",
    [
        "{{ lipsum.__globals__.os.system('touch MARK') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_chat_template_reaches_nothing_of_python(model: Path, mark: Path, reach: str) -> None:
    (model / "chat_template.jinja").write_text(reach.replace("MARK", str(mark)))
    vocabulary = read_vocabulary(Checkpoint(str(model)))
    with pytest.raises(ModelError):
        vocabulary.rendered("a question")
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../..",
        "owner/../other",
        "/etc/passwd",
        "https://elsewhere/owner/name",
        "owner/name/tree/main",
        "owner/name?full=1",
        "owner/$(id)",
        "owner/na me",
        "owner/name\n",
        "owner/na\u202eme",
        "x" * 97,
        "",
    ],
)
def test_what_is_no_name_of_a_repository_is_never_asked_for(name: str) -> None:
    entry = ModelEntry(name="m", family="f", hub=name)
    for wanted in (model_facts, checkpoint):
        with pytest.raises(ModelError) as caught:
            wanted(entry, Path())
        assert str(caught.value) == (
            "model 'm': an id of the hub such as owner/name was expected, found "
            f"{name!r}: mend `hub`"
        )
