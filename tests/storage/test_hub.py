"""Models of a hub: over HTTP from a server on this machine, and from the cache without it.

huggingface_hub reads its settings when it is imported, so each case is a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf_files import byte_tokenizer, small_llama, write_gguf
from hub_server import COMMIT, Hub, served
from safetensors.numpy import save_file

from calibration.deriving import ModelFacts
from calibration.study import ModelEntry
from storage.weights import model_facts

ROOT = Path(__file__).parents[2]
TOKEN = "hf_secretsecretsecretsecretsecret"
NOWHERE = "http://127.0.0.1:9"  # nothing listens there
# Models and what is wanted of each come in, facts and checkpoints or the sentence go out.
PROGRAM = """
import json, sys
from pathlib import Path
from calibration.errors import ModelError
from calibration.study import ModelEntry
from storage import weights

found = []
for wanted, labels in json.load(sys.stdin):
    entry = ModelEntry(name="m", family="f", **labels)
    try:
        one = getattr(weights, wanted)(entry, Path())
        found.append(one.model_dump() if wanted == "model_facts" else vars(one))
    except ModelError as error:
        found.append(str(error))
json.dump(found, sys.stdout)
"""

# The same for data sets: content and texts.
DATA_SETS = """
import json, sys
from pathlib import Path
from calibration.errors import TextError
from calibration.recipes import TextsRecipe
from calibration.study import DatasetEntry
from storage.texts import source_identity, source_texts

found = []
for name in json.load(sys.stdin):
    source = {"kind": "hub", "dataset": name}
    entry = DatasetEntry(name="d", source=source, prompt=1, continuation=1, examples=9)
    try:
        identity = source_identity(entry, Path())
        recipe = TextsRecipe(source=identity, span_bytes=9, examples=9, seed=0)
        texts = source_texts(entry, Path(), recipe)
        found.append([identity.content, [one.text for one in texts]])
    except TextError as error:
        found.append(str(error))
json.dump(found, sys.stdout)
"""

# The same for whole studies: who is measured, and who is left out.
STUDIES = """
import json, sys
from calibration.study import parsed_study
from storage.resolution import resolved

found = [resolved(parsed_study(one, "s.yaml"), file="s.yaml") for one in json.load(sys.stdin)]
json.dump([[one.name for one in lineage.study.models] for lineage in found]
          + [[one.model_dump() for one in lineage.absent] for lineage in found], sys.stdout)
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as people upload it: safetensors, other copies of the weights, and a GGUF file."""
    directory = tmp_path_factory.mktemp("repository")
    model = small_llama()
    model.save_pretrained(directory, max_shard_size="60KB")
    byte_tokenizer().save_pretrained(directory)
    write_gguf(directory / "gguf/m.gguf", model)
    shutil.copy(directory / "gguf/m.gguf", directory / "pytorch_model.bin")
    save_file({"again": np.zeros(9)}, directory / "consolidated.safetensors")
    (directory / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    return directory


@pytest.fixture(scope="module")
def hub(repository: Path) -> Hub:
    return Hub({"owner/model": repository, "owner/gated": repository}, gated=("owner/gated",))


@pytest.fixture(scope="module")
def address(hub: Hub) -> Iterator[str]:
    with served(hub) as address:
        yield address


@pytest.fixture(scope="module")
def filled(hub: Hub, address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the model lies, as this project fetched it."""
    home = tmp_path_factory.mktemp("home")
    answers(home, ("checkpoint", {"hub": "owner/model"}), address=address)
    return home


def answers(
    home: Path,
    *asked: object,
    address: str = NOWHERE,
    program: str = PROGRAM,
    **environment: str,
) -> list[Any]:
    """What the program says in a process with this hub and this cache."""
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": address, "HF_TOKEN": TOKEN}
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        input=json.dumps(asked),
        env=clean | settings | environment | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert TOKEN not in ended.stdout + ended.stderr
    return list(json.loads(ended.stdout))


def local(directory: Path, **labels: object) -> ModelFacts:
    values = {"name": "m", "family": "f", "path": str(directory)} | labels
    return model_facts(ModelEntry.model_validate(values), Path())


