"""The published computation, written plainly, beside ours: one number where the protocol is one.

And the size of each deliberate difference, against what can be derived of it: log losses read one
token late, texts that end, texts chosen by a tokenizer, references shorter than generations.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
import torch
from markov import (
    END_ID,
    LETTERS,
    Floats,
    chain,
    entropies,
    stationary,
    write_checkpoint,
    write_segmented_checkpoint,
)
from scipy import special
from tiny import tiny_model
from transformers import AutoModelForCausalLM, PreTrainedModel

from calibration.conventions import AtEnd
from calibration.encoding import encoded
from calibration.engine.decoding import Decoding, Ending
from calibration.measurement import sampled_part, scored_part
from calibration.recipes import (
    ExamplesRecipe,
    ModelIdentity,
    SamplesRecipe,
    SourceIdentity,
    TextsRecipe,
)
from calibration.statistics.ent_ce import Estimate, curves, estimate
from calibration.statistics.intervals import Interval
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples, summary_positions
from calibration.tables import EXAMPLES
from calibration.text import SourceText, selected
from storage.networks import Network
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

TEXTS = TextsRecipe(
    source=SourceIdentity(kind="files", content="published"), span_bytes=96, examples=9, seed=0
)
START = 0  # the letter that every prompt ends with, where texts begin in one state
PLAIN = Decoding(temperature=1.0)
CLOSE = 1e-5  # nats


class Means(NamedTuple):
    """Entropy a step of generated text, log loss a step of human text."""

    entropy: float
    log_loss: float


def naive(
    model: PreTrainedModel,
    prompts: Sequence[list[int]],
    generations: Sequence[list[int]],
    references: Sequence[list[int]],
    *,
    masked: Sequence[int] = (),
    late: int = 0,
) -> Means:
    """Σ/Σ over texts, one row of logits a token; losses are read `late` steps late."""
    entropy = [
        special.entr(steps(model, *one, masked)).sum(axis=1)
        for one in zip(prompts, generations, strict=True)
    ]
    losses = []
    for prompt, reference in zip(prompts, references, strict=True):
        chosen = steps(model, prompt, reference, masked)[np.arange(len(reference)), reference]
        losses.append(-np.log(chosen)[late:])
    return Means(np.concatenate(entropy).mean(), np.concatenate(losses).mean())


def steps(
    model: PreTrainedModel, prompt: list[int], text: list[int], masked: Sequence[int]
) -> Floats:
    """The distribution that each token of a text is drawn from.  # (tokens, vocabulary)"""
    with torch.no_grad():
        logits = model(torch.tensor([prompt + text])).logits[0].double().numpy()
    logits[:, list(masked)] = -np.inf
    return special.softmax(logits[len(prompt) - 1 : -1], axis=1)


class Ours:
    """The same texts through the engine and the tables."""

    def __init__(
        self,
        model: PreTrainedModel,
        examples: pl.DataFrame,
        *,
        at_end: AtEnd = "continue",
        end_ids: tuple[int, ...] = (),
    ) -> None:
        self.at_end: AtEnd = at_end
        self.examples, network = examples, Network(model)
        recipe = SamplesRecipe(
            examples=ExamplesRecipe(
                texts=TEXTS, tokenizer="t", prompt=1, continuation=99, unit="tokens"
            ),
            model=ModelIdentity(weights="w", precision="float32"),
            decoding=PLAIN,
            at_end=at_end,
            end_ids=end_ids,
            seed=3,
        )
        sizes = np.ones(network.vocabulary, dtype=np.int64)
        self.samples = sampled_part(examples, network, recipe, sizes=sizes, progress=lambda _: None)
        ending = Ending(at_end, end_ids)
        (self.scores,) = scored_part(examples, network, decodings=[PLAIN], ending=ending)

    def steps(self, *, slipped: bool = False) -> pl.DataFrame:
        return stepwise(
            self.samples,
            self.scores,
            self.examples,
            unit="tokens",
            at_end=self.at_end,
            losses="slipped" if slipped else None,
        )

    def estimate(self, *, slipped: bool = False) -> Estimate:
        return estimate(summary_examples(self.steps(slipped=slipped)))

    @property
    def generations(self) -> list[list[int]]:
        found: list[list[int]] = self.samples["tokens"].to_list()
        return found

    @property
    def entropies(self) -> list[list[float]]:
        found: list[list[float]] = self.samples["entropy"].to_list()
        return found


