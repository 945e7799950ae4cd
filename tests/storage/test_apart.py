"""Texts that decodings are fitted on: of none of the source texts that are measured."""

import json
from pathlib import Path

import polars as pl
import pytest

from calibration.errors import TextError
from calibration.lineage import Lineage
from storage.apart import FEWEST, clusters_left_out, require_apart
from storage.artifacts import read_table
from storage.local import LocalStore
from storage.manifests import manifest_of
from storage.resolution import resolved
from storage.studies import read_study
from studies import model, write_models, write_study
from tasks.ingest import ingest

TEXTS = 60


def write_lines(path: Path, *, first: int = 0) -> None:
    """A text a source, each of other letters."""
    lines = (
        json.dumps({"text": f"abc{number:03d}" * 9, "cluster": f"source {number}"})
        for number in range(first, first + TEXTS)
    )
    path.write_text("\n".join(lines))


def study(root: Path, *, examples: int, **calibration: object) -> Lineage:
    write_models(root, count=1)
    write_lines(root / "texts.jsonl")
    data = {
        "name": "letters",
        "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
        "prompt": 4,
        "continuation": 8,
        "examples": examples,
        "calibration": calibration,
    }
    decodings = [{"temperature": 1.0}, {"kind": "one_step"}]
    path = write_study(root, models=[model(0)], datasets=[data], decodings=decodings)
    return resolved(read_study(path), file=str(path))


def made(root: Path, lineage: Lineage) -> list[pl.DataFrame]:
    """The texts that are measured, and those that are fitted on."""
    store = LocalStore(root / "store")
    for recipe, dataset in lineage.texts().items():
        ingest.fn(recipe, dataset=dataset, root=str(root), store=str(store.root))
    return [read_table(store, recipe, "texts") for recipe in lineage.texts()]


def clusters(texts: pl.DataFrame) -> set[str]:
    return set(texts["cluster"])


def test_texts_of_one_source_share_no_cluster(tmp_path: Path) -> None:
    lineage = study(tmp_path, examples=20)
    measured, fitted_on = made(tmp_path, lineage)
    assert len(clusters(measured)) == 20
    assert len(clusters(fitted_on)) == TEXTS - 20
    assert not clusters(measured) & clusters(fitted_on)
    store = LocalStore(tmp_path / "store")
    recipe, apart = lineage.texts()
    assert clusters_left_out(store, apart) == clusters(measured)
    assert clusters_left_out(store, recipe) == frozenset()
    require_apart(lineage, store)


def test_too_few_that_are_left_are_refused_and_nothing_is_sealed(tmp_path: Path) -> None:
    lineage = study(tmp_path, examples=TEXTS - FEWEST + 1)
    with pytest.raises(TextError, match=f"{FEWEST} source texts or more were expected .* found 19"):
        made(tmp_path, lineage)
    store = LocalStore(tmp_path / "store")
    assert [manifest_of(store, one) is not None for one in lineage.texts()] == [True, False]


def test_as_many_as_are_needed_are_enough(tmp_path: Path) -> None:
    _, fitted_on = made(tmp_path, study(tmp_path, examples=TEXTS - FEWEST))
    assert len(clusters(fitted_on)) == FEWEST


def other(root: Path, *, first: int) -> Lineage:
    write_lines(root / "others.jsonl", first=first)
    source = {"kind": "files", "path": "others.jsonl", "cluster": "cluster"}
    return study(root, examples=TEXTS, source=source)


def test_another_source_may_be_used_whole(tmp_path: Path) -> None:
    lineage = other(tmp_path, first=TEXTS)
    measured, fitted_on = made(tmp_path, lineage)
    assert len(clusters(measured)) == len(clusters(fitted_on)) == TEXTS
    require_apart(lineage, LocalStore(tmp_path / "store"))


def test_another_source_with_a_text_that_is_measured_is_refused(tmp_path: Path) -> None:
    lineage = other(tmp_path, first=TEXTS - 2)
    made(tmp_path, lineage)
    with pytest.raises(TextError, match=r"data set 'letters': .* found 2 of both, such as 'source"):
        require_apart(lineage, LocalStore(tmp_path / "store"))
