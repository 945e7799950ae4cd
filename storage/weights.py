"""A model without loading it: where it lies, its identity by content, sizes, context, end ids.

A model is a directory or a repository of the hub, with safetensors, a configuration and a
tokenizer, or one GGUF file that holds all three. The same files are the same model wherever
they lie, and the weights of a repository are fetched only by `checkpoint`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from calibration.deriving import ModelFacts
from calibration.errors import ModelError
from calibration.recipes import ModelIdentity
from calibration.study import ModelEntry
from storage.architectures import require_known
from storage.contents import Folder, LocalFolder, joined_digest
from storage.foreign import require_own
from storage.gguf import GGUF, gguf_facts
from storage.headers import HeaderError, safetensors_sizes
from storage.spelling import ids_in
from storage.templates import TEMPLATE, template_digest, template_in

AGAIN = "mend that, and run the same command again"
CONFIG, GENERATION = "config.json", "generation_config.json"
# All that spells text, whatever else lies beside it; without it, the other files do together.
TOKENIZER = "tokenizer.json"
VOCABULARY_FILES = ("tokenizer.model", "vocab.json", "merges.txt", "vocab.txt")
TOKENIZER_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
SAFETENSORS = ".safetensors"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SMALL_FILES = (
    CONFIG,
    GENERATION,
    INDEX,
    TOKENIZER,
    *VOCABULARY_FILES,
    *TOKENIZER_SETTINGS,
    TEMPLATE,  # of no say in how text is spelled: it has an identity of its own
)
PICKLED = (".bin", ".pt", ".pth")  # weights that could run code when they are loaded
EMBEDDING = re.compile(r"embed|wte|wpe|lm_head|output_layer")
HEAD = re.compile(r"lm_head|embed_out|output_layer")
# Causal masks and rotary frequencies that some checkpoints store; they are no parameters.
CONSTANT = re.compile(r"\b(attn|attention)\.(masked_)?bias$|inv_freq$")
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")


@dataclass(frozen=True)
class Checkpoint:
    """Where a model lies on this machine, whole."""

    directory: str
    file: str | None = None  # the GGUF file in it that is the model
    source: str | None = None  # the repository of the hub and its commit that it came from
    gpus: int = 1  # that share its layers


class _Found(NamedTuple):
    """A model's files where they are, not all of them fetched."""

    folder: Folder
    directory: Path  # where fetched files lie
    file: str | None
    source: str | None

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(str(self.directory), self.file, self.source)


def model_facts(entry: ModelEntry, root: Path) -> ModelFacts:
    """What recipes and labels need to know of a model; reads headers, and hashes local files.

    Raises ModelError when the configuration, the weights or the tokenizer cannot be used.
    """
    with model_sentences(entry, remedy=AGAIN):
        found = _found(entry, root)
        if found.file is not None:
            require_own(entry.name, {}, beside=found.folder.names, title=found.folder.title)
            return gguf_facts(entry, found.folder, found.file)
        return _safetensors_facts(entry, found.folder)


def checkpoint(entry: ModelEntry, root: Path) -> Checkpoint:
    """A model's files on this machine, fetched from the hub where they are not.

    Raises ModelError when they cannot be had, or are not those that the hub names.
    """
    with model_sentences(entry, remedy=AGAIN):
        found = _found(entry, root)
        needed = [found.file] if found.file else _weight_files(entry, found.folder)
        for name in needed:
            _fetch(entry, found, name)
        return replace(found.checkpoint, gpus=entry.gpus)


def tokenizer_checkpoint(entry: ModelEntry, root: Path) -> Checkpoint:
    """The same with no more than its tokenizer fetched: what reads no weights needs no more."""
    with model_sentences(entry, remedy=AGAIN):
        found = _found(entry, root)
        if found.file is not None:
            _fetch(entry, found, found.file)
        return found.checkpoint


def _found(entry: ModelEntry, root: Path) -> _Found:
    if entry.hub is not None:
        # A second of imports that local models do not need.
        from storage.hub import model_folder, repository

        place = repository(entry.hub, entry.revision, kind="model", at_once=SMALL_FILES)
        folder = model_folder(place)
        return _Found(folder, place.snapshot, _chosen_file(entry, folder), place.source)
    directory = root / str(entry.path)
    named = directory / entry.file if entry.file else directory
    if named.suffix == GGUF:
        entry = entry.model_copy(update={"file": named.name})
        directory = named.parent
    local = LocalFolder(directory)
    return _Found(local, directory, _chosen_file(entry, local), None)


