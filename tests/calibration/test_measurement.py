"""Exact Markov checkpoints through encode, sample, score and estimate, against closed forms."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from markov import ClosedForm, Floats, chain, entropies, stationary, texts, write_checkpoint

from calibration.conventions import AtEnd
from calibration.encoding import encoded
from calibration.engine.decoding import Decoding, Ending
from calibration.errors import ModelError
from calibration.measurement import replayed_part, sampled_part, scored_part
from calibration.recipes import (
    ExamplesRecipe,
    ModelIdentity,
    SamplesRecipe,
    SourceIdentity,
    TextsRecipe,
)
from calibration.statistics.ent_ce import estimate
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples
from calibration.text import SourceText, selected
from storage.loading import load_network
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

PROMPT, STEPS, COUNT = 4, 40, 400


def recipe(decoding: Decoding, *, at_end: AtEnd = "continue", seed: int = 0) -> SamplesRecipe:
    source = SourceIdentity(kind="files", content="markov")
    return SamplesRecipe(
        examples=ExamplesRecipe(
            texts=TextsRecipe(source=source, span_bytes=100, examples=COUNT, seed=0),
            tokenizer="letters",
            prompt=PROMPT,
            continuation=STEPS,
            unit="tokens",
        ),
        model=ModelIdentity(weights="chain", precision="float32"),
        decoding=decoding,
        at_end=at_end,
        end_ids=(7,),
        seed=seed,
    )


class Measured:
    """Everything measured of one chain on text of another."""

    def __init__(
        self,
        directory: Path,
        model: Floats,
        text: Floats,
        *,
        temperature: float = 1.0,
        at_end: AtEnd = "continue",
        end_probability: float = 0.0,
    ) -> None:
        write_checkpoint(directory, model, end_probability=end_probability)
        network, vocabulary = (
            load_network(Checkpoint(str(directory)), precision="float32"),
            read_vocabulary(Checkpoint(str(directory))),
        )
        lines = texts(text, count=COUNT, length=PROMPT + STEPS, seed=17)
        sources = [SourceText(f"{number}", "", line) for number, line in enumerate(lines)]
        self.recipe = recipe(Decoding(temperature), at_end=at_end)
        asked = self.recipe.examples
        self.examples = encoded(selected(sources, asked.texts), vocabulary, asked).examples
        self.samples = sampled_part(
            self.examples,
            network,
            self.recipe,
            sizes=np.array(vocabulary.lengths(range(network.vocabulary))),
            progress=lambda _: None,
        )
        ending = Ending(at_end, (7,))
        (self.scores,) = scored_part(
            self.examples, network, decodings=[self.recipe.decoding], ending=ending
        )
        self.replay = replayed_part(self.examples, self.samples, network, self.recipe)
        steps = stepwise(self.samples, self.scores, self.examples, unit=asked.unit, at_end=at_end)
        self.summary = summary_examples(steps)

    def mean(self, column: str, count: str) -> float:
        total = self.summary.select(pl.col(column, count).list.last().sum())
        return float(total[column].item() / total[count].item())

    def error(self, frame: pl.DataFrame, column: str) -> float:
        """Standard error of the mean over texts, which are independent and of one length."""
        means = frame[column].list.mean().to_numpy()
        return float(means.std(ddof=1) / np.sqrt(len(means)))


@pytest.mark.parametrize("temperature", [1.0, 0.8])
def test_text_of_another_chain_gives_the_closed_forms(tmp_path: Path, temperature: float) -> None:
    model, text = chain(1, sharpness=1.2), chain(2, sharpness=1.0)
    exact = ClosedForm(model, text, steps=STEPS, temperature=temperature)
    found = Measured(tmp_path, model, text, temperature=temperature)
    for value, known, error in (
        (
            found.mean("entropy", "tokens_generated"),
            exact.entropy,
            found.error(found.samples, "entropy"),
        ),
        (
            found.mean("log_loss", "tokens_human"),
            exact.log_loss,
            found.error(found.scores, "log_loss"),
        ),
        (
            found.mean("teacher_entropy", "tokens_human"),
            exact.teacher_entropy,
            found.error(found.scores, "entropy"),
        ),
    ):
        assert abs(value - known) < 4 * error
    measured = estimate(found.summary)
    assert abs(measured.ent_ce.value - exact.ent_ce) < 4 * measured.ent_ce.standard_error


@pytest.mark.parametrize("at_end", ["continue", "stop"])
def test_text_of_the_models_own_chain_is_calibrated(tmp_path: Path, at_end: AtEnd) -> None:
    own = chain(3)
    measured = estimate(Measured(tmp_path, own, own, at_end=at_end).summary)
    for found in (measured.ent_ce, measured.drift, measured.static):
        assert found.low < 0 < found.high


def test_a_perfect_model_stays_calibrated_when_end_ids_are_taken_out(tmp_path: Path) -> None:
    own = chain(4)
    found = Measured(tmp_path, own, own, end_probability=0.05)
    measured = estimate(found.summary).ent_ce
    assert measured.low < 0 < measured.high
    removed = found.samples["end_probability"].explode().to_numpy()
    np.testing.assert_allclose(removed, 0.05, atol=1e-6)


def test_stopping_makes_a_perfect_model_measure_too_much_by_the_closed_form(tmp_path: Path) -> None:
    own, rate = chain(4), 0.02
    found = Measured(tmp_path, own, own, at_end="stop", end_probability=rate)
    inside = float(stationary(own) @ entropies(own))
    measured = estimate(found.summary).ent_ce
    bias = rate * (np.log(1 / rate) - inside)
    assert abs(measured.value - bias) < 4 * measured.standard_error
    assert bias > 4 * measured.standard_error


def test_tokens_that_the_network_does_not_know_are_a_sentence(tmp_path: Path) -> None:
    found = Measured(tmp_path, chain(5), chain(6))
    network = load_network(Checkpoint(str(tmp_path)), precision="float32")
    strange = found.examples.with_columns(
        pl.col("continuation_ids").list.eval(pl.element() + network.vocabulary)
    )
    with pytest.raises(ModelError, match="token ids below 8 were expected"):
        scored_part(strange, network, decodings=[Decoding()], ending=Ending("continue", (7,)))


def test_drift_at_the_first_step_is_zero(tmp_path: Path) -> None:
    found = Measured(tmp_path, chain(5), chain(6))
    own, human = (
        frame["entropy"].list.first().to_numpy() for frame in (found.samples, found.scores)
    )
    np.testing.assert_allclose(own, human, atol=1e-5)


def test_parts_alone_equal_the_whole_in_teacher_forcing(tmp_path: Path) -> None:
    found = Measured(tmp_path, chain(5), chain(6))
    network = load_network(Checkpoint(str(tmp_path)), precision="float32")
    ending = Ending("continue", (7,))
    (half,) = scored_part(
        found.examples[100:164], network, decodings=[Decoding(1.0)], ending=ending
    )
    ours, theirs = half["log_loss"].explode(), found.scores[100:164]["log_loss"].explode()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_bytes_count_the_letters_and_an_end_token_has_none(tmp_path: Path) -> None:
    own = chain(8)
    found = Measured(tmp_path, own, own, at_end="stop", end_probability=0.05)
    sizes = found.samples.select(pl.col("bytes").list.sum(), pl.col("tokens").list.len(), "ended")
    assert sizes["ended"].any()
    assert (sizes["bytes"] == sizes["tokens"] - sizes["ended"].cast(pl.Int32)).all()