def examples_of(prompts: Sequence[list[int]], references: Sequence[list[int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "cluster": [f"text {number}" for number, _ in enumerate(prompts)],
            "example": range(len(prompts)),
            "prompt_ids": prompts,
            "continuation_ids": references,
            "continuation_bytes": [[1] * len(one) for one in references],
            "window": [len(one) for one in references],
        },
        schema=EXAMPLES,
    )


def markov_model(directory: Path, transition: Floats, **end: float) -> PreTrainedModel:
    write_checkpoint(directory, transition, **end)
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(directory)
    return model


def texts_from(transition: Floats, start: Floats, *, count: int, length: int) -> list[list[int]]:
    """Texts of a chain whose first letter is drawn from `start`."""
    generator = np.random.default_rng(11)
    states = generator.choice(len(LETTERS), size=count, p=start)
    made = [states]
    for _ in range(length - 1):
        uniform = generator.random((count, 1))
        states = (uniform > transition.cumsum(axis=1)[states]).sum(axis=1).clip(max=6)
        made.append(states)
    return np.stack(made, axis=1).tolist()  # type: ignore[no-any-return]


def agrees(found: Interval, expected: float) -> bool:
    """Within four standard errors, which chance leaves once in 16,000 times."""
    return abs(found.value - expected) < 4 * found.standard_error


def wide_start() -> Floats:
    """A chain that says little of what follows its first letter, and much of what others are."""
    transition = chain(3, sharpness=3.0)
    transition[START] = 1 / len(LETTERS)
    return transition


def after_start(transition: Floats, steps: int) -> list[Floats]:
    """Where a chain, or what is left of one that ends, is before each step from the start on."""
    place = np.eye(len(transition))[START]
    found = []
    for _ in range(steps):
        found.append(place)
        place = place @ transition
    return found


@pytest.mark.parametrize("late", [0, 1])
@pytest.mark.parametrize("at_end", ["stop", "continue"])
@pytest.mark.parametrize("name", ["markov", "llama"])
def test_the_published_computation_and_ours_agree_on_the_same_tokens(
    name: str, at_end: AtEnd, late: int, tmp_path: Path
) -> None:
    generator = np.random.default_rng(0)
    if name == "markov":
        model, end = markov_model(tmp_path, chain(1), end_probability=0.04), END_ID
    else:
        model, end = tiny_model(), 0
    low, high = (0, 7) if name == "markov" else (1, 64)
    prompts = generator.integers(low, high, size=(24, 5)).tolist()
    references = [generator.integers(low, high, size=size).tolist() for size in [30] * 20 + [9] * 4]
    ours = Ours(model, examples_of(prompts, references), at_end=at_end, end_ids=(end,))
    masked = (end,) if at_end == "continue" else ()
    plain = naive(model, prompts, ours.generations, references, masked=masked, late=late)
    found = ours.estimate(slipped=late == 1)
    assert found.entropy == pytest.approx(plain.entropy, abs=CLOSE)
    assert found.log_loss == pytest.approx(plain.log_loss, abs=CLOSE)
    assert found.ent_ce.value == pytest.approx(plain.entropy - plain.log_loss, abs=CLOSE)
    assert bool(ours.samples["ended"].any()) == (at_end == "stop")


def test_losses_read_one_token_late_lose_the_first_and_nothing_else(tmp_path: Path) -> None:
    count, length = 1500, 6
    transition = wide_start()
    texts = texts_from(transition, np.eye(7)[START], count=count, length=length + 1)
    examples = examples_of([text[:1] for text in texts], [text[1:] for text in texts])
    ours = Ours(markov_model(tmp_path, transition), examples)
    right, late = ours.estimate(), ours.estimate(slipped=True)
    losses = [float(place @ entropies(transition)) for place in after_start(transition, length)]
    slip = np.mean(losses[1:]) - np.mean(losses)
    assert slip < -0.1  # nats
    first = float(np.mean(ours.scores["log_loss"].list.first().to_numpy()))
    assert late.log_loss - right.log_loss == pytest.approx(
        (right.log_loss - first) / (length - 1), abs=CLOSE
    )
    assert late.entropy == right.entropy
    assert late.log_loss - right.log_loss == pytest.approx(slip, abs=0.02)
    # A model of its own text is calibrated, and looks as if it were not.
    assert agrees(right.ent_ce, 0.0)
    assert agrees(late.ent_ce, -slip)
    assert not agrees(late.ent_ce, 0.0)


def test_a_model_that_may_end_looks_more_entropic_than_texts_that_never_do(tmp_path: Path) -> None:
    count, length, rate = 1500, 8, 0.05
    transition = chain(2)
    start = stationary(transition)
    texts = texts_from(transition, start, count=count, length=length + 1)
    examples = examples_of([text[:1] for text in texts], [text[1:] for text in texts])
    model = markov_model(tmp_path, transition, end_probability=rate)
    stopped = Ours(model, examples, at_end="stop", end_ids=(END_ID,)).estimate()
    going_on = Ours(model, examples, end_ids=(END_ID,)).estimate()
    entropy = float(start @ entropies(transition))
    bias = rate * (np.log(1 / rate) - entropy) + rate * np.log(1 - rate)
    assert bias > 0.05
    assert agrees(stopped.ent_ce, bias)
    assert not agrees(stopped.ent_ce, 0.0)
    assert agrees(going_on.ent_ce, 0.0)


class Survivors(NamedTuple):
    """Entropy a step of texts that may end, in three ways."""

    every_token: float  # Σ/Σ: those that ended count what they have
    position_by_position: float  # the mean over positions of the survivors' means
    unended: float  # of texts that did not end


def test_each_way_to_count_texts_that_ended_is_a_number_of_its_own(tmp_path: Path) -> None:
    count, length = 3000, 12
    ending = wide_start()
    going_on = ending.copy()
    going_on[START] *= 0.6  # the wide state alone ends texts
    expected = survivors_expected(going_on, length)
    model = ending_model(tmp_path, going_on)
    texts = texts_from(ending, np.eye(7)[START], count=count, length=length + 1)
    examples = examples_of([text[:1] for text in texts], [text[1:] for text in texts])
    ours = Ours(model, examples, at_end="stop", end_ids=(END_ID,))
    found = survivors_found(ours.entropies, ours.samples["ended"].to_list(), length)
    assert ours.estimate().entropy == pytest.approx(found.every_token, abs=CLOSE)
    by_position = curves(summary_positions(ours.steps()))["entropy"].mean()
    assert by_position == pytest.approx(found.position_by_position, abs=CLOSE)
    for name, value in found._asdict().items():
        assert value == pytest.approx(getattr(expected, name), abs=0.03), name
    assert expected.position_by_position < expected.every_token - 0.05
    assert expected.unended < expected.position_by_position - 0.01


def survivors_expected(going_on: Floats, length: int) -> Survivors:
    """From where the chain is while it goes on: row sums are what does not end."""
    ends = 1 - going_on.sum(axis=1)
    entropy = special.entr(going_on).sum(axis=1) + special.entr(ends)
    places = after_start(going_on, length)
    sums, left = [place @ entropy for place in places], [place.sum() for place in places]
    # What goes on after each step to the end of the window.
    later = [np.linalg.matrix_power(going_on, length - step).sum(axis=1) for step in range(length)]
    kept = [float((place * entropy) @ rest) for place, rest in zip(places, later, strict=True)]
    return Survivors(
        every_token=float(np.sum(sums) / np.sum(left)),
        position_by_position=float(np.mean(np.divide(sums, left))),
        unended=float(np.sum(kept) / (length * later[0][START])),
    )


def survivors_found(rows: list[list[float]], ended: list[bool], length: int) -> Survivors:
    there = [[row[step] for row in rows if len(row) > step] for step in range(length)]
    whole = [row for row, has_ended in zip(rows, ended, strict=True) if not has_ended]
    return Survivors(
        every_token=float(np.mean(np.concatenate(rows))),
        position_by_position=float(np.mean([np.mean(one) for one in there])),
        unended=float(np.mean(whole)),
    )


def ending_model(directory: Path, going_on: Floats) -> PreTrainedModel:
    """A chain that ends, where the rows of what goes on do not sum to one."""
    model = markov_model(directory, chain(0), end_probability=0.5)
    full = np.full((8, 8), 1 / 8)
    full[:7, :7], full[:7, 7] = going_on, 1 - going_on.sum(axis=1)
    with torch.no_grad():
        logits = np.log(np.maximum(full.T, 1e-30))
        model.get_output_embeddings().weight.copy_(torch.from_numpy(logits))  # type: ignore[no-untyped-call]
    return model


def test_references_shorter_than_generations_are_not_a_miscalibration_of_ours(
    tmp_path: Path,
) -> None:
    count, length, short = 1500, 8, 2
    transition = wide_start()
    texts = texts_from(transition, np.eye(7)[START], count=count, length=length + 1)
    prompts = [text[:1] for text in texts]
    ragged = [text[1 : 1 + (short if row % 2 else length)] for row, text in enumerate(texts)]
    model = markov_model(tmp_path, transition)
    ours = Ours(model, examples_of(prompts, ragged)).estimate()
    full = Ours(model, examples_of(prompts, [text[1:] for text in texts])).estimate()
    steps_after = after_start(transition, length)
    losses = [float(place @ entropies(transition)) for place in steps_after]
    weights = np.where(np.arange(length) < short, 1.0, 0.5)
    bias = np.mean(losses) - float(np.average(losses, weights=weights))
    assert bias < -0.05  # loss falls with position, and references are early
    assert full.entropy - ours.log_loss == pytest.approx(bias, abs=0.03)
    assert agrees(ours.ent_ce, 0.0)


def test_a_tokenizer_that_chooses_texts_chooses_the_log_loss(tmp_path: Path) -> None:
    length, prompt = 24, 2
    transition = chain(4)
    tokens = [*LETTERS, "ab"]
    write_segmented_checkpoint(tmp_path, transition, tokens=tokens, pattern="ab|[a-g]")
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    vocabulary = read_vocabulary(Checkpoint(str(tmp_path)))
    # As long as each other in bytes; the tokenizer has a token for two letters of every other.
    lines = [("cd", "ab")[row % 2] * (length // 2) for row in range(6)]
    sources = [SourceText(f"{row}", "", line) for row, line in enumerate(lines)]
    texts = selected(sources, TEXTS)
    asked = ExamplesRecipe(
        texts=TEXTS, tokenizer="t", prompt=prompt, continuation=length - prompt, unit="tokens"
    )
    by_bytes = encoded(texts, vocabulary, asked).examples
    by_tokens = encoded(texts, vocabulary, asked.model_copy(update={"whole": 3})).examples
    assert sorted(by_tokens["cluster"]) == ["0", "2", "4"]
    assert sorted(by_bytes["cluster"]) == ["0", "1", "2", "3", "4", "5"]
    apart, together = losses_of_pairs(transition)
    long, brief = length - prompt, length // 2 - prompt
    found = [Ours(model, chosen).estimate().log_loss for chosen in (by_tokens, by_bytes)]
    assert found[0] == pytest.approx(apart, abs=CLOSE)
    both = (long * apart + brief * together) / (long + brief)
    assert found[1] == pytest.approx(both, abs=CLOSE)
    assert abs(apart - both) > 0.05


def losses_of_pairs(transition: Floats) -> tuple[float, float]:
    """Loss a token of `cdcd…`, letter by letter, and of `abab…`, two letters a token."""
    a, b, c, d = range(4)
    pair = transition[a, b]
    # After each letter every letter may follow, or an `a` and a `b` as one token.
    total = 1 + transition[:, a] * pair
    apart = -np.log([transition[c, d] / total[c], transition[d, c] / total[d]]).mean()
    return float(apart), float(-np.log(transition[b, a] * pair / total[b]))
