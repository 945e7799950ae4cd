"""All that the science asks of a network, and which of its outputs predicts which token.

A network turns tokens into hidden states and hidden states into float32 logits; nothing here knows
a file, a library or a tokenizer. Prompts of several lengths share a batch by padding on the left,
so that one slice serves every row.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Generation(Protocol):
    """A batch that is being continued: its cache, and the logits of its next tokens.

    Its rows lie in tiles. In float32 what a row becomes does not depend on the other tiles, to the
    last bit.
    """

    def logits(self) -> Sequence[Tensor]:
        """Float32 logits of the next token of each row, tile by tile.  # (rows, vocabulary)"""
        ...

    def extend(self, tokens: Tensor) -> None:
        """Append one token to each row.  # (batch,)"""
        ...

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        """Go on with some rows alone, given by their places in order, in tiles anew.  # (kept,)"""
        ...


class Scope(Protocol):
    """What holds for every text of a network."""

    @property
    def vocabulary(self) -> int:
        """Number of token ids that have a logit."""
        ...

    @property
    def context(self) -> int | None:
        """Number of tokens that a prediction can look at; None without a limit."""
        ...

    @property
    def device(self) -> torch.device: ...


class Over:
    """The `Scope` of what is made of another."""

    def __init__(self, beneath: Scope) -> None:
        self._beneath = beneath

    @property
    def vocabulary(self) -> int:
        return self._beneath.vocabulary

    @property
    def context(self) -> int | None:
        return self._beneath.context

    @property
    def device(self) -> torch.device:
        return self._beneath.device


class Language(Scope, Protocol):
    """A network, as a distribution over token sequences."""

    def states(self, batch: "Batch") -> Tensor:
        """Hidden states of every position, teacher forced.  # (batch, length, width)"""
        ...

    def logits(self, states: Tensor) -> Tensor:
        """Logits in float32.  # (..., vocabulary)"""
        ...

    def generation(self, batch: "Batch", *, steps: int, tiles: list[int]) -> Generation:
        """The batch as a beginning that up to `steps` tokens will be appended to.

        `tiles` says how many rows, in order, belong together.
        """
        ...


class NoRoom(torch.OutOfMemoryError):
    """A device does not hold the network and a single text."""


class NotNumbers(ArithmeticError):
    """A network gave a distribution that holds no numbers, at a step of a row."""

    def __init__(self, *, row: int, step: int) -> None:
        super().__init__(f"row {row}, step {step}")
        self.row, self.step = row, step


class Batch(NamedTuple):
    """Token ids with padding marked."""

    ids: Tensor  # (batch, length)
    mask: (
        Tensor | None
    )  # (batch, length) true on tokens; None where there is no padding on the left
    first: int = 0  # the first place that is read: before it nothing need be looked ahead from


def predicting(prompt: int, continuation: int) -> slice:
    """The positions whose outputs predict the continuation of a prompt of `prompt` tokens.

    The output at index j predicts token j + 1, so the `continuation` tokens after the prompt are
    predicted at [prompt - 1, prompt - 1 + continuation). Nothing else may slice outputs.
    """
    return slice(prompt - 1, prompt - 1 + continuation)


def padded(prompts: Sequence[Sequence[int]], device: torch.device) -> Batch:
    """Prompts in one batch, padded on the left to the longest.  # (batch, longest)"""
    longest = max(map(len, prompts))
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros(len(prompts), longest, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.as_tensor(prompt)
        mask[row, longest - len(prompt) :] = True
    return Batch(ids.to(device), None if bool(mask.all()) else mask.to(device))


def continued(batch: Batch, continuations: Sequence[Sequence[int]]) -> Batch:
    """The batch with a continuation after each prompt, padded on the right.

    Padding on the right needs no mask: a causal network never looks at it from the left. What is
    read begins with the last token of the prompts.
    """
    longest = max(map(len, continuations))
    ids = torch.zeros(len(continuations), longest, dtype=torch.long)
    for row, continuation in enumerate(continuations):
        ids[row, : len(continuation)] = torch.as_tensor(continuation)
    ids = ids.to(batch.ids.device)
    first = predicting(batch.ids.shape[1], longest).start
    if batch.mask is None:
        return Batch(torch.cat([batch.ids, ids], dim=1), None, first)
    mask = torch.cat([batch.mask, torch.ones_like(ids, dtype=torch.bool)], dim=1)
    return Batch(torch.cat([batch.ids, ids], dim=1), mask, first)