def _chosen_file(entry: ModelEntry, folder: Folder) -> str | None:
    """The GGUF file that is meant; None for safetensors. Raises ModelError where neither is."""
    names = folder.names
    files = sorted(name for name in names if name.endswith(GGUF))
    if entry.file is not None:
        if entry.file in files:
            return entry.file
        raise ModelError(
            f"model {entry.name!r}: a GGUF file {entry.file!r} was expected in {folder.title}, "
            f"found {_listed(files)}: mend `file`, or `path` where that names it"
        )
    if CONFIG in names:
        return None
    if len(files) == 1:
        return files[0]
    if files:
        raise ModelError(
            f"model {entry.name!r}: one model was expected in {folder.title}, found "
            f"{_listed(files)}: name one of them with `file`"
        )
    raise ModelError(
        f"model {entry.name!r}: a directory with config.json and safetensors, or a GGUF file, was "
        f"expected at {folder.title}, found {_lacking(entry, folder)}"
    )


def _lacking(entry: ModelEntry, folder: Folder) -> str:
    if entry.hub is not None:
        return "neither: mend `hub`"
    missing = "no such directory" if not folder.names else "neither"
    return f"{missing}: mend `path` (relative to the study's `root`)"


def _listed(files: list[str]) -> str:
    return ", ".join(files[:8]) + (" and more" if len(files) > 8 else "") or "none"


def _fetch(entry: ModelEntry, found: _Found, name: str) -> None:
    if found.source is None:
        return
    from storage.hub import is_verified

    if not is_verified(found.folder, name):
        raise ModelError(
            f"model {entry.name!r}: the file that {found.folder.title} names was expected at "
            f"{found.folder.place(name)}, found another content: delete it, and it is fetched again"
        )


@contextmanager
def model_sentences(entry: ModelEntry, *, remedy: str) -> Iterator[None]:
    """Turns what can be wrong with a model's files into one sentence; `remedy` ends the rarest."""
    who = f"model {entry.name!r}"
    try:
        if entry.hub is None:
            yield
        else:
            from storage.hub import hub_sentences

            with hub_sentences(who, entry.hub, key="hub", fault=ModelError):
                yield
    except HeaderError as error:
        raise ModelError(
            f"{who}: weights were expected in {error.file}, but the header does not read "
            f"({error.reason}): copy the file again"
        ) from error
    except OSError as error:
        raise ModelError(
            f"{who}: files that can be fetched and read were expected, found {error}: {remedy}"
        ) from error


def _safetensors_facts(entry: ModelEntry, folder: Folder) -> ModelFacts:
    stated = _json(folder, CONFIG)
    require_known(entry.name, stated, title=folder.title)
    require_own(entry.name, stated, beside=folder.names, title=folder.title)
    config = _config(folder)
    weights = _weight_files(entry, folder)
    sizes = _without_tied_head(_sizes(folder, weights), config)
    embedded = sum(size for name, size in sizes.items() if EMBEDDING.search(name))
    counted = sum(sizes.values())
    vocabulary = _vocabulary(folder, config)
    _require_room(entry, folder, vocabulary)
    ends = [index for index in _end_ids(config) if index in range(vocabulary)]
    stops = [index for index in _end_ids(_generation(folder)) if index in range(vocabulary)]
    return ModelFacts(
        identity=ModelIdentity(
            weights=joined_digest(folder.sha256(name) for name in (CONFIG, *weights)),
            precision=entry.precision,
        ),
        tokenizer=_tokenizer_digest(entry, folder),
        parameters=entry.parameters or counted,
        non_embedding_parameters=counted - embedded,
        vocabulary=vocabulary,
        context=next((int(config[key]) for key in CONTEXT_KEYS if config.get(key)), None),
        end_ids=tuple(sorted({*ends, *stops})),
        text_end=next(iter(ends), None),
        chat_template=template_digest(template_in(folder)),
    )


def _config(folder: Folder) -> dict[str, Any]:
    config = _json(folder, CONFIG)
    # Models with several parts keep the language model's settings one level down.
    return {**config, **(config.get("text_config") or {})}


def _generation(folder: Folder) -> dict[str, Any]:
    return _json(folder, GENERATION) if GENERATION in folder.names else {}


def _json(folder: Folder, name: str) -> dict[str, Any]:
    try:
        content = json.loads(folder.beginning(name, folder.size(name)))
    except ValueError as error:
        raise _unusable(folder, name, f"what does not read ({error})") from error
    if not isinstance(content, dict):
        raise _unusable(folder, name, type(content).__name__)
    return content