def same(found: object, facts: ModelFacts) -> bool:
    return bool(found == json.loads(facts.model_dump_json()))


def test_facts_of_a_hub_model_are_those_of_its_copy_and_fetch_no_weights(
    hub: Hub, address: str, repository: Path, tmp_path: Path
) -> None:
    hub.asked.clear()
    plain = {"hub": "owner/model"}
    first, pinned, gguf = answers(
        tmp_path,
        ("model_facts", plain),
        ("model_facts", plain | {"revision": COMMIT}),
        ("model_facts", plain | {"file": "gguf/m.gguf"}),
        address=address,
    )
    assert same(first, local(repository))
    assert first == pinned
    assert same(gguf, local(repository, file="gguf/m.gguf"))
    assert hub.fetched() >= {"config.json", "tokenizer.json"}
    assert not any(name.endswith((".safetensors", ".gguf", ".bin")) for name in hub.fetched())


def test_a_checkpoint_fetches_the_named_weights_and_nothing_else(
    hub: Hub, address: str, repository: Path, tmp_path: Path
) -> None:
    hub.asked.clear()
    (tokenizer,) = answers(
        tmp_path, ("tokenizer_checkpoint", {"hub": "owner/model"}), address=address
    )
    assert not any(name.endswith(".safetensors") for name in hub.fetched())
    (whole,) = answers(tmp_path, ("checkpoint", {"hub": "owner/model"}), address=address)
    weights = {path.name for path in repository.glob("model-*.safetensors")}
    assert len(weights) > 1
    assert {name for name in hub.fetched() if "model-" in name} == weights
    assert hub.fetched().isdisjoint({"consolidated.safetensors", "pytorch_model.bin"})
    assert "gguf/m.gguf" not in hub.fetched()
    assert whole == tokenizer
    assert whole["source"] == f"owner/model@{COMMIT}"
    assert {path.name for path in Path(whole["directory"]).iterdir()} >= weights


def test_without_a_network_the_cache_serves_and_says_the_same(
    filled: Path, repository: Path
) -> None:
    asked = ("model_facts", {"hub": "owner/model"}), ("checkpoint", {"hub": "owner/model"})
    for settings in ({}, {"HF_HUB_OFFLINE": "1"}):
        found, where = answers(filled, *asked, **settings)
        assert same(found, local(repository))
        assert where["source"] == f"owner/model@{COMMIT}"


