"""How long things take and how much memory, from what earlier ones took: small sums by hand."""

import json
from typing import Any, NamedTuple

import pytest
from small_recipes import CALIBRATION, EXAMPLES, MODEL, SAMPLES, SCORES, SUMMARY, changed

from calibration.changes import Form
from calibration.engine.decoding import Decoding
from calibration.estimates import UNKNOWN, Estimates, estimates
from calibration.methods import FittedTemperature
from calibration.paces import Network, Pace
from calibration.recipes import ModelIdentity, Recipe


class Record(NamedTuple):
    """One artifact as a catalogue has it."""

    address: str
    kind: str
    title: str = "small on letters"
    made_at: str = "2026-01-01T00:00:00+00:00"
    seconds: float = 4.0
    tokens_per_second: float | None = 100.0
    memory_bytes: int = 500
    device: str = "a processor"
    facts: str = json.dumps({"parameters": 1000})


class Shelf:
    """Artifacts and their forms."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.forms: dict[str, Form] = {EXAMPLES.address: EXAMPLES.canonical}

    def put(self, recipe: Recipe, **fields: Any) -> None:  # noqa: ANN401
        self.forms[recipe.address] = recipe.canonical
        self.records.append(Record(recipe.address, recipe.KIND, **fields))

    def estimates(self, *probed: Pace) -> Estimates:
        return estimates(self.records, self.forms.get, probed=probed)


def network(parameters: int = 1000, **fields: object) -> Network:
    model = changed(MODEL, **fields)
    return Network(model.weights, model.precision, parameters)


def of(weights: str, precision: str = "float32") -> ModelIdentity:
    return changed(MODEL, weights=weights, precision=precision)


def facts(parameters: int) -> str:
    return json.dumps({"parameters": parameters})


def test_a_models_own_speed_is_taken() -> None:
    shelf = Shelf()
    shelf.put(SAMPLES)
    found = shelf.estimates().of_network("samples", network(), steps=250)
    assert (found.seconds, found.memory_bytes, found.memory_at_least) == (2.5, 500, False)
    assert found.source == "small on letters, a processor"
    assert found.is_own


def test_the_newest_of_several_counts() -> None:
    shelf = Shelf()
    for year, rate in ((2025, 10.0), (2027, 50.0), (2026, 100.0)):
        recipe = changed(SAMPLES, seed=year)
        shelf.put(recipe, made_at=f"{year}-01-01", tokens_per_second=rate)
    assert shelf.estimates().of_network("samples", network(), steps=100).seconds == 2


def test_a_scoring_pass_reads_the_prompt_that_manifests_do_not_count() -> None:
    shelf = Shelf()
    shelf.put(SCORES, seconds=8.0, tokens_per_second=16.0)  # 16 rows of 8 tokens, after 4
    found = shelf.estimates().of_network("scores", network(), steps=16 * 12)
    assert found.seconds == pytest.approx(8)


def test_the_shares_of_a_pass_add_up_to_it_again() -> None:
    # A pass of 8 seconds over 16 × 8 tokens served two decodings: each states 4 seconds for all.
    shelf = Shelf()
    for temperature in (1.0, 0.9):
        recipe = changed(SCORES, decoding=Decoding(temperature=temperature))
        shelf.put(recipe, seconds=4.0, tokens_per_second=16 * 8 / 4.0)
    whole = shelf.estimates().of_network("scores", network(), steps=16 * 12)
    assert whole.seconds == pytest.approx(8)


def test_what_looks_ahead_has_a_speed_of_its_own() -> None:
    shelf = Shelf()
    shelf.put(SAMPLES)
    shelf.forms[CALIBRATION.address] = CALIBRATION.canonical
    shelf.put(changed(SAMPLES, calibration=CALIBRATION), made_at="2027", tokens_per_second=5.0)
    guesses = shelf.estimates()
    assert guesses.of_network("samples", network(), steps=100).seconds == 1
    assert guesses.of_network("samples one_step", network(), steps=100).seconds == 20
    assert guesses.of_network("samples future_entropy", network(), steps=100).seconds is None


def test_a_fitted_temperature_shares_the_pass_and_the_speed_of_plain_ones() -> None:
    fitted = changed(CALIBRATION, method=FittedTemperature(kind="temperature", fit="ent_ce"))
    shelf = Shelf()
    shelf.forms[fitted.address] = fitted.canonical
    for recipe in (SCORES, changed(SCORES, calibration=fitted)):
        shelf.put(recipe, seconds=4.0, tokens_per_second=16 * 8 / 4.0)
    whole = shelf.estimates().of_network("scores", network(), steps=16 * 12)
    assert whole.seconds == pytest.approx(8)


def test_a_larger_model_takes_longer_in_proportion_and_a_smaller_one_no_less() -> None:
    shelf = Shelf()
    shelf.put(SAMPLES)
    guesses = shelf.estimates()
    larger = guesses.of_network("samples", network(3000, weights="w1"), steps=100)
    smaller = guesses.of_network("samples", network(10, weights="w2"), steps=100)
    assert (larger.seconds, smaller.seconds) == (3, 1)
    assert larger.source == "small on letters, a processor, scaled"
    assert not larger.is_own


def test_the_nearest_in_size_is_scaled() -> None:
    shelf = Shelf()
    shelf.put(changed(SAMPLES, model=of("w1")), facts=facts(100), tokens_per_second=800.0)
    shelf.put(changed(SAMPLES, model=of("w2")), facts=facts(4000), tokens_per_second=20.0)
    found = shelf.estimates().of_network("samples", network(8000, weights="w3"), steps=20)
    assert found.seconds == 2


def test_the_same_precision_is_nearer_than_the_same_size() -> None:
    shelf = Shelf()
    shelf.put(changed(SAMPLES, model=of("w1", "bfloat16")), tokens_per_second=1.0)
    shelf.put(changed(SAMPLES, model=of("w2")), facts=facts(100))
    found = shelf.estimates().of_network("samples", network(1000, weights="w3"), steps=100)
    assert found.seconds == 10


def test_only_the_device_that_worked_last_is_scaled_from() -> None:
    shelf = Shelf()
    shelf.put(changed(SAMPLES, model=of("w1")), device="a GPU", made_at="2025-01-01")
    shelf.put(changed(SAMPLES, model=of("w2")), facts=facts(10), made_at="2026-01-01")
    found = shelf.estimates().of_network("samples", network(1000, weights="w3"), steps=100)
    assert found.source == "small on letters, a processor, scaled"


def test_without_a_measurement_the_weights_are_the_least_memory() -> None:
    wide = Shelf().estimates().of_network("samples", network(1000), steps=5)
    narrow = Shelf().estimates().of_network("samples", network(1000, precision="bfloat16"), steps=5)
    assert (wide.seconds, wide.memory_bytes, wide.memory_at_least) == (None, 4000, True)
    assert narrow.memory_bytes == 2000
    four = Shelf().estimates().of_network("scores", Network("w0", "four-bit", 1000), steps=5)
    assert four.memory_bytes == 500


def test_one_kind_says_nothing_of_another() -> None:
    shelf = Shelf()
    shelf.put(SAMPLES)
    assert shelf.estimates().of_network("scores", network(), steps=5).seconds is None


def test_a_manifest_without_a_size_or_a_rate_says_nothing() -> None:
    shelf = Shelf()
    shelf.put(SAMPLES, facts="{}")
    shelf.put(changed(SAMPLES, seed=1), tokens_per_second=None)
    assert shelf.estimates().of_network("samples", network(), steps=5).seconds is None


def test_a_probe_comes_before_what_others_took() -> None:
    shelf = Shelf()
    shelf.put(SAMPLES)
    probe = Pace("samples", network(1000, weights="w9"), 10.0, 700, "this one", "a probe of m9")
    guesses = shelf.estimates(probe)
    found = guesses.of_network("samples", network(1000, weights="w9"), steps=100)
    assert (found.seconds, found.memory_bytes) == (10, 700)
    assert found.source == "a probe of m9, this one"


def test_what_no_network_makes_takes_as_long_as_it_mostly_did() -> None:
    shelf = Shelf()
    for seed, seconds in enumerate((1.0, 2.0, 30.0)):
        shelf.put(changed(SUMMARY, samples=changed(SAMPLES, seed=seed)), seconds=seconds)
    found = shelf.estimates().of_kind("summaries")
    assert (found.seconds, found.memory_bytes) == (2, None)
    assert found.source == "the median of 3 such artifacts"
    assert shelf.estimates().of_kind("fits") == UNKNOWN
