"""The replay gate on real networks: planted faults are refused, clean runs are not."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import pytest
import torch
from gate import refused
from small_languages import Same
from tiny import VOCABULARY, tiny_network
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.language import Batch, Generation, Language
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Text, score
from calibration.engine.uniforms import uniforms
from calibration.statistics.consistency import (
    ReplayConsistency,
    refuses,
    replay_consistency,
)
from calibration.tables import REPLAY

ROWS, STEPS = 64, 32
ENDING = Ending("continue", (0,))
PLAIN = Decoding(1.0)


class SlippedByOne(Same):
    """The output at index j is taken for the one at j - 1."""

    def states(self, batch: Batch) -> Tensor:
        return self._network.states(batch).roll(-1, dims=1)


class StaleCache(Same):
    """Every fourth token never reaches the cache: the one before it goes in twice."""

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        return _Forgetful(self._network.generation(batch, steps=steps, tiles=tiles))


class _Forgetful:
    def __init__(self, generation: Generation) -> None:
        self._generation, self._count = generation, 0
        self._last: Tensor | None = None

    def logits(self) -> Sequence[Tensor]:
        return self._generation.logits()

    def extend(self, tokens: Tensor) -> None:
        self._count += 1
        stale = self._last is not None and self._count % 4 == 0
        self._generation.extend(self._last if stale and self._last is not None else tokens)
        self._last = tokens

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._generation.keep(rows, tiles)


class DoubledBeginning(Same):
    """The sampler sees the first token of each prompt twice."""

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        ids = torch.cat([batch.ids[:, :1], batch.ids], dim=1)
        return self._network.generation(Batch(ids, None), steps=steps, tiles=tiles)


class PaddingWithoutMask(Same):
    """The sampler takes the padding on the left for tokens."""

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        return self._network.generation(Batch(batch.ids, None), steps=steps, tiles=tiles)


class Truncated(Same):
    """Only the ten likeliest tokens can be drawn."""

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        return _OfTen(self._network.generation(batch, steps=steps, tiles=tiles))


class _OfTen(_Forgetful):
    def logits(self) -> Sequence[Tensor]:
        return [_of_ten(rows) for rows in self._generation.logits()]

    def extend(self, tokens: Tensor) -> None:
        self._generation.extend(tokens)


def _of_ten(logits: Tensor) -> Tensor:
    tenth = logits.topk(10, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < tenth, -torch.inf)


def prompts(seed: int, *, ragged: bool = False) -> list[Prompt]:
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 12, ROWS) if ragged else np.full(ROWS, 6)
    return [
        Prompt(
            generator.integers(1, VOCABULARY, length).tolist(),
            uniforms(seed, "gate", example=row, steps=STEPS),
        )
        for row, length in enumerate(lengths)
    ]


def replayed(
    sampler: Language,
    scorer: Language,
    *,
    sampled: Decoding = PLAIN,
    ragged: bool = False,
    seed: int = 0,
    raw_values: bool = False,
) -> ReplayConsistency:
    """The consistency of texts drawn from one network and replayed through another.

    With `raw_values`, what the sampler records are the plain network's values, not its own.
    """
    rows = prompts(seed, ragged=ragged)
    block = Block(rows, sampled)
    (made,) = sample(sampler, [block], ending=ENDING, progress=lambda _: None)
    texts = [Text(row.ids, one.tokens.tolist()) for row, one in zip(rows, made, strict=True)]
    (scores,) = score(scorer, texts, decodings=[PLAIN], ending=ENDING)
    recorded = scores if raw_values else None
    return replay_consistency(
        pl.DataFrame(
            {
                "cluster": [f"{row}" for row in range(ROWS)],
                "example": range(ROWS),
                "entropy": [one.entropy for one in recorded or made],
                "log_prob": [-one.log_loss for one in recorded]
                if recorded
                else [one.log_prob for one in made],
                "replayed_entropy": [one.entropy for one in scores],
                "replayed_log_prob": [-one.log_loss for one in scores],
            },
            schema=REPLAY,
        )
    )


FAULTS: dict[str, Callable[[Language], ReplayConsistency]] = {
    "slip by one": lambda network: replayed(network, SlippedByOne(network)),
    "stale cache": lambda network: replayed(StaleCache(network), network),
    "doubled beginning of text": lambda network: replayed(DoubledBeginning(network), network),
    "wrong temperature": lambda network: replayed(network, network, sampled=Decoding(0.9)),
    "left padding without mask": lambda network: replayed(
        PaddingWithoutMask(network), network, ragged=True
    ),
    "truncated sampling scored raw": lambda network: replayed(
        Truncated(network), network, raw_values=True
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_refused(fault: str) -> None:
    assert refused(FAULTS[fault](tiny_network()))


@pytest.mark.parametrize("fault", ["slip by one", "truncated sampling scored raw"])
def test_the_martingale_alone_refuses_what_two_equal_values_would_hide(fault: str) -> None:
    found = FAULTS[fault](tiny_network())
    assert refuses(found.mean_z, found.mean, standard_error=found.entropy_se)


def test_two_hundred_clean_runs_raise_no_refusal() -> None:
    network = tiny_network()
    refusals = [
        seed
        for seed in range(200)
        if refused(replayed(network, network, ragged=seed % 2 == 0, seed=seed))
    ]
    assert refusals == []
