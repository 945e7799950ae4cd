"""`calibration measure` from the command to the pages: a text, a model, and no study file."""

import re
from pathlib import Path

import polars as pl
import pytest
from markov import chain, texts
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from typer.testing import CliRunner, Result

from calibration.slugs import distinct_slug
from calibration.tokens import TOKENS
from flows.cli import app
from storage.artifacts import read_table
from storage.local import LocalStore
from storage.resolution import resolved
from storage.roots import read_roots
from storage.studies import read_study
from studies import write_models

pytestmark = pytest.mark.usefixtures("prefect_server")

EXAMPLES, CONTINUATION = 70, 24  # two parts
OPTIONS = ("--prompt", "4", "--continuation", f"{CONTINUATION}", "--examples", f"{EXAMPLES}")


def calibration(root: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--store", str(root / "store")])


def measure(root: Path) -> Result:
    text = str(root / "only.txt")
    return calibration(root, "measure", str(root / "m0"), "--text", text, *OPTIONS)


def study_file(root: Path) -> Path:
    [path] = (root / "store" / "studies").iterdir()
    return path


def published(study: str, name: str) -> list[Artifact]:
    """Every version of one of a study's artifacts, the first one first."""
    key = ArtifactFilterKey(any_=[f"{distinct_slug(study)}-{name}"])
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
    return sorted(found, key=lambda one: str(one.created))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("measured")
    write_models(path, count=1)
    [text] = texts(chain(99), count=1, length=EXAMPLES * 8 * (4 + CONTINUATION), seed=3)
    (path / "only.txt").write_text(text)
    return path


@pytest.fixture(scope="module")
def first(root: Path) -> Result:
    return measure(root)


def test_it_prints_what_was_found_and_where(root: Path, first: Result) -> None:
    assert first.exit_code == 0, first.output
    assert re.search(r"^m0 +\d", first.stdout, re.M)
    assert "Note: only is one source text, so its passages count as independent" in first.stdout
    assert f"Study: {study_file(root)}" in first.stdout
    [report] = re.findall(r"^Report: (.*)$", first.stdout, re.M)
    assert Path(report).read_text().startswith("<!DOCTYPE html>")


def test_the_study_it_wrote_is_the_study_it_ran(root: Path, first: Result) -> None:
    study = read_study(study_file(root))
    assert study.datasets[0].independent == "passages"
    assert study.models[0].path == str(root / "m0")
    again = calibration(root, "report", str(study_file(root)))
    assert again.stdout in first.stdout


def test_passages_give_intervals(root: Path, first: Result) -> None:
    lineage = resolved(read_study(study_file(root)), file="")
    [row] = read_table(LocalStore(root / "store"), lineage.report.study_fit, "ent_ce").rows(
        named=True
    )
    assert row["clusters"] == row["examples"] == EXAMPLES
    assert row["ent_ce_low"] < row["ent_ce"] < row["ent_ce_high"]


def test_every_token_is_exported(root: Path, first: Result, tmp_path: Path) -> None:
    study = str(study_file(root))
    result = calibration(root, "export", study, "--out", str(tmp_path), "--tokens")
    assert result.exit_code == 0, result.output
    path = tmp_path / "tokens" / "001-m0-on-only-at-temperature-1.parquet"
    assert str(path) in result.stdout
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    tokens = pl.read_parquet(path)
    assert tokens.schema == TOKENS
    counts = tokens.group_by("side").agg(pl.len(), pl.col("example").n_unique())
    assert sorted(counts.rows()) == [
        ("generated", EXAMPLES * CONTINUATION, EXAMPLES),
        ("human", EXAMPLES * CONTINUATION, EXAMPLES),
    ]
    own, human = (
        tokens.filter(side=side).select(pl.mean("entropy", "log_loss").cast(pl.Float64))
        for side in ("generated", "human")
    )
    row = pl.read_parquet(tmp_path / "ent_ce.parquet").row(0, named=True)
    assert own["entropy"][0] == pytest.approx(row["entropy"], rel=1e-5)
    assert human["log_loss"][0] == pytest.approx(row["log_loss"], rel=1e-5)
    assert human["entropy"][0] == pytest.approx(row["teacher_entropy"], rel=1e-5)


def test_readings_are_exported_as_text_too(root: Path, first: Result, tmp_path: Path) -> None:
    calibration(root, "export", str(study_file(root)), "--out", str(tmp_path))
    readings = pl.read_csv(tmp_path / "readings.csv")
    assert readings["model"].unique().to_list() == ["m0"]
    assert all(re.fullmatch("[a-g]+", text) for text in readings["generated"])
    assert pl.read_parquet(tmp_path / "readings.parquet")["generated"].dtype == pl.List(pl.String)
    assert not (tmp_path / "tokens").exists()


def test_a_plan_then_expects_what_was_measured(root: Path, first: Result) -> None:
    result = calibration(root, "plan", str(study_file(root)))
    assert "0 of 17 artifacts to make" in result.stdout
    assert "estimated from m0 on only at temperature 1" in result.stdout


def test_it_differs_from_itself_in_nothing(root: Path, first: Result) -> None:
    store = str(root / "store")
    result = calibration(root, "compare", str(study_file(root)), store)
    assert result.exit_code == 0, result.output
    assert f"paired over {EXAMPLES} shared source texts" in result.stdout
    assert result.stdout.count("+0.0000 [+0.0000, +0.0000]") == 4


def test_every_run_is_published_whether_or_not_anything_was_made(root: Path, first: Result) -> None:
    name = read_roots(LocalStore(root / "store"))[0].study
    before = published(name, "ent-ce")
    assert measure(root).exit_code == 0
    after = published(name, "ent-ce")
    assert len(after) == len(before) + 1
    assert after[-1].data == after[0].data
    assert "EntCE is" in str(published(name, "findings")[0].data)
    assert len(published(name, "gate")) == len(published(name, "exponents")) == len(after)
    [picture, *_] = published(name, "figure-1-entropy-over-steps")
    assert str(picture.data).startswith("![figure-1-entropy-over-steps](data:image/png;base64,")


def test_what_is_wrong_is_a_sentence_and_leaves_nothing(root: Path, tmp_path: Path) -> None:
    model, text = str(root / "m0"), str(root / "only.txt")
    for words, sentence in (
        (("nowhere", "--text", text), "nowhere: a directory with a model"),
        ((model, "--text", "none.txt"), "none.txt: texts were expected there"),
        ((model, text, "--text", text), "a model was expected, found a file of texts"),
        ((model, "--text", text, "--prompt", "600"), "calibration measure: data set 'only'"),
        ((model, "--text", text, "--temperature", "0"), "a temperature above 0 was expected"),
        ((model, "--text", text, "--decoding", "top_p"), "--decoding 'top_p': settings such as"),
        ((model, "--text", text, "--decoding", "top_p=0.9"), "`decodings[1]`: top_p: a `mixture`"),
        ((model, model, "--text", text), "calibration measure: every name under `models`"),
    ):
        result = calibration(tmp_path, "measure", *words)
        assert result.exit_code == 2, words
        assert sentence in result.stderr
        assert "\n" not in result.stderr.strip()
        assert not (tmp_path / "store").exists()


def test_a_window_of_bytes_beyond_the_context_is_refused_before_anything_is_sampled(
    root: Path, tmp_path: Path
) -> None:
    given = ["measure", str(root / "m0"), "--text", str(root / "only.txt"), "--unit", "bytes"]
    asked = ["--prompt", "100", "--continuation", "600", "--store", str(tmp_path / "store")]
    found = CliRunner().invoke(app, [*given, *asked])
    assert found.exit_code == 2
    assert "data set 'only': texts of at most 512 tokens were expected" in found.stderr
    assert "the context of 'm0'" in found.stderr
    assert not (tmp_path / "store" / "samples").exists()


def test_truncated_decodings_are_measured_as_they_were_asked_for(
    root: Path, tmp_path: Path
) -> None:
    asked = ["--decoding", "top_k=3,mixture=0.1", "--decoding", "top_k=3,mixture=0"]
    given = ["measure", str(root / "m0"), "--text", str(root / "only.txt"), *OPTIONS, *asked]
    found = CliRunner().invoke(app, [*given, "--store", str(tmp_path / "store")])
    assert found.exit_code == 0, found.output
    [path] = (tmp_path / "store" / "studies").iterdir()
    assert (
        CliRunner()
        .invoke(
            app, ["export", str(path), "--out", str(tmp_path), "--store", str(tmp_path / "store")]
        )
        .exit_code
        == 0
    )
    mixed, pure = pl.read_parquet(tmp_path / "ent_ce.parquet").rows(named=True)
    assert (mixed["decoding"], pure["mixture"]) == ("temperature 1, top-k 3, mixture 0.1", 0)
    assert mixed["coverage"] == pure["coverage"] < 1
    assert mixed["log_loss"] < pure["log_loss"] == float("inf")
    assert mixed["ent_ce"] is not None
    assert (pure["ent_ce"], pure["static"], pure["static_low"]) == (None, None, None)
    assert pure["drift_low"] < pure["drift"] < pure["drift_high"]
    assert "At temperature 1, top-k 3, over 1 model" in (tmp_path / "report.html").read_text()


def test_an_export_to_a_file_is_a_sentence(root: Path, first: Result, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert first.exit_code == 0
    found = calibration(root, "export", str(study_file(root)), "--out", str(tmp_path / "file"))
    assert found.exit_code == 2
    assert "a place that can be written was expected" in found.stderr
