"""Free running: the model's own continuations, with the entropy of every step from the same pass.

Rows of one call share every forward pass. The caller decides which rows belong together; results
in float32 are equal bit for bit when the same rows are sampled together again.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import draw, entropy, log_prob
from calibration.engine.language import Language, padded
from calibration.engine.measuring import measured

Progress = Callable[[int], object]


class Continuation(NamedTuple):
    """One generated continuation; every array has one value a step."""

    tokens: NDArray[np.int32]
    entropy: NDArray[np.float32]
    log_prob: NDArray[np.float32]
    end_probability: NDArray[np.float32]
    ended: bool


class Prompt(NamedTuple):
    """What to continue, how far, and the uniforms that draw it."""

    ids: Sequence[int]
    uniforms: NDArray[np.float64]  # (steps,)


def sample(
    language: Language,
    prompts: Sequence[Prompt],
    *,
    decoding: Decoding,
    ending: Ending,
    progress: Progress,
) -> list[Continuation]:
    """The model's own continuation of each prompt, as long as its uniforms or until it ends.

    `progress` is called with the number of tokens of each step.
    """
    lengths = np.array([len(prompt.uniforms) for prompt in prompts])
    steps = int(lengths.max())
    noise = torch.zeros(steps, len(prompts), dtype=torch.float64)
    for row, prompt in enumerate(prompts):
        noise[: len(prompt.uniforms), row] = torch.from_numpy(prompt.uniforms)
    columns = _columns(language, prompts, noise.to(language.device), decoding, ending, progress)
    tokens, entropies, log_probs, end_probabilities = (
        torch.stack(column, dim=1).cpu().numpy() for column in columns
    )
    ends = _ends(tokens, lengths, ending.stopping)
    return [
        Continuation(
            tokens[row, :end].astype(np.int32),
            entropies[row, :end],
            log_probs[row, :end],
            end_probabilities[row, :end],
            bool(np.isin(tokens[row, end - 1], ending.stopping)),
        )
        for row, end in enumerate(ends)
    ]


@torch.inference_mode()
def _columns(
    language: Language,
    prompts: Sequence[Prompt],
    noise: Tensor,
    decoding: Decoding,
    ending: Ending,
    progress: Progress,
) -> tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]:
    """Tokens, entropies, log probabilities and end probabilities, a tensor a step.  # (batch,)"""
    columns: tuple[list[Tensor], ...] = ([], [], [], [])
    batch = padded([prompt.ids for prompt in prompts], language.device)
    generation = language.generation(batch, len(noise))
    stopping = torch.tensor(ending.stopping, dtype=torch.long, device=language.device)
    unfinished = torch.ones(len(prompts), dtype=torch.bool, device=language.device)
    for step, uniforms in enumerate(noise):
        if step:
            generation.extend(columns[0][-1])
        here = measured(language.logits(generation.states()), decoding, ending)
        tokens = draw(here.distribution, uniforms)
        values = (tokens, entropy(here.distribution), log_prob(here.distribution, tokens))
        for column, value in zip(columns, (*values, here.end_probability), strict=True):
            column.append(value)
        progress(len(prompts))
        if len(stopping):
            unfinished &= ~torch.isin(tokens, stopping)
            if not bool(unfinished.any()):
                break
    return columns[0], columns[1], columns[2], columns[3]


def _ends(
    tokens: NDArray[np.int64], lengths: NDArray[np.int64], stopping: Sequence[int]
) -> list[int]:
    """How many steps of each row count: up to its length, or through its first end id."""
    stops = np.isin(tokens, stopping)
    first = np.where(stops.any(axis=1), stops.argmax(axis=1) + 1, tokens.shape[1])
    ends: list[int] = np.minimum(first, lengths).tolist()
    return ends
