"""What each method fits for Markov checkpoints, against what is known of their chains."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from branches import chain_network
from markov import END_ID, Floats, chain, entropies, stationary, tempered, texts
from scipy import optimize

from calibration.conventions import AtEnd, Unit
from calibration.encoding import encoded
from calibration.engine.blind import Blind
from calibration.engine.decoding import Ending
from calibration.engine.metered import Metered
from calibration.engine.scoring import Text
from calibration.errors import ModelError, TextError
from calibration.fitted_strength import HumanTexts, strength
from calibration.fitting import Fitted, Work, fitted
from calibration.fitting_work import tokens_to_fit
from calibration.methods import FittedTemperature, FutureEntropy, Method, OneStep
from calibration.recipes import (
    CalibrationRecipe,
    ExamplesRecipe,
    ModelIdentity,
    SourceIdentity,
    TextsRecipe,
)
from calibration.text import SourceText, selected
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

PROMPT, STEPS, COUNT = 4, 24, 160
TEXT = chain(2, sharpness=1.0)
# A model of the text that is too sure of itself, and slips.
SLIPPED = 0.8 * tempered(TEXT, 0.7) + 0.2 * chain(1, sharpness=1.2)
ENT_CE = FittedTemperature(kind="temperature", fit="ent_ce")
LOG_LOSS = FittedTemperature(kind="temperature", fit="log_loss")
ONE_STEP = OneStep(kind="one_step", likeliest=6, tail=1)
FUTURE = FutureEntropy(
    kind="future_entropy", horizon=3, likeliest=5, tail=2, places=6, rounds=2, rank=8
)


def work(
    directory: Path,
    model: Floats,
    method: Method,
    *,
    count: int = COUNT,
    clusters: int | None = None,
    unit: Unit = "tokens",
    rows: int = 512,
    at_end: AtEnd = "continue",
) -> Work:
    """A chain, and texts of another to fit it on."""
    network = chain_network(directory, model, end_probability=0.0 if at_end == "continue" else 0.02)
    lines = texts(TEXT, count=count, length=PROMPT + STEPS, seed=17)
    sources = [
        SourceText(f"text-{number % (clusters or count):03d}", "", line)
        for number, line in enumerate(lines)
    ]
    examples = ExamplesRecipe(
        texts=TextsRecipe(
            source=SourceIdentity(kind="files", content="markov"),
            span_bytes=100,
            examples=count,
            seed=0,
        ),
        tokenizer="letters",
        prompt=PROMPT,
        continuation=STEPS,
        unit=unit,
    )
    vocabulary = read_vocabulary(Checkpoint(str(directory)))
    recipe = CalibrationRecipe(
        examples=examples,
        model=ModelIdentity(weights="chain", precision="float32"),
        at_end=at_end,
        end_ids=(END_ID,),
        seed=0,
        method=method,
    )
    return Work(
        recipe,
        encoded(selected(sources, examples.texts), vocabulary, examples).examples,
        network,
        sizes=np.array(vocabulary.lengths(range(network.vocabulary))),
        rows=rows,
        told=lambda _: None,
    )


def number(found: Fitted) -> float:
    return float(found.parameters["value"].item())


def told(found: Fitted, name: str, at: str) -> tuple[float, float]:
    """A diagnostic and its error."""
    row = found.diagnostics.filter(name=name, at=at)
    return row["value"].item(), row["se"].item()


def counts(examples: pl.DataFrame) -> Floats:
    """How often each letter follows each in the continuations."""
    found = np.zeros(TEXT.shape)
    for prompt, own in examples.select("prompt_ids", "continuation_ids").iter_rows():
        np.add.at(found, ([prompt[-1], *own[:-1]], own), 1)
    return found


@pytest.mark.parametrize("method", [ENT_CE, LOG_LOSS])
@pytest.mark.parametrize("changed", [0.8, 1.2])
def test_a_chain_whose_temperature_was_changed_is_given_it_back(
    changed: float, method: FittedTemperature, tmp_path: Path
) -> None:
    found = fitted(work(tmp_path, tempered(TEXT, changed), method))
    value, error = told(found, "temperature", "")
    assert value == number(found)
    assert abs(value - 1 / changed) < 4 * error
    assert error < 0.05


def test_the_temperature_of_least_log_loss_is_that_of_the_counted_letters(tmp_path: Path) -> None:
    asked, model = work(tmp_path, SLIPPED, LOG_LOSS), SLIPPED
    seen, found = counts(asked.examples), fitted(asked)

    def log_loss(temperature: float) -> float:
        return -float((seen * np.log(tempered(model, temperature))).sum() / seen.sum())

    known = optimize.minimize_scalar(log_loss, bounds=(0.2, 5), method="bounded").x
    assert number(found) == pytest.approx(known, abs=2e-3)
    change = log_loss(known) - log_loss(1.0)
    assert told(found, "log_loss_change", "")[0] == pytest.approx(change, abs=1e-5)


def test_where_ent_ce_is_0_the_closed_form_has_none(tmp_path: Path) -> None:
    """EntCE of the chain at what was fitted, in closed form, beside the error of the fit."""
    found, model = fitted(work(tmp_path, SLIPPED, ENT_CE)), SLIPPED
    value, error = told(found, "temperature", "")

    def ent_ce(temperature: float) -> float:
        own, state, start = tempered(model, temperature), stationary(TEXT), stationary(TEXT)
        total = 0.0
        for _ in range(STEPS):
            total += float(state @ entropies(own))
            state = state @ own
        return total / STEPS + float(start @ (TEXT * np.log(own)).sum(axis=1))

    slope = (ent_ce(value + 0.01) - ent_ce(value - 0.01)) / 0.02
    assert abs(ent_ce(value)) < 4 * error * slope
    measured = found.diagnostics.filter(name="ent_ce")
    assert measured["value"].min() < 0 < measured["value"].max()
    assert (measured["se"] > 0).all()


def test_parts_that_share_a_batch_or_do_not_fit_the_same_temperature(tmp_path: Path) -> None:
    model = tempered(TEXT, 0.8)
    one, other = (fitted(work(tmp_path, model, ENT_CE, count=80, rows=rows)) for rows in (64, 512))
    assert one.parameters.equals(other.parameters)
    assert one.diagnostics.equals(other.diagnostics)


def test_bytes_of_letters_fit_what_tokens_do(tmp_path: Path) -> None:
    """One letter is one token and one byte, so that EntCE in either unit has one root."""
    model = tempered(TEXT, 0.8)
    one, other = (
        fitted(work(tmp_path, model, ENT_CE, count=80, unit=unit)) for unit in ("tokens", "bytes")
    )
    assert number(one) == pytest.approx(number(other), abs=1e-6)


def test_the_error_of_a_temperature_is_that_of_repeated_fits(tmp_path: Path) -> None:
    """Fisher: 1/√(n Var log p), n letters and the variance of their log probabilities."""
    found = fitted(work(tmp_path, TEXT, LOG_LOSS))
    logs = np.log(TEXT)
    variance = (TEXT * logs**2).sum(axis=1) - (TEXT * logs).sum(axis=1) ** 2
    known = 1 / np.sqrt(COUNT * STEPS * float(stationary(TEXT) @ variance))
    assert told(found, "temperature", "")[1] == pytest.approx(known, rel=0.25)


def test_one_step_ahead_is_the_least_log_loss_of_the_closed_form(tmp_path: Path) -> None:
    model = chain(1, sharpness=1.2)
    asked = work(tmp_path, model, ONE_STEP)
    seen, found = counts(asked.examples), fitted(asked)

    def log_loss(alpha: float) -> float:
        weights = model * np.exp(-alpha * entropies(model))
        own = weights / weights.sum(axis=1, keepdims=True)
        return -float((seen * np.log(own)).sum() / seen.sum())

    known = optimize.minimize_scalar(log_loss).x
    assert number(found) == pytest.approx(known, abs=2e-3)
    change = log_loss(known) - log_loss(0.0)
    assert told(found, "log_loss_change", "")[0] == pytest.approx(change, abs=1e-5)
    # With every letter tried, no more can be.
    alphas = found.diagnostics.filter(pl.col("name") == "alpha", pl.col("at") != "")
    assert alphas["at"].to_list() == [
        f"K {likeliest}, R {tail}, of 32 texts" for likeliest, tail in REACHES
    ]


REACHES = ((6, 1), (3, 1), (8, 1), (6, 2))


def test_blocks_of_positions_have_each_their_alpha(tmp_path: Path) -> None:
    asked = work(tmp_path, chain(1, sharpness=1.2), ONE_STEP.model_copy(update={"block": 14}))
    found = fitted(asked)
    assert found.parameters["block"].to_list() == [0, 1]
    words = found.diagnostics.filter(name="alpha")["at"].to_list()[:2]
    assert words == ["positions 0 to 13", "positions 14 to 27"]


@pytest.fixture(scope="module")
def future(tmp_path_factory: pytest.TempPathFactory) -> tuple[Work, Fitted]:
    asked = work(tmp_path_factory.mktemp("future"), chain(1, sharpness=1.2), FUTURE, count=100)
    return asked, fitted(asked)


def test_a_predictor_says_what_it_is_wrong_by_on_texts_it_has_not_seen(
    future: tuple[Work, Fitted],
) -> None:
    """A chain's future hangs on the letter alone: a head of tokens learns it, up to chance."""
    _, found = future
    for number_of in ("round 1", "round 2"):
        for of in ("tokens, of the value", "tokens, of rollouts"):
            at = f"{number_of}, {of}, within a place"
            error, its_error = told(found, "predictor_error", at)
            spread, _ = told(found, "labels_spread", at)
            assert error < 0.8 * spread
            assert 0 < its_error < error


