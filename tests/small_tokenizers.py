"""Small tokenizers of the classes that real models have, with templates as those models have them.

Each is written as its directory would be read: `llama3` and `qwen` are byte-level, the first begins
its texts; `llama2` has pieces with ▁ for the space, begins its texts, and its template has no
special tokens around a message.
"""

import json
from typing import Final

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import AddedToken, PreTrainedTokenizerFast

LINES = (
    "Write a story based on the following prompt: the last lighthouse on the coast.",
    "Once upon a time there was a keeper, and the keeper's daughter was a painter.\n\nShe said.",
    "system user assistant You are a helpful assistant. Q: What is it?\nA: The answer is 42.",
    "Cutting Knowledge Date: December 2023 Today Date: 26 Jul 2024 naïve café — 日本語 😀",
    "```\nfor i in range(10):\n    print(i)\n```",
)
LLAMA3: Final = (
    "{{- bos_token }}{%- if not date_string is defined %}{%- if strftime_now is defined %}"
    '{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}'
    '{%- set date_string = "never" %}{%- endif %}{%- endif %}'
    "{{- '<|start_header_id|>system<|end_header_id|>\\n\\nToday Date: ' + date_string "
    "+ '\\n\\n<|eot_id|>' }}"
    "{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' "
    "+ message['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)
QWEN: Final = (
    "{%- if messages[0]['role'] != 'system' %}"
    "{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{%- endif %}"
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
LLAMA2: Final = (
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + message['content'] | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)
SPECIAL = {
    "llama3": ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "qwen": ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
}


def llama3() -> PreTrainedTokenizerFast:
    """Byte-level, begun by its post-processor; its template begins texts too, and tells the day."""
    tokenizer = _byte_level(SPECIAL["llama3"])
    begin = SPECIAL["llama3"][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, 0)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=begin, eos_token="<|eot_id|>", chat_template=LLAMA3
    )


def qwen() -> PreTrainedTokenizerFast:
    """Byte-level, with nothing in front; its template writes a message of the system by itself."""
    tokenizer = _byte_level(SPECIAL["qwen"])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", chat_template=QWEN
    )


def llama2() -> PreTrainedTokenizerFast:
    """Pieces, with a space put before the first word, bytes for what has no piece, and <s>."""
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>"], show_progress=False)
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator([*LINES, "[INST] [/INST] " * 9] * 3, trainer)
    return _with_bytes(trained)


ALL: Final = {"llama3": llama3, "qwen": qwen, "llama2": llama2}


def _byte_level(special: tuple[str, ...]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(special),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES * 3, trainer)
    return tokenizer


def _with_bytes(trained: Tokenizer) -> PreTrainedTokenizerFast:
    """The same merges in a model that spells what it has no piece for by its bytes."""
    model = json.loads(trained.to_str())["model"]
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    names += [name for name in model["vocab"] if name not in names]
    merges = [tuple(pair) for pair in model["merges"]]
    vocabulary = {name: index for index, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in names[:3]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        chat_template=LLAMA2,
    )
