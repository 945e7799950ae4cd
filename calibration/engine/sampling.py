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
    uniforms: NDArray[np.float64]  # (steps,): the most tokens to draw
    bytes: int | None = None  # enough of them: the token that reaches this is the last


def sample(
    language: Language,
    prompts: Sequence[Prompt],
    *,
    decoding: Decoding,
    ending: Ending,
    sizes: NDArray[np.int64] | None = None,
    progress: Progress,
) -> list[Continuation]:
    """The model's own continuation of each prompt, until it ends or has all it was asked for.

    `sizes` gives the bytes of every id, (vocabulary,), for prompts that ask for bytes. `progress`
    is called with the number of tokens of each step.
    """
    stops = _Stops(prompts, ending.stopping, sizes, language)
    columns = _columns(language, prompts, stops, decoding, ending, progress)
    tokens, entropies, log_probs, end_probabilities = (
        torch.stack(column, dim=1).cpu().numpy() for column in columns
    )
    ends = stops.lengths.tolist()
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
    stops: "_Stops",
    decoding: Decoding,
    ending: Ending,
    progress: Progress,
) -> tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]:
    """Tokens, entropies, log probabilities and end probabilities, a tensor a step.  # (batch,)"""
    columns: tuple[list[Tensor], ...] = ([], [], [], [])
    batch = padded([prompt.ids for prompt in prompts], language.device)
    noise = _noise(prompts).to(language.device)
    generation = language.generation(batch, len(noise))
    for step, uniforms in enumerate(noise):
        if step:
            generation.extend(columns[0][-1])
        here = measured(language.logits(generation.states()), decoding, ending)
        tokens = draw(here.distribution, uniforms)
        values = (tokens, entropy(here.distribution), log_prob(here.distribution, tokens))
        for column, value in zip(columns, (*values, here.end_probability), strict=True):
            column.append(value)
        progress(len(prompts))
        if stops.all_after(tokens):
            break
    return columns[0], columns[1], columns[2], columns[3]


def _noise(prompts: Sequence[Prompt]) -> Tensor:
    """The uniforms of every step.  # (steps, batch)"""
    steps = max(len(prompt.uniforms) for prompt in prompts)
    noise = torch.zeros(steps, len(prompts), dtype=torch.float64)
    for row, prompt in enumerate(prompts):
        noise[: len(prompt.uniforms), row] = torch.from_numpy(prompt.uniforms)
    return noise


class _Stops:
    """How many tokens of each row count so far, and which rows have all of theirs."""

    def __init__(
        self,
        prompts: Sequence[Prompt],
        stopping: Sequence[int],
        sizes: NDArray[np.int64] | None,
        language: Language,
    ) -> None:
        device = language.device
        steps = [len(prompt.uniforms) for prompt in prompts]
        asked = [prompt.bytes for prompt in prompts if prompt.bytes is not None]
        self.lengths = torch.zeros(len(prompts), dtype=torch.long, device=device)
        self._steps = torch.tensor(steps, device=device)
        self._going = self._steps > 0
        self._stopping = torch.tensor(stopping, dtype=torch.long, device=device)
        self._left = torch.tensor(asked, device=device) if asked else None
        self._sizes = None if sizes is None else torch.from_numpy(sizes).to(device)

    def all_after(self, tokens: Tensor) -> bool:
        """Whether nothing is left to draw once each row has its next token.  # (batch,)"""
        self.lengths += self._going
        self._going &= self.lengths < self._steps
        if len(self._stopping):
            self._going &= ~torch.isin(tokens, self._stopping)
        if self._left is not None and self._sizes is not None:
            self._left -= self._sizes[tokens]
            self._going &= self._left > 0
        # Asking a device for its answer waits for it; rows that only count their steps need not.
        waits = len(self._stopping) or self._left is not None
        return bool(waits and not self._going.any())