def _unusable(folder: Folder, name: str, found: str) -> ModelError:
    return ModelError(
        f"{folder.title}/{name}: a JSON object was expected, found {found}: copy the file again, "
        "or save the model there with `model.save_pretrained`"
    )


def _vocabulary(folder: Folder, config: Mapping[str, Any]) -> int:
    size = config.get("vocab_size")
    if not isinstance(size, int) or size <= 0:
        raise ModelError(
            f"{folder.title}/{CONFIG}: `vocab_size` was expected to be a whole number above 0, "
            f"found {size!r}: save a causal language model there with `model.save_pretrained`"
        )
    return size


def _require_room(entry: ModelEntry, folder: Folder, vocabulary: int) -> None:
    """Raises ModelError for a tokenizer that gives ids which the network does not have."""
    # Other files of a tokenizer do not tell; a network that meets such an id then says so itself.
    spelled = ids_in(folder.place(TOKENIZER)) if TOKENIZER in folder.names else 0
    if spelled > vocabulary:
        raise ModelError(
            f"model {entry.name!r}: a tokenizer of at most {vocabulary} ids was expected, as many "
            f"as `vocab_size` in {CONFIG} says, found {spelled} in {folder.title}/{TOKENIZER}: use "
            "the tokenizer that the model was trained with, or the model that has these ids"
        )


def _weight_files(entry: ModelEntry, folder: Folder) -> list[str]:
    """The files that transformers would load, and no other copy of the weights beside them."""
    names, present = [WEIGHTS], folder.names
    if WEIGHTS not in present and INDEX in present:
        names = _indexed(folder) or names
    lacking = [name for name in names if name not in present]
    if lacking:
        remedy = (
            "copy it there, or convert the weights with `model.save_pretrained`"
            if entry.hub is None
            else "choose a repository that has them, or name a GGUF file of it with `file`"
        )
        pickled = sorted(name for name in present if name.endswith(PICKLED))
        only = f" but {_listed(pickled)}, which is pickled and never loaded" if pickled else ""
        raise ModelError(
            f"model {entry.name!r}: safetensors were expected in {folder.title}, found no "
            f"{lacking[0]}{only}: {remedy}"
        )
    return names


def _indexed(folder: Folder) -> list[str]:
    """The files that an index names. Raises ModelError where one could be anything else."""
    placed = _json(folder, INDEX).get("weight_map", {})
    names = set(map(str, placed.values() if isinstance(placed, dict) else (placed,)))
    for name in names:
        # What is named otherwise would be unpickled, whatever its beginning looks like.
        if not name.endswith(SAFETENSORS):
            raise ModelError(
                f"{folder.title}/{INDEX}: names of safetensors were expected, found {name[:60]!r}: "
                "convert the weights with `model.save_pretrained`"
            )
    return sorted(names)


def _sizes(folder: Folder, weights: list[str]) -> dict[str, int]:
    """Number of values of each parameter, from the headers alone."""
    found: dict[str, int] = {}
    for name in weights:
        found |= safetensors_sizes(folder, name)
    return {key: size for key, size in found.items() if not CONSTANT.search(key)}


def _without_tied_head(sizes: dict[str, int], config: Mapping[str, Any]) -> dict[str, int]:
    """The parameters, a head that is the embedding itself counted once, however it was saved."""
    if not config.get("tie_word_embeddings"):
        return sizes
    inside = {key: size for key, size in sizes.items() if not HEAD.search(key)}
    return inside if any(EMBEDDING.search(key) for key in inside) else sizes


def _tokenizer_digest(entry: ModelEntry, folder: Folder) -> str:
    spelling = (TOKENIZER,) if TOKENIZER in folder.names else VOCABULARY_FILES
    files = [name for name in (*spelling, *TOKENIZER_SETTINGS) if name in folder.names]
    if not set(files) & set(spelling):
        raise ModelError(
            f"model {entry.name!r}: a tokenizer was expected beside the weights in {folder.title}, "
            "found none: save one there with `tokenizer.save_pretrained`"
        )
    return joined_digest(f"{name}:{folder.sha256(name)}" for name in files)


def _end_ids(settings: Mapping[str, Any]) -> list[int]:
    ids = settings.get("eos_token_id")
    return ids if isinstance(ids, list) else [] if ids is None else [ids]
