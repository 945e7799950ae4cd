"""`calibration theory` on a study whose texts were counted and nothing else: no model is loaded."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from bench import Bench
from typer.testing import CliRunner

from calibration.errors import StoreError
from calibration.theory_tables import THEORY
from flows.cli import app
from flows.theory import theory
from storage.local import LocalStore
from storage.resolution import resolved
from storage.studies import read_study
from studies import model, write_models, write_study
from tasks.encode import encode
from tasks.ingest import ingest
from tasks.theorize import theorize


class Texts(NamedTuple):
    """A study file, and a bench whose store holds texts, examples and the theory, judged."""

    study: Path
    bench: Bench


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    root = tmp_path_factory.mktemp("theory")
    write_models(root, count=2)
    study = write_study(root, models=[model(0, tokens=10), model(1, tokens=20)])
    lineage = resolved(read_study(study), file=str(study))
    bench = Bench(root, lineage, LocalStore(root / "store"))
    store = str(bench.store.root)
    for texts, dataset in lineage.texts().items():
        ingest.fn(texts, dataset=dataset, root=str(root), store=store)
        bench.judge(texts)
    for examples in lineage.examples():
        encode.fn(examples, title="letters", checkpoint=bench.checkpoint, store=store)
        bench.judge(examples)
    theorize.fn(lineage.report.theory, title="chains", store=store)
    bench.judge(lineage.report.theory)
    return Texts(study, bench)


def test_words_and_every_tokenizer_are_counted(made: Texts) -> None:
    tables = theory(made.bench.lineage, made.bench.store)
    tokenizers = {one.examples.tokenizer for one in made.bench.lineage.measurements}
    assert tables.theory.schema == THEORY
    units = tables.theory["unit"].unique(maintain_order=True).to_list()
    assert units == ["words", "tokens", "2-grams", "3-grams"]
    assert len(tables.theory) == 2 * (1 + 3 * len(tokenizers))
    tokens = tables.theory.filter(tables.theory["unit"] == "tokens").row(0, named=True)
    assert tokens["documents"] == 100
    assert tokens["tokens"] == 100 * 24
    assert tokens["steps"] == 24
    assert tokens["assumes"] == "assumes m ∝ N"


def test_it_is_printed_and_given_to_programs(made: Texts) -> None:
    command = ["theory", str(made.study), "--store", str(made.bench.store.root)]
    text = CliRunner().invoke(app, command)
    assert text.exit_code == 0, text.output
    assert "\nletters: 100 source texts\n" in text.stdout
    assert "tokens of m0: m = 2,400" in text.stdout
    assert "assumes m ∝ N" in text.stdout
    answer = CliRunner().invoke(app, [*command, "--format", "json"])
    found = json.loads(answer.stdout)
    assert list(found) == ["theory", "ranks", "singletons"]
    assert list(found["theory"][0]) == list(THEORY)


def test_nothing_is_written(made: Texts) -> None:
    def files() -> set[Path]:
        return set(made.bench.store.root.rglob("*"))

    before = files()
    theory(made.bench.lineage, made.bench.store)
    assert files() == before


def test_a_study_that_was_not_run_is_a_sentence(made: Texts, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the theory of the study 'chains' was expected in"):
        theory(made.bench.lineage, LocalStore(tmp_path / "empty"))
    result = CliRunner().invoke(
        app, ["theory", str(made.study), "--store", str(tmp_path / "empty")]
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert "run it first with `calibration run`" in result.stderr
    assert "\n" not in result.stderr.strip()
    assert not (tmp_path / "empty").exists()