def test_a_cache_that_something_else_filled_is_enough(repository: Path, tmp_path: Path) -> None:
    place = tmp_path / "hub/models--owner--model"
    snapshot = place / "snapshots" / COMMIT
    (place / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs/main").write_text(COMMIT)
    for number, path in enumerate(one for one in repository.iterdir() if one.is_file()):
        if path.name.startswith("."):
            continue
        shutil.copy(path, place / "blobs" / str(number))
        (snapshot / path.name).symlink_to(place / "blobs" / str(number))
    asked = ("model_facts", {"hub": "owner/model"}), ("checkpoint", {"hub": "owner/model"})
    found, where = answers(tmp_path, *asked, HF_HUB_OFFLINE="1")
    assert same(found, local(repository))
    assert where == {
        "directory": str(snapshot),
        "file": None,
        "source": f"owner/model@{COMMIT}",
        "gpus": 1,
    }


def test_a_cached_file_that_is_not_what_the_hub_names_is_not_used(
    filled: Path, address: str, repository: Path, tmp_path: Path
) -> None:
    shutil.copytree(filled, tmp_path / "home", symlinks=True)
    damaged = next((tmp_path / "home/hub").rglob("snapshots/*/model-00001-*.safetensors"))
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.resolve().write_bytes(content)
    home, asked = tmp_path / "home", {"hub": "owner/model"}
    found, said = answers(home, ("model_facts", asked), ("checkpoint", asked), address=address)
    assert same(found, local(repository))
    assert said == (
        f"model 'm': the file that owner/model@{COMMIT[:12]} of the hub names was expected at "
        f"{damaged}, found another content: delete it, and it is fetched again"
    )
    (alone,) = answers(home, ("model_facts", asked))  # without the hub it is another model
    assert alone["identity"] != found["identity"]


def test_what_a_hub_refuses_is_a_sentence_each(address: str, tmp_path: Path) -> None:
    found = answers(
        tmp_path,
        ("model_facts", {"hub": "owner/none"}),
        ("model_facts", {"hub": "owner/gated"}),
        ("model_facts", {"hub": "owner/model", "revision": "v9"}),
        ("model_facts", {"hub": "no/such/id"}),
        ("model_facts", {"hub": "owner/model", "file": "none.gguf"}),
        address=address,
    )
    log_in = "log in with `hf auth login` or set HF_TOKEN"
    assert found == [
        "model 'm': a repository of the hub was expected, found none named 'owner/none' that you "
        f"may read: mend `hub`, or, if it is private, {log_in}",
        "model 'm': access to owner/gated on the hub was expected, found it gated and closed to "
        "the account whose token was sent: accept its terms on its page with that account, or "
        f"{log_in} of one that has access",
        "model 'm': a branch, tag or commit of owner/model was expected, found no such one on the "
        "hub: mend `revision`",
        "model 'm': an id of the hub such as owner/name was expected, found 'no/such/id': mend "
        "`hub`",
        "model 'm': a GGUF file 'none.gguf' was expected in "
        f"owner/model@{COMMIT[:12]} of the hub, found gguf/m.gguf: mend `file`, or `path` where "
        "that names it",
    ]


def test_a_gated_repository_is_told_by_who_asks(repository: Path, tmp_path: Path) -> None:
    hub = Hub(
        {"owner/gated": repository, "owner/open": repository},
        gated=("owner/gated",),
        readers={TOKEN: ("owner/gated",), f"{TOKEN}-of-another": ()},
    )
    gated, missing, there = (
        ("model_facts", {"hub": name}) for name in ("owner/gated", "owner/none", "owner/open")
    )
    log_in = "log in with `hf auth login` or set HF_TOKEN"
    with served(hub) as address:
        (found,) = answers(tmp_path / "reader", gated, address=address)
        (closed,) = answers(
            tmp_path / "another", gated, address=address, HF_TOKEN=f"{TOKEN}-of-another"
        )
        nobody = answers(tmp_path / "nobody", gated, missing, there, address=address, HF_TOKEN="")
        wrong = answers(
            tmp_path / "wrong", gated, missing, there, address=address, HF_TOKEN="hf_wrong"
        )
    assert same(found, local(repository))
    assert closed == (
        "model 'm': access to owner/gated on the hub was expected, found it gated and closed to "
        "the account whose token was sent: accept its terms on its page with that account, or "
        f"{log_in} of one that has access"
    )
    assert nobody[0] == (
        "model 'm': access to owner/gated on the hub was expected, found it gated: accept its "
        f"terms on its page, then {log_in}"
    )
    assert "found none named 'owner/none' that you may read" in nobody[1]
    assert same(nobody[2], local(repository))
    assert wrong == [
        f"model 'm': access to {name} on the hub was expected, found the token refused, which is "
        f"wrong or has expired: {log_in} again"
        for name in ("owner/gated", "owner/none", "owner/open")
    ]


def test_what_a_repository_lacks_or_asks_for_is_met_before_its_weights(
    repository: Path, tmp_path: Path
) -> None:
    def changed(name: str, **keys: object) -> Path:
        copy = Path(shutil.copytree(repository, tmp_path / name))
        config = json.loads((copy / "config.json").read_text())
        (copy / "config.json").write_text(json.dumps(config | keys))
        return copy

    broken = Path(shutil.copytree(repository, tmp_path / "broken"))
    lost = min(broken.glob("model-*.safetensors")).name
    (broken / lost).unlink()
    code = {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}
    own = changed("own", model_type="unheard", auto_map=code)
    marker = tmp_path / "was_run"
    (own / "code.py").write_text(f"open({str(marker)!r}, 'w')")
    hub = Hub(
        {
            "owner/broken": broken,
            "owner/own": own,
            "owner/unknown": changed("unknown", model_type="unheard"),
            "owner/known": changed("known", auto_map=code),
        }
    )
    asked = [("model_facts", {"hub": name}) for name in hub.repositories]
    with served(hub) as address:
        *said, known = answers(tmp_path / "home", *asked, address=address)
    network = "a network that transformers knows was expected in"
    assert said == [
        f"model 'm': safetensors were expected in owner/broken@{COMMIT[:12]} of the hub, found no "
        f"{lost} but pytorch_model.bin, which is pickled and never loaded: choose a repository "
        "that has them, or name a GGUF file of it with `file`",
        f"model 'm': {network} owner/own@{COMMIT[:12]} of the hub, found the `model_type` "
        "'unheard' and code that the model brings itself (`auto_map` in config.json), which is "
        "never run: install a newer transformers, if one knows it, or measure a model that needs "
        "no code of its own",
        f"model 'm': {network} owner/unknown@{COMMIT[:12]} of the hub, found the `model_type` "
        "'unheard' in config.json: install a newer transformers, if one knows it, or measure "
        "another model",
    ]
    assert known["identity"]  # its own code is not needed, and not fetched
    assert not marker.exists()
    assert hub.fetched().isdisjoint({"code.py", "pytorch_model.bin"})


def test_a_hub_out_of_reach_leaves_out_its_models_in_words_of_any_machine(
    repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "texts.txt").write_text("to be or not to be " * 9)
    study = {
        "name": "s",
        "root": str(tmp_path),
        "models": [
            {"name": "here", "family": "f", "path": str(repository)},
            {"name": "away", "family": "f", "hub": "owner/model"},
        ],
        "datasets": [
            {
                "name": "d",
                "source": {"kind": "files", "path": "texts.txt"},
                "prompt": 2,
                "continuation": 4,
                "examples": 2,
            }
        ],
    }
    kept, left_out = answers(tmp_path / "home", study, program=STUDIES)
    assert kept == ["here"]
    assert left_out == [
        {
            "model": "away",
            "why": "owner/model was expected on the hub or in its cache, found the hub out of "
            "reach and not all of it in the cache of the hub: run once with a network, or name a "
            "copy on this machine instead",
        }
    ]


@pytest.mark.parametrize("offline", ["0", "1"])
def test_nothing_cached_and_no_network_is_a_sentence(tmp_path: Path, offline: str) -> None:
    (said,) = answers(tmp_path, ("model_facts", {"hub": "owner/model"}), HF_HUB_OFFLINE=offline)
    why = "HF_HUB_OFFLINE set" if offline == "1" else f"{NOWHERE} out of reach"
    assert said == (
        f"model 'm': owner/model was expected on the hub or in its cache, found {why} and not all "
        f"of it in {tmp_path / 'hub'}: run once with a network, or name a copy on this machine "
        "instead"
    )


def test_a_repository_without_safetensors_is_a_sentence(repository: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "tokenizer.json", "pytorch_model.bin", ".gitattributes"):
        shutil.copy(repository / name, bare)
    with served(Hub({"owner/bare": bare})) as address:
        (said,) = answers(
            tmp_path / "home", ("model_facts", {"hub": "owner/bare"}), address=address
        )
    assert said == (
        f"model 'm': safetensors were expected in owner/bare@{COMMIT[:12]} of the hub, found no "
        "model.safetensors but pytorch_model.bin, which is pickled and never loaded: choose a "
        "repository that has them, or name a GGUF file of it with `file`"
    )


def test_a_data_set_in_the_cache_is_read_without_a_network(tmp_path: Path) -> None:
    place = tmp_path / "hub/datasets--owner--texts"
    snapshot = place / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs/main").write_text(COMMIT)
    (snapshot / "train.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    names = ("owner/texts", "owner/none")
    read, missing = answers(tmp_path, *names, program=DATA_SETS, HF_HUB_OFFLINE="1")
    assert read == [f"owner/texts@{COMMIT}", ["one", "two"]]
    assert missing == (
        "data set 'd': owner/none was expected on the hub or in its cache, found HF_HUB_OFFLINE "
        f"set and not all of it in {tmp_path / 'hub'}: run once with a network, or name a copy on "
        "this machine instead"
    )
