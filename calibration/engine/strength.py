"""How much futures count: α of least log loss on human text, by Newton's method.

The log loss of p̃ ∝ exp(log p̂ + α s) is convex in α, its slope is E_p̃ s - s(human token) and its
curvature the variance of s under p̃. At the slope's zero the model's own mean of s is that of human
text, which is what calibrates it. What the network foresees of a text is read once.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import log_prob
from calibration.engine.foresight import Adjustment, Foresight, Form, positions_of
from calibration.engine.language import continued, padded, predicting
from calibration.engine.measuring import Ends, ends_on, measured
from calibration.engine.memory import CHUNK_LOGITS, TOKENS_AT_ONCE
from calibration.engine.newton import Slope, least
from calibration.engine.scoring import Text

PLAIN: Final = Decoding()
TOLERANCE: Final = 1e-5  # of a slope, in nats a token: float32 sums bear no more


class Steps(NamedTuple):
    """Steps of human texts: what is foreseen from, the token that came, and its position."""

    states: Tensor  # (steps, width)
    tokens: Tensor  # (steps,)
    positions: Tensor  # (steps,)
    texts: Tensor  # (steps,): which text a step is of


class Along(NamedTuple):
    """What human text says of an adjustment, step by step; float64, (steps,) each."""

    texts: NDArray[np.int64]
    blocks: NDArray[np.int64]
    log_loss: NDArray[np.float64]
    slope: NDArray[np.float64]  # of the log loss in α
    curvature: NDArray[np.float64]


def fitted(
    foresight: Foresight,
    texts: Sequence[Text],
    *,
    form: Form,
    ending: Ending,
    block: int | None = None,
) -> Adjustment:
    """The adjustment of least log loss on human texts: `strongest` along all of them."""
    steps = human_steps(foresight, texts)
    return strongest(foresight, steps, form=form, ending=ending, block=block)


def strongest(
    foresight: Foresight, steps: Steps, *, form: Form, ending: Ending, block: int | None = None
) -> Adjustment:
    """The adjustment of least log loss on human steps: one α, or one for each `block` positions.

    Blocks reach as far as the steps. Where the log loss has no least value, α is where it is flat
    to `TOLERANCE`. Raises ValueError where a block between others has no human token.
    """
    ends = ends_on(foresight.device, ending)
    last = 0 if block is None else int(steps.positions.max()) // block
    numbers = torch.zeros_like(steps.positions)
    if block is not None:
        numbers = (steps.positions // block).clamp(max=last)
    found = torch.unique(numbers)
    if len(found) <= int(found[-1]) - int(found[0]):
        raise ValueError(
            f"a human token in every block of {block} positions was expected, found none in some"
        )
    alphas = {
        int(one): _alpha(foresight, _only(steps, numbers == one), form, ends) for one in found
    }
    # Before the first block with a human token nothing is drawn.
    first = alphas[int(found[0])]
    return Adjustment(form, tuple(alphas.get(one, first) for one in range(last + 1)), block)


@torch.inference_mode()
def human_steps(foresight: Foresight, texts: Sequence[Text]) -> Steps:
    """Every step of some continuations."""
    parts = [_read(foresight, texts, rows) for rows in in_batches(texts)]
    return Steps(*(torch.cat(column) for column in zip(*parts, strict=True)))


@torch.inference_mode()
def along(foresight: Foresight, steps: Steps, adjustment: Adjustment, ending: Ending) -> Along:
    """Log loss of every step under an adjustment, and its derivatives in α."""
    ends = ends_on(foresight.device, ending)
    parts = [
        _measures(foresight, part, adjustment, ends)
        for part in _chunks(steps, foresight.vocabulary)
    ]
    values = torch.cat(parts, dim=1).double().cpu().numpy()
    blocks = adjustment.blocks_of(steps.positions)
    return Along(steps.texts.cpu().numpy(), blocks.cpu().numpy(), *values)


def _alpha(foresight: Foresight, steps: Steps, form: Form, ends: Ends) -> float:
    def at(alpha: float) -> Slope:
        adjustment, sums = Adjustment(form, (alpha,)), torch.zeros(2, dtype=torch.float64)
        for part in _chunks(steps, foresight.vocabulary):
            sums += _measures(foresight, part, adjustment, ends)[1:].double().sum(-1).cpu()
        return Slope(*(sums / len(steps.tokens)).tolist())

    return least(at, tolerance=TOLERANCE)


@torch.inference_mode()
def _measures(foresight: Foresight, steps: Steps, adjustment: Adjustment, ends: Ends) -> Tensor:
    """Log loss of each step, and its slope and curvature in α.  # (3, steps)"""
    foreseen = foresight.foreseen(steps.states)
    logits = adjustment.logits(foreseen, steps.positions)
    here = measured(logits, PLAIN, ends).distribution
    probabilities = here.weights / here.total.float().unsqueeze(-1)
    sharpness, weight = adjustment.statistic
    # Finite, since 0 times infinity is no number: a network may rule tokens out.
    lowest = torch.finfo(foreseen.logits.dtype).min
    statistic = sharpness * foreseen.logits.clamp(min=lowest) + weight * foreseen.futures
    # Less the human token's, so that small differences are not taken of large numbers.
    statistic = statistic - statistic.gather(-1, steps.tokens.unsqueeze(-1))
    statistic = statistic.masked_fill(probabilities == 0, 0.0)
    mean = (probabilities * statistic).sum(-1, keepdim=True)
    spread = (probabilities * (statistic - mean).square()).sum(-1)
    return torch.stack([-log_prob(here, steps.tokens), mean.squeeze(-1), spread])


def _read(foresight: Foresight, texts: Sequence[Text], rows: range) -> Steps:
    prompts = padded([texts[row].prompt for row in rows], foresight.device)
    batch = continued(prompts, [texts[row].continuation for row in rows])
    start = prompts.ids.shape[1]
    steps = predicting(start, batch.ids.shape[1] - start)
    lengths = torch.tensor([len(texts[row].continuation) for row in rows], device=foresight.device)
    tokens = batch.ids[:, start:]
    kept = torch.arange(tokens.shape[1], device=foresight.device) < lengths[:, None]
    numbers = torch.tensor(rows, device=foresight.device).unsqueeze(1).expand_as(tokens)
    states, positions = foresight.states(batch)[:, steps], positions_of(batch)[:, steps]
    return Steps(states[kept], tokens[kept], positions[kept], numbers[kept])


def in_batches(texts: Sequence[Text]) -> Iterator[range]:
    """The numbers of texts that are read together, in order."""
    longest = max(len(text.prompt) + len(text.continuation) for text in texts)
    size = max(1, TOKENS_AT_ONCE // longest)
    for start in range(0, len(texts), size):
        yield range(start, min(start + size, len(texts)))


def _chunks(steps: Steps, vocabulary: int) -> Iterator[Steps]:
    size = max(1, CHUNK_LOGITS // vocabulary)
    for columns in zip(*(torch.split(column, size) for column in steps), strict=True):
        yield Steps(*columns)


def _only(steps: Steps, kept: Tensor) -> Steps:
    return Steps(*(column[kept] for column in steps))
