"""Texts that decodings are fitted on: of none of the source texts that are measured."""

import json
import random
from pathlib import Path

import polars as pl
import pytest

from calibration.errors import TextError
from calibration.lineage import Lineage
from calibration.text import text_digest
from storage.apart import FEWEST, left_out, require_apart
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


LINES = {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"}


def study(root: Path, *, examples: int, **calibration: object) -> Lineage:
    write_lines(root / "texts.jsonl")
    return study_of(root, LINES, examples=examples, calibration=calibration)


def study_of(root: Path, source: dict[str, str], **dataset: object) -> Lineage:
    write_models(root, count=1)
    data = {"name": "letters", "source": source, "prompt": 4, "continuation": 8, **dataset}
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
    assert left_out(store, apart) == clusters(measured) | set(map(text_digest, measured["text"]))
    assert left_out(store, recipe) == frozenset()
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


def speech(number: int) -> str:
    generator = random.Random(number)
    return " ".join(f"w{generator.randrange(3000)}" for _ in range(14))


def write_speeches(directory: Path, lines: list[str]) -> dict[str, str]:
    """A file each; the source that reads them."""
    directory.mkdir()
    for number, line in enumerate(lines):
        (directory / f"{number}.txt").write_text(line)
    return {"kind": "files", "path": f"{directory.name}/*.txt"}


def test_near_copies_have_the_name_of_one_of_them_and_are_still_found(tmp_path: Path) -> None:
    """Measured are both versions of a speech, of which the other source has the first alone."""
    said = [speech(number) for number in range(20)]
    both = write_speeches(tmp_path / "both", said + [f"{one} as printed" for one in said])
    first = write_speeches(tmp_path / "first", said + [speech(number) for number in range(90, 95)])
    lineage = study_of(
        tmp_path, both, examples=TEXTS, calibration={"source": first, "examples": 25}
    )
    measured, fitted_on = made(tmp_path, lineage)
    named_alike = clusters(measured) & clusters(fitted_on)
    assert 0 < len(named_alike) < 20 == len(set(measured["text"]) & set(fitted_on["text"]))
    with pytest.raises(TextError, match=r"data set 'letters': .* found 20 of both, such as"):
        require_apart(lineage, LocalStore(tmp_path / "store"))


def test_printed_versions_of_what_is_measured_are_found(tmp_path: Path) -> None:
    said = [speech(number) for number in range(20)]
    own = write_speeches(tmp_path / "own", said)
    printed = write_speeches(tmp_path / "printed", [f"{one} as printed" for one in said])
    lineage = study_of(tmp_path, own, examples=20, calibration={"source": printed, "examples": 20})
    measured, fitted_on = made(tmp_path, lineage)
    assert not clusters(measured) & clusters(fitted_on)
    with pytest.raises(TextError, match="found 20 of both"):
        require_apart(lineage, LocalStore(tmp_path / "store"))


def test_other_passages_of_a_measured_book_are_of_its_source_text(tmp_path: Path) -> None:
    sources = []
    for name, chapter in (("own", 1), ("other", 2)):
        row = {"text": speech(chapter), "cluster": "book"}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row))
        sources.append(LINES | {"path": f"{name}.jsonl"})
    own, other = sources
    texts = {"source": other, "examples": 20}
    lineage = study_of(tmp_path, own, examples=2, independent="passages", calibration=texts)
    measured, fitted_on = made(tmp_path, lineage)
    assert not clusters(measured) & clusters(fitted_on)
    with pytest.raises(TextError, match="found 1 of both, such as 'book'"):
        require_apart(lineage, LocalStore(tmp_path / "store"))


def test_what_is_one_text_among_few_and_another_among_many_is_left_out(tmp_path: Path) -> None:
    """Seventy letters of one form: one source text among few, boilerplate among more."""
    form = speech(0)
    forms = [f"{form} to n{number}" for number in range(70)]
    lines = forms + [speech(number) for number in range(1, 141)]
    rows = pl.DataFrame({"text": random.Random(1).sample(lines, len(lines))})
    (tmp_path / "rows").mkdir()
    rows.write_parquet(tmp_path / "rows" / "test.parquet")
    source = {"kind": "hub", "dataset": "rows", "split": "test", "column": "text"}
    lineage = study_of(tmp_path, source, examples=90, calibration={"examples": 100})
    measured, fitted_on = made(tmp_path, lineage)
    assert measured["cluster"].n_unique() < len(measured)
    assert not set(measured["text"]) & set(fitted_on["text"])
