"""The sizes of a model from its configuration alone: what a plan needs, with no weights fetched.

Read from config.json, or from the header of a GGUF file, wherever the model lies; where neither
can be had, the study may state them. Networks without attention are not known here: their memory
does not grow with a text, and the engine has not been tried on any.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from calibration.errors import ModelError
from calibration.model_costs import STORED_BYTES, Sizes
from calibration.study import ModelEntry, Shape
from storage.contents import Folder, LocalFolder
from storage.gguf import ARCHITECTURE, GGUF
from storage.headers import gguf_header
from storage.weights import CONFIG, CONTEXT_KEYS, model_facts, model_sentences

# The files that transformers loads, and no other copy of the weights beside them.
WEIGHTS: Final = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
LAYERS: Final = ("num_hidden_layers", "n_layer")
WIDTH: Final = ("hidden_size", "n_embd")
HEADS: Final = ("num_attention_heads", "n_head")
GATED: Final = frozenset({"llama", "mistral", "qwen2", "qwen3"})
GPT_NEOX: Final = "gpt_neox"
TIED: Final = frozenset({"gpt2", "gemma", "gemma2", "gemma3_text"})  # unless they say otherwise
STATED: Final = "mend that, or state a `shape` for the plan"
NO_LIMIT: Final = 1 << 30  # tokens, of a model that states no context


class Known(NamedTuple):
    """The sizes of a model, None where nobody states them, and why its files were not looked at."""

    sizes: Sizes | None
    fault: ModelError | None


def known_sizes(entry: ModelEntry, root: Path) -> Known:
    """The sizes of a model from its files, else those that the study states."""
    try:
        return Known(read_sizes(entry, root), None)
    except ModelError as error:
        if entry.shape is None:
            return Known(None, error)
        fetched = 0 if entry.hub is None else STORED_BYTES * entry.shape.parameters
        return Known(Sizes(entry.shape, fetched), error)


def read_sizes(entry: ModelEntry, root: Path) -> Sizes:
    """The sizes of a model from its configuration. Raises ModelError where it cannot be had."""
    try:
        with model_sentences(entry, remedy=STATED):
            return _sizes(entry, root)
    except KeyError as error:
        raise ModelError(
            f"model {entry.name!r}: {error} was expected in its configuration, found none: {STATED}"
        ) from error


def _sizes(entry: ModelEntry, root: Path) -> Sizes:
    folder, file = _place(entry, root)
    if file is not None:
        return Sizes(_of_gguf(entry, folder, file), _fetched(entry, folder, [file]))
    shape = _of_config(entry, _config(entry, folder), root)
    weights = [name for name in folder.names if WEIGHTS.fullmatch(name)]
    stored = _fetched(entry, folder, weights)
    unknown = entry.hub is not None and not stored
    return Sizes(shape, STORED_BYTES * shape.parameters if unknown else stored)


def _place(entry: ModelEntry, root: Path) -> tuple[Folder, str | None]:
    """The files of a model, and the GGUF file among them that is meant."""
    if entry.hub is not None:
        # A second of imports that local models do not need.
        from storage.hub import model_folder, repository

        place = repository(entry.hub, entry.revision, kind="model", at_once=(CONFIG,))
        return model_folder(place), entry.file
    directory = root / str(entry.path)
    if directory.suffix == GGUF:
        return LocalFolder(directory.parent), directory.name
    folder = LocalFolder(directory)
    files = [name for name in folder.names if name.endswith(GGUF)]
    alone = files[0] if len(files) == 1 and CONFIG not in folder.names else None
    return folder, entry.file or alone


def _config(entry: ModelEntry, folder: Folder) -> dict[str, Any]:
    if CONFIG not in folder.names:
        key = "path" if entry.hub is None else "hub"
        raise ModelError(
            f"model {entry.name!r}: a configuration was expected in {folder.title}, found no "
            f"{CONFIG}: mend `{key}`, or state a `shape` for the plan"
        )
    try:
        config = json.loads(folder.beginning(CONFIG, folder.size(CONFIG)))
        # Models with several parts keep the language model's settings one level down.
        return {**config, **(config.get("text_config") or {})}
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(
            f"model {entry.name!r}: a JSON object was expected in {folder.title}/{CONFIG}, found "
            "what does not read as one: copy the file again"
        ) from error


def _of_config(entry: ModelEntry, config: Mapping[str, Any], root: Path) -> Shape:
    heads = _whole(entry, config, HEADS)
    width = _whole(entry, config, WIDTH)
    head_width = config.get("head_dim") or width // heads
    shape = Shape(
        parameters=1,
        layers=_whole(entry, config, LAYERS),
        width=width,
        key_value_width=head_width * (config.get("num_key_value_heads") or heads),
        vocabulary=_whole(entry, config, ("vocab_size",)),
        context=next((int(config[key]) for key in CONTEXT_KEYS if config.get(key)), NO_LIMIT),
        tied=bool(config.get("tie_word_embeddings", config.get("model_type") in TIED)),
    )
    counted = counted_parameters(shape, config)
    if counted is None:  # the headers of its weights say
        counted = model_facts(entry.model_copy(update={"parameters": None}), root).parameters
    return shape.model_copy(update={"parameters": counted})


def counted_parameters(shape: Shape, config: Mapping[str, Any]) -> int | None:
    """How many numbers a network of a configuration has; None for families not known here."""
    embeddings = shape.vocabulary * shape.width * (1 if shape.tied else 2)
    family = config.get("model_type")
    if family in GATED:
        return embeddings + shape.layers * _gated_layer(shape, config) + shape.width
    if family == GPT_NEOX:
        return embeddings + shape.layers * _gpt_neox_layer(shape, config) + 2 * shape.width
    return None


def _gated_layer(shape: Shape, config: Mapping[str, Any]) -> int:
    heads = int(config["num_attention_heads"])
    head_width = int(config.get("head_dim") or shape.width // heads)
    queries, mixed = heads * head_width, heads * head_width + 2 * shape.key_value_width
    inner = int(config["intermediate_size"])
    family = config["model_type"]
    biases = mixed if family == "qwen2" else 0
    if family != "qwen2" and config.get("attention_bias"):
        biases = mixed + shape.width
    if config.get("mlp_bias"):
        biases += 2 * inner + shape.width
    norms = 2 * shape.width + (2 * head_width if family == "qwen3" else 0)
    return shape.width * (mixed + queries + 3 * inner) + biases + norms


def _gpt_neox_layer(shape: Shape, config: Mapping[str, Any]) -> int:
    width, inner = shape.width, int(config["intermediate_size"])
    attention = 4 * width**2 + (4 * width if config.get("attention_bias", True) else 0)
    return attention + 2 * width * inner + inner + width + 4 * width  # two norms with biases


def _of_gguf(entry: ModelEntry, folder: Folder, file: str) -> Shape:
    header = gguf_header(folder, file)
    prefix = str(header.metadata.get(ARCHITECTURE))
    settings = {
        key.removeprefix(f"{prefix}."): value
        for key, value in header.metadata.items()
        if key.startswith(f"{prefix}.")
    }
    width = _whole(entry, settings, ("embedding_length",))
    heads = _whole(entry, settings, ("attention.head_count",))
    shared = settings.get("attention.head_count_kv")
    head_width = settings.get("attention.key_length") or width // heads
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    return Shape(
        parameters=sum(header.sizes.values()),
        layers=_whole(entry, settings, ("block_count",)),
        width=width,
        key_value_width=int(str(head_width)) * (shared if isinstance(shared, int) else heads),
        vocabulary=_whole(entry, {"vocab_size": tokens, **settings}, ("vocab_size",)),
        context=_whole(entry, {"context_length": NO_LIMIT, **settings}, ("context_length",)),
        tied="output.weight" not in header.sizes,
    )


def _whole(entry: ModelEntry, settings: Mapping[str, Any], keys: tuple[str, ...]) -> int:
    found = next((settings[key] for key in keys if settings.get(key) is not None), None)
    if isinstance(found, int) and not isinstance(found, bool) and found > 0:
        return found
    if keys == HEADS:
        raise ModelError(
            f"model {entry.name!r}: a network of attention layers was expected, found no "
            f"`{keys[0]}` in its configuration: the cost of networks without attention is not "
            "known here; state a `shape` that comes near"
        )
    raise ModelError(
        f"model {entry.name!r}: `{keys[0]}` was expected to be a whole number above 0 in its "
        f"configuration, found {found!r}: state a `shape` for the plan"
    )


def _fetched(entry: ModelEntry, folder: Folder, names: list[str]) -> int:
    """Bytes that a run fetches: none of what lies on this machine under a path."""
    return 0 if entry.hub is None else sum(folder.size(name) for name in names)
