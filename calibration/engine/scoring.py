"""Teacher forced: log loss and entropy of continuations, all decodings from one forward pass.

The vocabulary is projected in chunks of positions; nothing of size batch × length × vocabulary
is ever held.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import entropy, log_prob
from calibration.engine.language import Language, continued, padded, predicting
from calibration.engine.measuring import measured

CHUNK_LOGITS = (
    1 << 23
)  # 32 MiB of float32 at once: large enough for full speed, small beside weights


class Score(NamedTuple):
    """One continuation under one decoding; every array has one value a step."""

    log_loss: NDArray[np.float32]
    entropy: NDArray[np.float32]
    end_probability: NDArray[np.float32]


class Text(NamedTuple):
    """A prompt and the continuation that is scored after it."""

    prompt: Sequence[int]
    continuation: Sequence[int]


@torch.inference_mode()
def score(
    language: Language, texts: Sequence[Text], *, decodings: Sequence[Decoding], ending: Ending
) -> list[list[Score]]:
    """Scores of each text under each decoding: [decoding][text], from one forward pass."""
    prompts = padded([text.prompt for text in texts], language.device)
    batch = continued(prompts, [text.continuation for text in texts])
    prompt = prompts.ids.shape[1]
    steps = predicting(prompt, batch.ids.shape[1] - prompt)
    states = language.states(batch)[:, steps]  # (batch, steps, width)
    targets = batch.ids[:, prompt:]
    values = torch.cat(list(_chunks(language, states, targets, decodings, ending)), dim=1)
    table = values.view(len(decodings), *targets.shape, 3).cpu()
    return [
        [_score(rows[row, : len(text.continuation)]) for row, text in enumerate(texts)]
        for rows in table
    ]


def _chunks(
    language: Language,
    states: Tensor,
    targets: Tensor,
    decodings: Sequence[Decoding],
    ending: Ending,
) -> Iterator[Tensor]:
    """Log loss, entropy and end probability of consecutive positions.  # (decodings, chunk, 3)"""
    size = max(1, CHUNK_LOGITS // language.vocabulary)
    flat, tokens = states.flatten(0, 1), targets.flatten()
    for positions, chosen in zip(torch.split(flat, size), torch.split(tokens, size), strict=True):
        logits = language.logits(positions)
        rows = []
        for decoding in decodings:
            here = measured(logits, decoding, ending)
            loss = -log_prob(here.distribution, chosen)
            rows.append(torch.stack([loss, entropy(here.distribution), here.end_probability], -1))
        yield torch.stack(rows)


def _score(values: Tensor) -> Score:
    log_loss, entropies, end_probability = values.numpy().T.copy()
    return Score(log_loss, entropies, end_probability)
