"""Free running: the model's own continuations, with the entropy of every step from the same pass.

Rows come in blocks, each under one decoding; all blocks of a call share every forward pass. In
float32 a block is equal bit for bit whatever others it shares with, as long as they are padded
alike, which blocks of the same prompts are. In 16 bits all rows meet the weights at once, which is
what a GPU wants.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.drawn import Continuation, Drawn
from calibration.engine.entropy import draw, entropy, log_prob
from calibration.engine.halving import Part, halves
from calibration.engine.language import Generation, Language, padded
from calibration.engine.measuring import Ends, ends_on, measured, rows_at_once
from calibration.engine.stops import Stops

Progress = Callable[[int], object]

# Steps between two looks at what was drawn: a look waits for the device, and a row that ended
# unseen costs its share of a step.
LOOK_EVERY = 16
# Rows of a block are moved together once this share of them has ended: moving copies the cache,
# which costs about as much as reading it in a step.
MOVE_AT = 0.25


class Prompt(NamedTuple):
    """What to continue, how far, and the uniforms that draw it."""

    ids: Sequence[int]
    uniforms: NDArray[np.float64]  # (steps,): the most tokens to draw
    bytes: int | None = None  # enough of them: the token that reaches this is the last


class Block(NamedTuple):
    """Prompts that are continued under one decoding."""

    prompts: Sequence[Prompt]
    decoding: Decoding


def sample(
    language: Language,
    blocks: Sequence[Block],
    *,
    ending: Ending,
    sizes: NDArray[np.int64] | None = None,
    progress: Progress,
) -> list[list[Continuation]]:
    """The model's own continuations, [block][prompt], each to its end or to its full length.

    `sizes` gives the bytes of every id, (vocabulary,), for prompts that ask for bytes. `progress`
    is called with the number of rows at each step. Where memory does not hold all rows, those that
    are not finished are begun again in two halves, and so on. Raises NotNumbers, with the row
    counted over all blocks, when the network yields values that are no numbers.
    """
    prompts = [prompt for block in blocks for prompt in block.prompts]
    found: dict[int, Continuation] = {}
    batches = [_parts(blocks)]
    while batches:
        run = _Run(language, prompts, batches.pop(), ending, sizes)
        fitted = run.draw_all(progress)
        found |= run.drawn.finished()
        if not fitted:
            left = run.unfinished()
            # Where half have finished, the rest are no more than a half.
            few = 2 * sum(len(part.rows) for part in left) <= run.rows
            batches += [left] if few else halves(left)
    rows = iter(range(len(prompts)))
    return [[found[next(rows)] for _ in block.prompts] for block in blocks]


def _parts(blocks: Sequence[Block]) -> list[Part]:
    ends = np.cumsum([len(block.prompts) for block in blocks])
    numbers = np.split(np.arange(ends[-1]), ends[:-1])
    pairs = zip(numbers, blocks, strict=True)
    return [Part(rows, block.decoding) for rows, block in pairs if len(rows)]


class _Run:
    """One pass over some parts: the rows under way, and what was drawn."""

    def __init__(
        self,
        language: Language,
        prompts: Sequence[Prompt],
        parts: Sequence[Part],
        ending: Ending,
        sizes: NDArray[np.int64] | None,
    ) -> None:
        self._language, self._parts = language, list(parts)
        numbers = self._numbers()
        self.rows = len(numbers)
        self._prompts = [prompts[number] for number in numbers]
        self._ends = ends_on(language.device, ending)
        self._noise = _noise(self._prompts).to(language.device)  # (steps, rows under way)
        self._latest = torch.zeros(0, dtype=torch.long)  # the last token of each row under way
        self.drawn = Drawn(numbers, _stops(self._prompts, sizes, ending))

    def draw_all(self, progress: Progress) -> bool:
        """Draw until nothing is left to draw; whether memory held it."""
        try:
            for rows in self._steps():
                progress(rows)
        except torch.OutOfMemoryError:
            return False
        return True

    def unfinished(self) -> list[Part]:
        """The rows that still want tokens."""
        finished = list(self.drawn.finished())
        left = [part._replace(rows=np.setdiff1d(part.rows, finished)) for part in self._parts]
        return [part for part in left if len(part.rows)]

    @torch.inference_mode()
    def _steps(self) -> Iterator[int]:
        """Draw until nothing is left to draw; yields the number of rows at each step."""
        language, steps = self._language, len(self._noise)
        if not steps:
            return
        batch = padded([prompt.ids for prompt in self._prompts], language.device)
        generation = language.generation(batch, steps=steps, tiles=self._sizes())
        seen: list[tuple[Tensor, Tensor]] = []
        for step in range(steps):
            if step:
                generation.extend(self._latest)
            self._latest, values = self._draw(generation.logits(), self._noise[step])
            seen.append((self._latest, values))
            yield len(self._latest)
            if (step + 1) % LOOK_EVERY == 0 or step + 1 == steps:
                self._look(seen)
                seen = []
                if not self._go_on(generation):
                    break

    def _draw(self, logits: Sequence[Tensor], uniforms: Tensor) -> tuple[Tensor, Tensor]:
        """The next token of each row, and entropies, log and end probabilities.  # (3, rows)"""
        made = [
            _drawn(rows, part.decoding, self._ends, noise)
            for part, rows, noise in zip(
                self._parts, logits, torch.split(uniforms, self._sizes()), strict=True
            )
        ]
        if len(made) == 1:
            return made[0]
        return torch.cat([one for one, _ in made]), torch.cat([one for _, one in made], dim=1)

    def _sizes(self) -> list[int]:
        return [len(part.rows) for part in self._parts]

    def _numbers(self) -> NDArray[np.int64]:
        return np.concatenate([part.rows for part in self._parts])

    def _look(self, seen: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Take what was drawn since the last look from the device."""
        tokens = torch.stack([one for one, _ in seen], dim=-1).int()
        values = torch.stack([one for _, one in seen], dim=-1)
        self.drawn.append(self._numbers(), tokens.cpu().numpy(), values.cpu().numpy())

    def _go_on(self, generation: Generation) -> bool:
        """Move the rows of blocks together of which enough have ended; whether any is left."""
        going = np.isin(self._numbers(), self.drawn.going())
        kept = [_kept(rows) for rows in np.split(going, np.cumsum(self._sizes())[:-1])]
        if all(one.all() for one in kept):
            return True
        pairs = zip(self._parts, kept, strict=True)
        left = [part._replace(rows=part.rows[keep]) for part, keep in pairs]
        self._parts = [part for part in left if len(part.rows)]
        if self._parts:
            rows = torch.from_numpy(np.concatenate(kept).nonzero()[0]).to(self._latest.device)
            self._latest, self._noise = self._latest[rows], self._noise[:, rows]
            generation.keep(rows, self._sizes())
        return bool(self._parts)


def _drawn(
    logits: Tensor, decoding: Decoding, ends: Ends, uniforms: Tensor
) -> tuple[Tensor, Tensor]:
    """A token a row, (rows,), and its entropy, log probability and end probability.  # (3, rows)"""
    tokens, values = [], []
    size = rows_at_once(logits)
    for rows, noise in zip(torch.split(logits, size), torch.split(uniforms, size), strict=True):
        here = measured(rows, decoding, ends)
        tokens.append(draw(here.distribution, noise))
        h, log_p = entropy(here.distribution), log_prob(here.distribution, tokens[-1])
        values.append(torch.stack([h, log_p, here.end_probability]))
    return torch.cat(tokens), torch.cat(values, dim=1)


def _kept(going: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows of a block stay in the batch."""
    ended = 1 - going.mean()
    return going if ended >= MOVE_AT else np.ones_like(going)


def _stops(prompts: Sequence[Prompt], sizes: NDArray[np.int64] | None, ending: Ending) -> Stops:
    return Stops(
        np.array([len(prompt.uniforms) for prompt in prompts], dtype=np.int64),
        np.array([np.inf if one.bytes is None else one.bytes for one in prompts]),
        sizes,
        ending.stopping,
    )


def _noise(prompts: Sequence[Prompt]) -> Tensor:
    """The uniforms of every step.  # (steps, rows)"""
    steps = max(len(prompt.uniforms) for prompt in prompts)
    noise = torch.zeros(steps, len(prompts), dtype=torch.float64)
    for row, prompt in enumerate(prompts):
        noise[: len(prompt.uniforms), row] = torch.from_numpy(prompt.uniforms)
    return noise
