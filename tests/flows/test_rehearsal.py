"""A dress rehearsal: the paper's study on tiny models of its architectures and local data sets."""

from pathlib import Path

import polars as pl
import pytest
from direct import run_directly
from rehearsal import BASE, CHAT, CONTINUATION, COOLED, EXAMPLES, tokenizer_of, write_study

from calibration.lineage import Lineage
from calibration.report.figures.catalogue import ENTRIES
from calibration.tables import STUDY_TABLES
from flows.export import exported
from storage.artifacts import read_table
from storage.catalogue import catalogue
from storage.local import LocalStore
from storage.resolution import resolved
from storage.studies import read_study

DATASETS = ("wikitext", "writingprompts", "codecontests")
INSTRUCTION = "Write a story based on the following prompt: "


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, once it has run into `store` beside it."""
    path = write_study(tmp_path_factory.mktemp("rehearsal"))
    run_directly(path, str(path.parent / "store"))
    return path


@pytest.fixture(scope="module")
def lineage(study: Path) -> Lineage:
    return resolved(read_study(study), file=str(study))


@pytest.fixture(scope="module")
def store(study: Path) -> LocalStore:
    return LocalStore(study.parent / "store")


def of_study(lineage: Lineage, store: LocalStore, table: str) -> pl.DataFrame:
    return read_table(store, lineage.report.study_fit, table)


def test_every_model_is_measured_on_every_data_set(lineage: Lineage, store: LocalStore) -> None:
    assert lineage.absent == ()
    found = of_study(lineage, store, "ent_ce")
    rows = set(found.select("model", "dataset", "decoding").rows())
    assert rows == {
        (model, dataset, f"temperature {temperature}")
        for model in (*BASE, *CHAT)
        for dataset in DATASETS
        for temperature in (("1", "0.8") if model in COOLED else ("1",))
    }
    assert set(found["examples"]) == {EXAMPLES}
    assert set(found["unit"]) == {"bytes"}
    # Windows of bytes are equal for all, whatever the tokenizer.
    assert set(found["tokens"] * found["bytes_per_token_generated"] >= CONTINUATION) == {True}


def test_base_and_chat_models_are_series_of_their_own(lineage: Lineage, store: LocalStore) -> None:
    fits = of_study(lineage, store, "fits").filter(quantity="ent_ce", dataset="wikitext")
    models = dict(fits.filter(decoding="temperature 1").select("family", "models").rows())
    assert models == {
        "llama-2": 1,
        "llama-2 chat": 1,
        "llama-3": 2,
        "llama-3 chat": 1,
        "pythia": 3,
        "qwen2.5": 3,
        "qwen2.5 chat": 1,
    }


def test_prompts_are_those_of_the_paper(lineage: Lineage, store: LocalStore) -> None:
    for one in lineage.measurements:
        if one.samples.decoding.temperature != 1:
            continue
        examples = read_table(store, one.examples, "examples")
        tokenizer = tokenizer_of(one.model.base or one.model.name)
        prompt = tokenizer.decode(examples["prompt_ids"][0].to_list())
        if one.dataset.name == "wikitext":
            assert "Q: " not in prompt
            assert "assistant" not in prompt
        elif one.dataset.name == "writingprompts":
            assert prompt.count(INSTRUCTION) == 1
            assert "WP" not in prompt
        else:
            assert prompt.count("Please wrap your code answer using ```:\n") == 1
            assert prompt.count("```") == 2  # the instruction's, and the one that opens the answer
        if one.dataset.name != "wikitext" and not one.model.chat:
            assert (
                prompt.removeprefix("<s>")
                .removeprefix("<|begin_of_text|>")
                .lstrip()
                .startswith("Q: ")
            )
            assert prompt.count("\nA: ") == 1


def test_every_figure_and_table_is_there(
    lineage: Lineage, store: LocalStore, tmp_path: Path
) -> None:
    files = {path.name for path in exported(lineage, store, tmp_path)}
    assert {f"{table}.parquet" for table in STUDY_TABLES} <= files
    for entry in ENTRIES:
        assert any(entry.name in name for name in files), entry.name
    page = (tmp_path / "report.html").read_text()
    for name in (*BASE, *CHAT, *DATASETS):
        assert name in page


def test_a_second_run_makes_nothing(study: Path, store: LocalStore) -> None:
    before = set(catalogue(store).artifacts)
    run_directly(study, str(study.parent / "store"))
    assert set(catalogue(store).artifacts) == before
