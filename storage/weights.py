"""A model's directory without loading it: identity by content, sizes, context, end ids."""

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from calibration.errors import ModelError
from calibration.lineage import ModelFacts
from calibration.recipes import ModelIdentity
from calibration.study import ModelEntry
from storage.contents import file_digest

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
VOCABULARY_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
EMBEDDING = re.compile(r"embed|wte|wpe|lm_head|output_layer")
HEAD = re.compile(r"lm_head|embed_out|output_layer")
# Causal masks and rotary frequencies that some checkpoints store; they are no parameters.
CONSTANT = re.compile(r"\b(attn|attention)\.(masked_)?bias$|inv_freq$")
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")
INDEX = "model.safetensors.index.json"


def model_directory(entry: ModelEntry, root: Path) -> Path:
    """Where a model's files lie. Raises ModelError when there is no such directory."""
    if entry.path is None:
        raise ModelError(
            f"model {entry.name!r}: a local directory was expected, found the hub id "
            f"{entry.hub!r}, which this version does not fetch: save the model there with "
            "`save_pretrained` and set `path`"
        )
    if entry.file is not None:
        raise ModelError(
            f"model {entry.name!r}: safetensors were expected, found `file: {entry.file}`, which "
            "this version does not read: convert the model with `save_pretrained` and leave out "
            "`file`"
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
    """What recipes and labels need to know of a model; reads headers and hashes files.

    Raises ModelError when the configuration, the weights or the tokenizer cannot be used.
    """
    directory = model_directory(entry, root)
    config = _config(directory)
    weights = _weight_files(entry.name, directory)
    shapes = _without_tied_head(_shapes(entry.name, weights), config)
    embedded = sum(size for name, size in shapes.items() if EMBEDDING.search(name))
    counted = sum(shapes.values())
    vocabulary = _vocabulary(directory, config)
    return ModelFacts(
        identity=ModelIdentity(
            weights=_joined([file_digest(path) for path in (directory / "config.json", *weights)]),
            precision=entry.precision,
        ),
        tokenizer=_tokenizer_digest(entry.name, directory),
        parameters=entry.parameters or counted,
        non_embedding_parameters=counted - embedded,
        vocabulary=vocabulary,
        context=next((int(config[key]) for key in CONTEXT_KEYS if config.get(key)), None),
        end_ids=tuple(index for index in _end_ids(directory, config) if index in range(vocabulary)),
    )


def _config(directory: Path) -> dict[str, Any]:
    config = _json(directory / "config.json")
    # Models with several parts keep the language model's settings one level down.
    return {**config, **(config.get("text_config") or {})}


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(path, f"what does not read ({error})") from error
    if not isinstance(content, dict):
        raise _unusable(path, type(content).__name__)
    return content


def _unusable(path: Path, found: str) -> ModelError:
    return ModelError(
        f"{path}: a JSON object was expected, found {found}: copy the file again, or save the "
        "model there with `model.save_pretrained`"
    )


def _vocabulary(directory: Path, config: dict[str, Any]) -> int:
    size = config.get("vocab_size")
    if not isinstance(size, int) or size <= 0:
        raise ModelError(
            f"{directory / 'config.json'}: `vocab_size` was expected to be a whole number above "
            f"0, found {size!r}: save a causal language model there with `model.save_pretrained`"
        )
    return size


def _weight_files(name: str, directory: Path) -> list[Path]:
    """The files that transformers would load, and no other copy of the weights beside them."""
    names = ["model.safetensors"]
    if (directory / INDEX).is_file():
        names = sorted(set(_json(directory / INDEX).get("weight_map", {}).values()))
    found = [directory / file for file in names if (directory / file).is_file()]
    if not found or len(found) < len(names):
        lacking = next(file for file in names if not (directory / file).is_file())
        raise ModelError(
            f"model {name!r}: safetensors were expected in {directory}, found no {lacking}: "
            "copy it there, or convert the weights with `model.save_pretrained`"
        )
    return found


def _shapes(name: str, weights: list[Path]) -> dict[str, int]:
    """Number of values of each parameter, from the headers alone."""
    sizes: dict[str, int] = {}
    for path in weights:
        try:
            with safe_open(path, framework="numpy") as tensors:
                for key in tensors.keys():  # noqa: SIM118 (not a dict)
                    sizes[key] = math.prod(tensors.get_slice(key).get_shape())
        except SafetensorError as error:
            raise ModelError(
                f"model {name!r}: safetensors were expected in {path}, but the header does not "
                f"read ({error}): copy the file again"
            ) from error
    return {key: size for key, size in sizes.items() if not CONSTANT.search(key)}


def _without_tied_head(shapes: dict[str, int], config: dict[str, Any]) -> dict[str, int]:
    """The parameters, a head that is the embedding itself counted once, however it was saved."""
    if not config.get("tie_word_embeddings"):
        return shapes
    inside = {key: size for key, size in shapes.items() if not HEAD.search(key)}
    return inside if any(EMBEDDING.search(key) for key in inside) else shapes


def _tokenizer_digest(name: str, directory: Path) -> str:
    files = [file for file in TOKENIZER_FILES if (directory / file).is_file()]
    if not set(files) & set(VOCABULARY_FILES):
        raise ModelError(
            f"model {name!r}: a tokenizer was expected beside the weights in {directory}, found "
            "none: save one there with `tokenizer.save_pretrained`"
        )
    return _joined([f"{file}:{file_digest(directory / file)}" for file in files])


def _end_ids(directory: Path, config: dict[str, Any]) -> tuple[int, ...]:
    """The end ids of the configuration and of the settings for generation, together."""
    found: set[int] = set()
    generation = directory / "generation_config.json"
    for setting in [config, *([_json(generation)] if generation.is_file() else [])]:
        ids = setting.get("eos_token_id")
        found.update(ids if isinstance(ids, list) else [] if ids is None else [ids])
    return tuple(sorted(found))


def _joined(digests: list[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
