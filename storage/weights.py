"""A model's directory without loading it: identity by content, sizes, context, end ids."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from calibration.errors import ModelError
from calibration.lineage import ModelFacts
from calibration.recipes import ModelIdentity
from calibration.study import ModelEntry

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
)
EMBEDDING = re.compile(r"embed|wte|wpe|lm_head|output_layer")
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")
READ_AT_ONCE = 1 << 24


def model_directory(entry: ModelEntry, root: Path) -> Path:
    """Where a model's files lie. Raises ModelError when there is no such directory."""
    if entry.path is None:
        raise ModelError(
            f"model {entry.name!r}: a local directory was expected, found the hub id {entry.hub!r}, "
            "which this version does not fetch: save the model there with `save_pretrained` and "
            "set `path`"
        )
    directory = root / entry.path
    if not (directory / "config.json").is_file():
        found = "no such directory" if not directory.is_dir() else "no config.json in it"
        raise ModelError(
            f"model {entry.name!r}: a directory with config.json and safetensors was expected at "
            f"{directory}, found {found}: mend `path` (relative to the study's `root`)"
        )
    return directory


def model_facts(entry: ModelEntry, root: Path) -> ModelFacts:
    """What recipes and labels need to know of a model; reads headers and hashes files."""
    directory = model_directory(entry, root)
    config = _config(directory)
    weights = sorted(directory.glob("*.safetensors"))
    if not weights:
        raise ModelError(
            f"model {entry.name!r}: .safetensors files were expected in {directory}, found none: "
            "convert the weights with `model.save_pretrained`"
        )
    shapes = _shapes(entry.name, weights)
    embedded = sum(size for name, size in shapes.items() if EMBEDDING.search(name))
    counted = sum(shapes.values())
    vocabulary = int(config.get("vocab_size", 0))
    return ModelFacts(
        identity=ModelIdentity(
            weights=_joined([_file_digest(path) for path in (directory / "config.json", *weights)]),
            precision=entry.precision,
        ),
        tokenizer=_joined(
            [
                f"{name}:{_file_digest(directory / name)}"
                for name in TOKENIZER_FILES
                if (directory / name).is_file()
            ]
        ),
        parameters=entry.parameters or counted,
        non_embedding_parameters=counted - embedded,
        vocabulary=vocabulary,
        context=next((int(config[key]) for key in CONTEXT_KEYS if config.get(key)), None),
        end_ids=tuple(index for index in _end_ids(directory, config) if index < vocabulary),
    )


def _config(directory: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((directory / "config.json").read_text("utf-8"))
    except ValueError as error:
        raise ModelError(f"{directory / 'config.json'}: JSON was expected ({error})") from error
    # Models with several parts keep the language model's settings one level down.
    return {**config, **config.get("text_config", {})}


def _shapes(name: str, weights: list[Path]) -> dict[str, int]:
    """Number of values of each tensor, from the headers alone."""
    sizes: dict[str, int] = {}
    for path in weights:
        try:
            with safe_open(path, framework="numpy") as tensors:
                for key in tensors.keys():  # noqa: SIM118 (not a dict)
                    size = 1
                    for extent in tensors.get_slice(key).get_shape():
                        size *= extent
                    sizes[key] = size
        except SafetensorError as error:
            raise ModelError(
                f"model {name!r}: safetensors were expected in {path}, but the header does not "
                f"read ({error}): copy the file again"
            ) from error
    return sizes


def _end_ids(directory: Path, config: dict[str, Any]) -> tuple[int, ...]:
    found: set[int] = set()
    generation = directory / "generation_config.json"
    settings = [config]
    if generation.is_file():
        settings.append(json.loads(generation.read_text("utf-8")))
    for setting in settings:
        ids = setting.get("eos_token_id")
        found.update(ids if isinstance(ids, list) else [] if ids is None else [ids])
    return tuple(sorted(found))


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def _joined(digests: list[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
