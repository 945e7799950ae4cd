"""A model in one GGUF file: its facts from the header, in the names that llama.cpp gives them."""

import re
from collections.abc import Mapping

from calibration.deriving import ModelFacts
from calibration.errors import ModelError
from calibration.recipes import ModelIdentity
from calibration.study import ModelEntry
from storage.contents import Folder
from storage.headers import GgufHeader, gguf_header
from storage.templates import template_digest

GGUF = ".gguf"
ARCHITECTURE = "general.architecture"
CHAT_TEMPLATE = "tokenizer.chat_template"
EMBEDDING = re.compile(r"token_embd|position_embd|token_types|^output\.")
CONSTANT = re.compile(r"rope_(freqs|factors)")  # tables that follow from the settings
# End of text first, then what ends a turn or a message.
TEXT_END = "tokenizer.ggml.eos_token_id"
END_KEYS = (TEXT_END, "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id")


def gguf_facts(entry: ModelEntry, folder: Folder, name: str) -> ModelFacts:
    """What recipes and labels need to know of a GGUF file.

    Raises ModelError for one that cannot be measured, and HeaderError for what is no GGUF file.
    """
    header = gguf_header(folder, name)
    place = f"{folder.title}/{name}"
    architecture = _architecture(entry, header, place)
    vocabulary = _vocabulary(entry, header, architecture, place)
    sizes = {key: size for key, size in header.sizes.items() if not CONSTANT.search(key)}
    embedded = sum(size for key, size in sizes.items() if EMBEDDING.search(key))
    counted = sum(sizes.values())
    found = [_whole(header.metadata, key) for key in END_KEYS]
    ends = [index for index in found if index is not None and index in range(vocabulary)]
    text_end = _whole(header.metadata, TEXT_END)
    template = header.metadata.get(CHAT_TEMPLATE)
    return ModelFacts(
        identity=ModelIdentity(weights=folder.sha256(name), precision=entry.precision),
        tokenizer=header.tokenizer,
        parameters=entry.parameters or counted,
        non_embedding_parameters=counted - embedded,
        vocabulary=vocabulary,
        context=_whole(header.metadata, f"{architecture}.context_length"),
        end_ids=tuple(sorted(set(ends))),
        text_end=text_end if text_end in ends else None,
        chat_template=template_digest(template if isinstance(template, str) else None),
    )


def _architecture(entry: ModelEntry, header: GgufHeader, place: str) -> str:
    architecture = str(header.metadata.get(ARCHITECTURE))
    if _plain(architecture) not in _loadable():
        raise ModelError(
            f"model {entry.name!r}: a GGUF file that transformers loads was expected, found the "
            f"architecture {architecture!r} in {place}: use the model's safetensors instead"
        )
    parts = _whole(header.metadata, "split.count")
    if parts is not None and parts > 1:
        raise ModelError(
            f"model {entry.name!r}: a GGUF file that is a whole model was expected, found one of "
            f"{parts} parts in {place}: join them with `llama-gguf-split --merge`"
        )
    return architecture


def _loadable() -> set[str]:
    from transformers.integrations.gguf import GGUF_CONFIG_ARCHS
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    return {_plain(name) for name in (*GGUF_CONFIG_ARCHS, *GGUF_SUPPORTED_ARCHITECTURES)}


def _plain(architecture: str) -> str:
    # The same architecture is qwen2moe in the file and qwen2_moe in the library.
    return re.sub(r"[-_]", "", architecture)


def _vocabulary(entry: ModelEntry, header: GgufHeader, architecture: str, place: str) -> int:
    metadata = header.metadata
    tokens = _whole(metadata, "tokenizer.ggml.tokens")
    size = _whole(metadata, f"{architecture}.vocab_size") or tokens
    if not size or not tokens:
        raise ModelError(
            f"model {entry.name!r}: a tokenizer was expected in {place}, found none: use a GGUF "
            "file that was converted together with its tokenizer"
        )
    if size < tokens:
        raise ModelError(
            f"model {entry.name!r}: a tokenizer of at most {size} ids was expected in {place}, as "
            f"many as the network has, found {tokens}: use a GGUF file that was converted "
            "together with its tokenizer"
        )
    return size


def _whole(metadata: Mapping[str, object], key: str) -> int | None:
    value = metadata.get(key)
    return value if isinstance(value, int) else None
