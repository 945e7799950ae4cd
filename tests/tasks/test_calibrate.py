"""The stage that fits decodings: made once, judged, and what is sampled and scored with it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from fitted_stage import Stage, prepared_stage
from markov import chain, tempered, texts, write_checkpoint, write_texts

from calibration.errors import CheckFailed
from calibration.recipes import VerdictRecipe
from expectations.suites import VERSIONS
from storage.ancestry import recipe_at
from storage.artifacts import is_complete, read_table
from storage.local import LocalStore
from storage.manifests import manifest_key, manifest_of
from studies import CONTINUATION, EXAMPLES, PROMPT, model, write_study

DECODINGS = [
    {"temperature": 1.0},
    {"kind": "temperature", "fit": "ent_ce"},
    {"kind": "temperature", "fit": "log_loss"},
    {"kind": "one_step", "likeliest": 3, "tail": 2},
    {
        "kind": "future_entropy",
        "horizon": 2,
        "likeliest": 3,
        "tail": 2,
        "places": 3,
        "rounds": 1,
        "rank": 4,
    },
]
FITTED = DECODINGS[1:]
TEXT, END_SHARE = chain(99), 0.001
# A model of the text that is too sure of itself, and slips.
SLIPPED = 0.8 * tempered(TEXT, 0.7) + 0.2 * chain(1)
LETTERS = {
    "name": "letters",
    "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
    "prompt": PROMPT,
    "continuation": CONTINUATION,
    "examples": EXAMPLES,
    "calibration": {
        "source": {"kind": "files", "path": "others.jsonl", "cluster": "cluster"},
        "examples": 48,
    },
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Texts, examples and calibrations made and judged."""
    root = tmp_path_factory.mktemp("stage")
    write_checkpoint(root / "m0", SLIPPED, end_probability=END_SHARE)
    lines = texts(TEXT, count=48, length=PROMPT + CONTINUATION, seed=6)
    write_texts(root / "others.jsonl", lines)
    others = (root / "others.jsonl").read_text().replace("text-", "other-")
    (root / "others.jsonl").write_text(others)
    study = write_study(root, models=[model(0)], decodings=DECODINGS, datasets=[LETTERS])
    stage = prepared_stage(root, study)
    assert len(stage.calibrate()) == len(FITTED)
    return stage


@pytest.fixture(scope="module")
def stage(prepared: Stage) -> Stage:
    """Everything sampled, scored and judged: the gate replays what each method has sampled."""
    prepared.measure()
    return prepared


@pytest.fixture
def copy(stage: Stage, tmp_path: Path) -> Stage:
    """A copy of the store that a test may spoil."""
    shutil.copytree(stage.bench.store.root, tmp_path / "store")
    return Stage(stage.bench._replace(store=LocalStore(tmp_path / "store")))


def test_a_second_call_makes_nothing(stage: Stage) -> None:
    assert stage.calibrate() == stage.sample() == stage.score() == []


def test_what_was_fitted_can_be_read_where_no_model_is(stage: Stage) -> None:
    store = stage.bench.store
    for one in stage.measurements:
        assert recipe_at(store, one.summary.address) == one.summary
        found = recipe_at(store, one.samples.address)
        assert one.calibration is None or one.calibration in found.parents


def test_a_manifest_says_on_what_was_fitted(stage: Stage) -> None:
    calibration = stage.measured(1).calibration
    assert calibration is not None
    manifest = manifest_of(stage.bench.store, calibration)
    assert manifest is not None
    facts = {name: manifest.facts[name] for name in ("texts", "clusters", "human_tokens")}
    assert facts == {"texts": 48, "clusters": 48, "human_tokens": 48 * 24}


def test_a_fitted_temperature_is_that_temperature(stage: Stage) -> None:
    bench, one = stage.bench, stage.measured(1)
    assert one.calibration is not None
    value = read_table(bench.store, one.calibration, "calibration")["value"].item()
    human = read_table(bench.store, one.scores, "scores")["log_loss"].explode().to_numpy()
    ids = read_table(bench.store, one.examples, "examples")
    pairs = [
        (before, after)
        for prompt, rest in ids.select("prompt_ids", "continuation_ids").iter_rows()
        for before, after in zip([prompt[-1], *rest[:-1]], rest, strict=True)
    ]
    rows, columns = np.array(pairs).T
    known = -np.log(tempered(SLIPPED, value))[rows, columns]
    assert human == pytest.approx(known, abs=1e-4)


@pytest.mark.parametrize(
    "lost",
    [
        [(3, "samples-00000")],
        [(0, "samples-00001"), (1, "samples-00001"), (4, "samples-00000")],
    ],
)
def test_parts_that_were_killed_are_made_again_bit_for_bit(
    copy: Stage, lost: list[tuple[int, str]]
) -> None:
    store, recipes = copy.bench.store, [one.samples for one in copy.measurements]
    whole = [copy.held(recipe) for recipe in recipes]
    for number, name in lost:
        store.remove(manifest_key(recipes[number].address))
        (part,) = (store.root / recipes[number].address).glob(f"{name}-*.parquet")
        part.unlink()
    copy.sample()
    assert [copy.held(recipe) for recipe in recipes] == whole


def test_what_was_never_judged_is_not_measured_with(copy: Stage) -> None:
    one, store = copy.measured(1), copy.bench.store
    assert one.calibration is not None
    verdict = VerdictRecipe(table=one.calibration, suite=VERSIONS["calibrations"])
    for recipe in (verdict, one.samples):
        store.remove(manifest_key(recipe.address))
    with pytest.raises(CheckFailed, match="has not been checked"):
        copy.sample()
    assert not is_complete(store, one.samples)
