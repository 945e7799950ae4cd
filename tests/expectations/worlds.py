"""Small whole measurements, one a unit and end policy, made by the functions that make real ones.

The network is a Markov chain over syllables of one to four bytes; human texts are words of them.
Everything is true of it, so every rule must hold; a test plants one fault and judges again.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
import torch
from torch import Tensor

from calibration.conventions import AtEnd, Unit
from calibration.edges import edge_difference
from calibration.encoding import Encoded, encoded
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.language import Batch
from calibration.engine.replay import replayed_rows
from calibration.measurement import replayed_part, sampled_part, scored_part
from calibration.reading import readings
from calibration.recipes import (
    ExamplesRecipe,
    ModelIdentity,
    SamplesRecipe,
    SourceIdentity,
    TextsRecipe,
)
from calibration.statistics.consistency import summary_gate
from calibration.statistics.measured import Measured, Summary
from calibration.statistics.series import fit_series
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples, summary_positions
from calibration.statistics.texts import summary_spread, summary_texts
from calibration.tables import REPLAY, SERIES_TABLES
from calibration.text import SourceText, selected
from expectations import suites

ROWS, CLUSTERS = 80, 48
PROMPT = {"tokens": 5, "bytes": 12}
CONTINUATION = {"tokens": 12, "bytes": 24}
WORDS = ("ka", "dwim", "tü", "ato", "ükato", "a", "kadwim")
SPELLED = ("", " ", "a", "ka", "ü", "dwim", "to", "t")
FREQUENT = (0.3, 0.15, 0.2, 0.1, 0.1, 0.1, 0.05)  # of what spells something, about as in the texts
END_ID = 0
END_PROBABILITY = {"continue": 0.008, "stop": 0.008, "natural": 0.05}
WORLDS: tuple[tuple[Unit, AtEnd], ...] = (
    ("tokens", "continue"),
    ("tokens", "stop"),
    ("tokens", "natural"),
    ("bytes", "continue"),
    ("bytes", "stop"),
    ("bytes", "natural"),
)


PLAIN = Decoding(1.0)
# Some of what people write is outside of each; the second is of what no truncation gives back.
MIXED = Decoding(0.9, top_k=6, min_p=0.05, mixture=0.3)
PURE = Decoding(top_p=0.8, mixture=0)


class Syllables:
    """The longest token that comes next, from the first on."""

    def encode(self, text: str) -> list[int]:
        ids = []
        while text:
            longest = max(SPELLED, key=lambda name: len(name) if text.startswith(name) else 0)
            ids.append(SPELLED.index(longest))
            text = text.removeprefix(longest)
        return ids

    encode_plain = encode

    def token(self, index: int) -> bytes:
        return SPELLED[index].encode()

    def lengths(self, ids: Sequence[int]) -> list[int]:
        return [len(self.token(index)) for index in ids]


class Chain:
    """A network that looks at the last token alone."""

    vocabulary = len(SPELLED)
    device = torch.device("cpu")

    def __init__(self, seed: int, *, end_probability: float, context: int | None = None) -> None:
        self.context = context
        generator = np.random.default_rng(seed)
        following = generator.dirichlet(20 * np.array(FREQUENT), size=self.vocabulary)
        ends = np.full((self.vocabulary, 1), end_probability)
        rows = np.concatenate([ends, following * (1 - end_probability)], axis=1)
        self._log_transition = torch.from_numpy(np.log(rows)).float()

    def states(self, batch: Batch) -> Tensor:
        return torch.nn.functional.one_hot(batch.ids, self.vocabulary).float()

    def logits(self, states: Tensor) -> Tensor:
        return states @ self._log_transition

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> "Chained":
        return Chained(self, batch.ids[:, -1], tiles)


class Chained:
    """Rows that are being continued: their last tokens are all there is to know."""

    def __init__(self, chain: Chain, last: Tensor, tiles: list[int]) -> None:
        self._chain, self._last, self._tiles = chain, last, tiles

    def logits(self) -> Sequence[Tensor]:
        return self._chain.logits(self._chain.states(Batch(self._last, None))).split(self._tiles)

    def extend(self, tokens: Tensor) -> None:
        self._last = tokens

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._last, self._tiles = self._last[rows], tiles


class World(NamedTuple):
    """One model measured on one data set: every table and the recipe of its samples."""

    recipe: SamplesRecipe
    texts: pl.DataFrame
    encoded: Encoded
    samples: pl.DataFrame
    replay: pl.DataFrame
    scores: pl.DataFrame
    summary: dict[str, pl.DataFrame]

    @property
    def examples(self) -> pl.DataFrame:
        return self.encoded.examples

    @property
    def unit(self) -> Unit:
        return self.recipe.examples.unit


def recipe(unit: Unit, at_end: AtEnd, decoding: Decoding) -> SamplesRecipe:
    natural = at_end == "natural"
    prompt, continuation = PROMPT[unit], CONTINUATION[unit]
    return SamplesRecipe(
        examples=ExamplesRecipe(
            texts=TextsRecipe(
                source=SourceIdentity(kind="files", content="syllables"),
                span_bytes=100,
                examples=ROWS,
                seed=0,
                tails="all" if natural else None,
            ),
            tokenizer="syllables",
            prompt=prompt,
            continuation=continuation,
            unit=unit,
            text_end=END_ID if natural else None,
        ),
        model=ModelIdentity(weights="chain", precision="float32"),
        decoding=decoding,
        at_end=at_end,
        end_ids=(END_ID,),
        seed=0,
    )


@cache
def world(
    unit: Unit,
    at_end: AtEnd,
    seed: int = 1,
    context: int | None = None,
    decoding: Decoding = PLAIN,
) -> World:
    """The measurement of one chain; with a `context`, of one that sees no more tokens."""
    asked = recipe(unit, at_end, decoding)
    texts = selected(_sources(), asked.examples.texts)
    found = encoded(texts, Syllables(), asked.examples)
    network = Chain(seed, end_probability=END_PROBABILITY[at_end], context=context)
    samples = sampled_part(
        found.examples,
        network,
        asked,
        sizes=np.array(Syllables().lengths(range(network.vocabulary))),
        progress=lambda _: None,
    )
    ending = Ending(at_end, asked.end_ids)
    (scores,) = scored_part(found.examples, network, decodings=[asked.decoding], ending=ending)
    chosen = replayed_rows(asked.digest, len(samples))
    replay = replayed_part(found.examples[chosen], samples[chosen], network, asked)
    steps = stepwise(samples, scores, found.examples, unit=unit, at_end=at_end)
    one_by_one = summary_texts(steps, samples, found.examples, texts)
    summary = {
        "examples": summary_examples(steps),
        "positions": summary_positions(steps),
        "texts": one_by_one,
        "spread": summary_spread(steps),
        "gate": summary_gate(replay, edge=edge_difference(decoding, "float32")),
        "readings": readings(
            samples, scores, found.examples, texts=one_by_one, token=Syllables().token
        ),
    }
    return World(asked, texts, found, samples, replay, scores, summary)


@cache
def fitted(unit: Unit, at_end: AtEnd, decoding: Decoding = PLAIN) -> dict[str, pl.DataFrame]:
    """The tables of a series of three chains; some texts are later than their training."""
    members = []
    for seed in (1, 2, 3):
        tables = {
            name: table
            for name, table in world(unit, at_end, seed, decoding=decoding).summary.items()
            if name != "readings"
        }
        members.append(
            Measured(
                name=f"chain-{seed}",
                family="chains",
                parameters=1000**seed,
                non_embedding_parameters=500**seed,
                tokens=None,
                trained_until=2010,
                distilled=seed == 1,
                chat=False,
                base=None,
                dataset="syllables",
                decoding=decoding.label,
                temperature=decoding.temperature,
                truncation=decoding.truncation,
                mixture=decoding.mixture,
                unit=unit,
                at_end=at_end,
                summary=Summary(**tables),
            )
        )
    series = fit_series(members)
    return {name: getattr(series, name) for name in SERIES_TABLES}


def judged_texts(of: World, texts: pl.DataFrame) -> pl.DataFrame:
    asked = of.recipe.examples.texts
    return suites.texts_verdict(
        texts, span_bytes=asked.span_bytes, examples=asked.examples, independent=asked.independent
    )


def judged_examples(of: World, examples: pl.DataFrame) -> pl.DataFrame:
    asked = of.recipe.examples
    return suites.examples_verdict(
        examples,
        prompt=asked.prompt,
        continuation=asked.continuation,
        unit=asked.unit,
        text_end=asked.text_end,
        vocabulary=len(SPELLED),
        left_out=of.encoded.too_short + of.encoded.altered,
    )


def judged_samples(of: World, samples: pl.DataFrame) -> pl.DataFrame:
    """The verdict on samples that are those of a world but for what a test has planted.

    A replay agrees with them to the last bit, whatever was planted.
    """
    replay = samples.filter(pl.col("example").is_in(of.replay["example"].to_list())).select(
        pl.col(name.removeprefix("replayed_")).alias(name) for name in REPLAY
    )
    return suites.samples_verdict(
        samples,
        replay,
        of.examples,
        vocabulary=len(SPELLED),
        unit=of.unit,
        at_end=of.recipe.at_end,
        end_ids=of.recipe.end_ids,
        precision="float32",
        decoding=of.recipe.decoding,
    )


def judged_scores(of: World, scores: pl.DataFrame) -> pl.DataFrame:
    return suites.scores_verdict(
        scores,
        of.examples,
        vocabulary=len(SPELLED),
        text_end=of.recipe.examples.text_end,
        decoding=of.recipe.decoding,
    )


def judged_summary(of: World, **changed: pl.DataFrame) -> pl.DataFrame:
    tables = of.summary | changed
    return suites.summary_verdict(
        tables.pop("examples"),
        tables.pop("positions"),
        **tables,
        unit=of.unit,
        at_end=of.recipe.at_end,
        precision="float32",
        vocabulary=len(SPELLED),
        decoding=of.recipe.decoding,
    )


def judged_fit(
    unit: Unit, at_end: AtEnd, decoding: Decoding = PLAIN, **changed: pl.DataFrame
) -> pl.DataFrame:
    return suites.fit_verdict(**(fitted(unit, at_end, decoding) | changed))


Judged = Callable[[World], pl.DataFrame]
KINDS: dict[str, Judged] = {
    "texts": lambda of: judged_texts(of, of.texts),
    "examples": lambda of: judged_examples(of, of.examples),
    "samples": lambda of: judged_samples(of, of.samples),
    "scores": lambda of: judged_scores(of, of.scores),
    "summaries": judged_summary,
    "fits": lambda of: judged_fit(of.unit, of.recipe.at_end, of.recipe.decoding),
}


def _sources() -> list[SourceText]:
    """Two texts a cluster, of 24 to 60 bytes: some end inside their window."""
    generator = np.random.default_rng(7)
    sources = []
    for number in range(2 * CLUSTERS):
        shortest, text = generator.integers(24, 60), ""
        while len(text.encode()) < shortest:
            text = f"{text} {generator.choice(WORDS)}".strip()
        year = None if number % 5 == 0 else 2000 + number % 20
        sources.append(SourceText(f"speech {number % CLUSTERS}", "", text, year))
    return sources