def test_the_last_rounds_alpha_is_what_was_fitted(future: tuple[Work, Fitted]) -> None:
    _, found = future
    assert number(found) == told(found, "alpha", "round 2")[0]
    assert told(found, "log_loss_change", "round 2")[0] < 0
    assert found.head is not None
    assert found.head.outer.shape == (8, FUTURE.rank)


def test_a_fit_is_the_same_every_time(future: tuple[Work, Fitted]) -> None:
    asked, found = future
    again = fitted(asked)
    assert again.diagnostics.equals(found.diagnostics)
    assert again.parameters.equals(found.parameters)


@pytest.mark.parametrize("method", [ENT_CE, LOG_LOSS, ONE_STEP, FUTURE], ids=lambda one: one.label)
def test_texts_that_may_end_are_fitted_too(method: Method, tmp_path: Path) -> None:
    found = fitted(work(tmp_path, SLIPPED, method, count=60, at_end="stop"))
    assert np.isfinite(found.parameters["value"].to_numpy()).all()
    if found.head is not None:
        assert found.head.outer_bias[END_ID] == 0
        assert (found.head.outer[END_ID] == 0).all()


@pytest.mark.parametrize("method", [ENT_CE, LOG_LOSS, ONE_STEP, FUTURE], ids=str)
def test_a_fit_takes_about_as_many_tokens_as_are_expected(method: Method, tmp_path: Path) -> None:
    plain, told = work(tmp_path, SLIPPED, method), list[int]()
    found = fitted(plain._replace(network=Metered(plain.network, told.append)))
    assert found.parameters.equals(fitted(plain).parameters)
    expected = tokens_to_fit(method, examples=COUNT, prompt=PROMPT, continuation=STEPS)
    # A letter has no more others than are tried, and padding and rounds vary.
    assert 0.8 < sum(told) / expected < 1.25


