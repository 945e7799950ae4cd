"""Exact models: checkpoints that are Markov chains over letters, and their closed forms.

A one-layer Llama whose attention and feed-forward outputs are zero, with one-hot embeddings and
the log transition matrix as its head, is the chain itself: a real checkpoint with a known answer.
"""

import json
import re
import string
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

Floats = NDArray[np.float64]

LETTERS = string.ascii_lowercase[:7]  # with the end token, an even width
END = "<end>"
END_ID = len(LETTERS)
CONTEXT = 512


def chain(seed: int, *, sharpness: float = 1.0) -> Floats:
    """A transition matrix over the letters, every entry positive."""
    logits = np.random.default_rng(seed).normal(scale=sharpness, size=(len(LETTERS),) * 2)
    weights = np.exp(logits)
    return weights / weights.sum(axis=1, keepdims=True)


def tempered(transition: Floats, temperature: float) -> Floats:
    """The chain at a temperature."""
    weights = transition ** (1 / temperature)
    return weights / weights.sum(axis=1, keepdims=True)


def truncated(
    transition: Floats,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    min_p: float | None = None,
    mixture: float,
) -> tuple[Floats, NDArray[np.bool_]]:
    """The chain as it is measured, and which letters the truncations allow after each."""
    whole = tempered(transition, temperature)
    allowed = np.ones(whole.shape, dtype=bool)
    if top_k is not None:
        allowed &= whole >= np.sort(whole, axis=1)[:, -top_k][:, None]
    if min_p is not None:
        allowed &= whole >= min_p * whole.max(axis=1, keepdims=True)
    inside = np.where(allowed, whole, 0.0)
    inside /= inside.sum(axis=1, keepdims=True)
    return (1 - mixture) * inside + mixture * whole, allowed


def stationary(transition: Floats) -> Floats:
    values, vectors = np.linalg.eig(transition.T)
    leading = np.real(vectors[:, np.argmax(np.real(values))])
    return leading / leading.sum()


def entropies(transition: Floats) -> Floats:
    """Entropy of the next letter in each state, nats."""
    return special.entr(transition).sum(axis=1)


class ClosedForm:
    """Means over `steps` steps of a model's chain against text from another chain."""

    def __init__(
        self,
        model: Floats,
        text: Floats,
        *,
        steps: int,
        temperature: float = 1.0,
        measured: Floats | None = None,
    ) -> None:
        measured = tempered(model, temperature) if measured is None else measured
        start = stationary(text)
        state, total = start.copy(), 0.0
        for _ in range(steps):
            total += float(state @ entropies(measured))
            state = state @ measured
        self.entropy = total / steps
        self.teacher_entropy = float(start @ entropies(measured))
        with np.errstate(divide="ignore"):  # what is impossible has an infinite loss
            self.log_loss = -float(start @ (text * np.log(measured)).sum(axis=1))
        self.ent_ce = self.entropy - self.log_loss


def ending_texts(
    transition: Floats, *, count: int, longest: int, end_probability: float, seed: int
) -> list[str]:
    """Texts of the chain that end with the given probability after each letter but the first."""
    whole = texts(transition, count=count, length=longest, seed=seed)
    lengths = np.random.default_rng(seed).geometric(end_probability, size=count)
    return [text[:length] for text, length in zip(whole, lengths, strict=True)]


def texts(transition: Floats, *, count: int, length: int, seed: int) -> list[str]:
    """Texts of the chain in its stationary state; no white space, so that none is cut."""
    generator = np.random.default_rng(seed)
    cumulative = transition.cumsum(axis=1)
    states = generator.choice(len(LETTERS), size=count, p=stationary(transition))
    steps = [states]
    for _ in range(length - 1):
        uniform = generator.random((count, 1))
        states = (uniform > cumulative[states]).sum(axis=1).clip(max=len(LETTERS) - 1)
        steps.append(states)
    letters = np.array(list(LETTERS))
    return ["".join(row) for row in letters[np.stack(steps, axis=1)]]


def write_texts(path: Path, lines: list[str]) -> None:
    """One text a row, each its own cluster."""
    rows = [
        json.dumps({"text": line, "cluster": f"text-{number:04d}"})
        for number, line in enumerate(lines)
    ]
    path.write_text("\n".join(rows) + "\n")


def write_checkpoint(directory: Path, transition: Floats, *, end_probability: float = 0.0) -> None:
    """Save the chain as a model of transformers, with a tokenizer of one token a letter."""
    full = np.zeros((len(LETTERS) + 1,) * 2)
    full[:-1, :-1] = transition * (1 - end_probability)
    full[:-1, -1] = end_probability
    full[-1, :-1] = 1 / len(LETTERS)
    _save(directory, full, [*LETTERS, END], ".")


def write_segmented_checkpoint(
    directory: Path, transition: Floats, *, tokens: Sequence[str], pattern: str
) -> None:
    """The same chain over letters in tokens of several: a perfect model of another segmentation.

    `pattern` cuts a text into `tokens`, from the first letter on. A single `a` that pattern may
    leave at the end of a prompt is a token too, which the model never makes.
    """
    emitted = [token for token in tokens if re.fullmatch(pattern, token)]
    names = [*emitted, *(token for token in tokens if token not in emitted), END]
    names += [f"<unused-{len(names)}>"] * (len(names) % 2)
    full = np.full((len(names),) * 2, 0.0)
    for row, before in enumerate(names):
        for column, token in enumerate(emitted):
            path = before[-1] + token if before in tokens else token
            states = [LETTERS.index(letter) for letter in path]
            full[row, column] = np.prod(transition[states[:-1], states[1:]])
    full /= full.sum(axis=1, keepdims=True)
    _save(directory, full, names, pattern)


def _save(directory: Path, full: Floats, names: Sequence[str], pattern: str) -> None:
    with np.errstate(divide="ignore"):
        head = np.maximum(np.log(full.T), -1e4)
    model = _blank(width=len(full), end=names.index(END))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(len(full)))
        # The norm of a one-hot vector of width V is the vector times √V; this takes it back.
        model.model.norm.weight.fill_(len(full) ** -0.5)
        model.lm_head.weight.copy_(torch.from_numpy(head))
    model.save_pretrained(directory)
    tokenizer_of(names, pattern).save_pretrained(directory)


def letter_tokenizer() -> PreTrainedTokenizerFast:
    return tokenizer_of([*LETTERS, END], ".")


def tokenizer_of(names: Sequence[str], pattern: str) -> PreTrainedTokenizerFast:
    vocabulary = {name: index for index, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=END))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(f"{pattern}|."), "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END)


def _blank(width: int, end: int) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=width,
            hidden_size=width,
            intermediate_size=width,
            num_hidden_layers=1,
            num_attention_heads=1,
            num_key_value_heads=1,
            max_position_embeddings=CONTEXT,
            rms_norm_eps=1e-12,
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=end,
        )
    )
