"""The paper's study with tiny models of its architectures, and texts in the layout of its hub.

A file that extends studies/paper.yaml, as a person without GPUs would write one: every model lies
in a directory, every data set too, and lengths are small.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl
import torch
import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    GPTNeoXConfig,
    GPTNeoXTokenizer,
    LlamaConfig,
    LlamaTokenizer,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2Tokenizer,
)

PAPER: Final = Path(__file__).parents[1] / "studies/paper.yaml"
SAID: Final = (
    "the of and a to in he was that his it with as had she you for on at be her not is him they "
    "river stone door light winter garden letter mother captain silence morning shadow bread city"
)
WORDS: Final = tuple(SAID.split())
EXAMPLES: Final = 12
PROMPT, CONTINUATION = 24, 72  # bytes
SHORTEST: Final = 120

# Names of the study, with the widths of the networks that stand in for them.
BASE: Final = {
    "Llama-2-7B": 16,
    "Llama-3.2-1B": 16,
    "Llama-3.1-8B": 24,
    "Pythia-410M": 16,
    "Pythia-1.4B": 24,
    "Pythia-2.8B": 32,
    "Qwen2.5-0.5B": 16,
    "Qwen2.5-1.5B": 24,
    "Qwen2.5-3B": 32,
}
COOLED: Final = ("Pythia-410M",)  # one path on the plane is enough
CHAT: Final = {
    "Llama-2-7B-Chat": "Llama-2-7B",
    "Llama-3.1-8B-Instruct": "Llama-3.1-8B",
    "Qwen2.5-3B-Instruct": "Qwen2.5-3B",
}

LLAMA_2_TEMPLATE: Final = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "[INST] {{ message['content'] | trim }} [/INST]{% else %} {{ message['content'] }}{% endif %}"
    "{% endfor %}"
)
LLAMA_3_TEMPLATE: Final = (
    "{{ bos_token }}{% if not date_string is defined %}"
    "{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "<|start_header_id|>system<|end_header_id|>\n\nToday Date: {{ date_string }}<|eot_id|>"
    "{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
CHATML_TEMPLATE: Final = (
    "<|im_start|>system\nYou are helpful.<|im_end|>\n"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_study(root: Path, **changes: Any) -> Path:  # noqa: ANN401
    """The override with everything that it names, under `root`; its path."""
    write_models(root)
    write_datasets(root)
    study = {
        "extends": str(PAPER),
        "name": "rehearsal",
        "root": str(root),
        "models": [_model(name) for name in (*BASE, *CHAT)],
        "datasets": [_dataset(name) for name in ("wikitext", "writingprompts", "codecontests")],
        "decodings": [{"temperature": 1.0}],
    }
    path = root / "rehearsal.yaml"
    path.write_text(yaml.safe_dump(study | changes, sort_keys=False))
    return path


def _model(name: str) -> dict[str, Any]:
    found = {"name": name, "path": f"models/{name}", "precision": "float32", "gpus": 1}
    cooled = [{"temperature": 1.0}, {"temperature": 0.8}]
    return found | ({"decodings": cooled} if name in COOLED else {})


def _dataset(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "source": {"kind": name, "dataset": f"data/{name}"},
        "prompt": PROMPT,
        "continuation": CONTINUATION,
        "shortest": SHORTEST,
        "examples": EXAMPLES,
    }


def write_models(root: Path) -> None:
    """A directory for every model, of the architecture and tokenizer of its family."""
    for seed, (name, width) in enumerate(BASE.items()):
        _write_model(root / "models" / name, name, width=width, seed=seed)
    for seed, (name, base) in enumerate(CHAT.items(), start=100):
        _write_model(root / "models" / name, base, width=BASE[base], seed=seed)


def _write_model(directory: Path, name: str, *, width: int, seed: int) -> None:
    tokenizer = tokenizer_of(name)
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(_config(name, width, tokenizer))
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)


def _config(name: str, width: int, tokenizer: PreTrainedTokenizerBase) -> Any:  # noqa: ANN401
    kind = {"L": LlamaConfig, "P": GPTNeoXConfig, "Q": Qwen2Config}[name[0]]
    return kind(
        vocab_size=len(tokenizer) + 3,  # padded, as most are
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.25,  # the default is so small that every context looks alike
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=None,
    )


def tokenizer_of(name: str) -> PreTrainedTokenizerBase:
    """A tokenizer of the class that a model of this name has, trained on a few words."""
    if name.startswith("Llama-2"):
        return _llama_2()
    if name.startswith("Llama-3"):
        return _llama_3()
    vocabulary, merges = _byte_level()
    if name.startswith("Pythia"):
        return GPTNeoXTokenizer(vocab=_with(vocabulary, "<|endoftext|>"), merges=merges)
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    tokenizer = Qwen2Tokenizer(
        vocab=_with(vocabulary, *special), merges=merges, additional_special_tokens=special[1:]
    )
    tokenizer.chat_template = CHATML_TEMPLATE
    return tokenizer


def _llama_2() -> PreTrainedTokenizerBase:
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    letters = sorted({letter for word in WORDS for letter in word})
    pieces = {name: index for index, name in enumerate([*names, *letters])}
    merges = [("▁", letter) for letter in letters] + [("t", "h"), ("th", "e"), ("▁", "the")]
    for one, other in merges:
        pieces.setdefault(one + other, len(pieces))
    tokenizer = LlamaTokenizer(vocab=pieces, merges=merges, add_bos_token=True)
    tokenizer.chat_template = LLAMA_2_TEMPLATE
    return tokenizer


def _llama_3() -> PreTrainedTokenizerBase:
    vocabulary, merges = _byte_level()
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    begin = "<|begin_of_text|>"
    special = [begin, "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
    tokenizer.add_special_tokens(special)
    number = tokenizer.token_to_id(begin)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, number)]
    )
    found = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=begin, eos_token="<|eot_id|>"
    )
    found.chat_template = LLAMA_3_TEMPLATE
    return found


def _byte_level() -> tuple[dict[str, int], list[tuple[str, str]]]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([" ".join(WORDS)] * 3, trainer)
    trained = yaml.safe_load(tokenizer.to_str())["model"]
    return trained["vocab"], [tuple(one) for one in trained["merges"]]


def _with(vocabulary: dict[str, int], *names: str) -> dict[str, int]:
    return vocabulary | {name: len(vocabulary) + place for place, name in enumerate(names)}


def write_datasets(root: Path) -> None:
    """The three data sets, each a directory as the hub has it."""
    generator = random.Random(7)
    _write(root, "wikitext", "train", {"text": [prose(generator, 60) for _ in range(20)]})
    _write(root, "writingprompts", "train", _stories(generator))
    for split, count in (("train", 14), ("valid", 3), ("test", 3)):
        _write(root, "codecontests", split, _problems(generator, count))


def prose(generator: random.Random, words: int) -> str:
    """Words in no order."""
    return " ".join(generator.choices(WORDS, k=words)).capitalize() + "."


def _stories(generator: random.Random) -> dict[str, Sequence[str]]:
    prompts = [f"[ WP ] {prose(generator, 6)}" for _ in range(14)]
    asked = [prompts[place % len(prompts)] for place in range(20)]
    return {"prompt": asked, "story": [prose(generator, 60) for _ in asked]}


def _problems(generator: random.Random, count: int) -> dict[str, Any]:
    solutions = [[_code(generator, 2), _code(generator, 14)] for _ in range(count)]
    return {
        "description": [prose(generator, 8) for _ in range(count)],
        "solutions": [{"solution": one, "language": [3, 3]} for one in solutions],
    }


def _code(generator: random.Random, lines: int) -> str:
    names = (generator.choice(WORDS) for _ in range(lines))
    return "\n".join(f"{name} = int(input()) + {len(name)}" for name in names)


def _write(root: Path, name: str, split: str, columns: dict[str, Any]) -> None:
    directory = root / "data" / name / "data"
    directory.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns).write_parquet(directory / f"{split}-00000-of-00001.parquet")