def test_too_few_source_texts_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TextError, match="at least 5 source texts were expected"):
        fitted(work(tmp_path, TEXT, FUTURE, count=12, clusters=4))


def test_a_horizon_beyond_the_context_is_a_sentence(tmp_path: Path) -> None:
    far = FUTURE.model_copy(update={"horizon": 5000})
    with pytest.raises(ModelError, match="make `horizon` or `prompt` smaller"):
        fitted(work(tmp_path, TEXT, far, count=12))


def test_positions_without_a_human_token_are_a_sentence(tmp_path: Path) -> None:
    foresight = Blind(chain_network(tmp_path, TEXT))
    human = HumanTexts([Text([1], [2]), Text([1] * 20, [2])], ["a", "b"])
    ending = Ending("continue", (END_ID,))
    with pytest.raises(TextError, match="a larger `block`"):
        strength(foresight, human, form="future-entropy", ending=ending, block=2)


def test_blocks_before_any_human_token_are_no_rows(tmp_path: Path) -> None:
    foresight = Blind(chain_network(tmp_path, TEXT))
    generator = np.random.default_rng(0)
    human = HumanTexts(
        [Text([1, 2, 3, 4], generator.integers(0, len(TEXT), 4).tolist()) for _ in range(20)],
        [f"text {number}" for number in range(20)],
    )
    ending = Ending("continue", (END_ID,))
    found = strength(foresight, human, form="future-entropy", ending=ending, block=2)
    assert len(found.adjustment.alphas) == 4
    rows = [one for one in found.diagnostics if one.name == "alpha"]
    assert [one.at for one in rows] == ["positions 4 to 5", "positions 6 to 7"]
    assert [one.value for one in rows] == list(found.adjustment.alphas[2:])


def test_texts_of_one_cluster_have_no_error(tmp_path: Path) -> None:
    found = fitted(work(tmp_path, TEXT, LOG_LOSS, count=12, clusters=1))
    assert found.diagnostics["se"].to_list() == [None, None]
