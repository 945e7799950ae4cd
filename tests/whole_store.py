"""Whole small stores: one artifact of every kind, and a study that wants them."""

import errno
import os
from pathlib import Path

import polars as pl
from made_up_store import study_of
from small_recipes import OF_REPORT, REPORT, SAMPLES, SCORES, TEXTS, changed

from calibration.lineage import Lineage
from calibration.recipes import Recipe, ReportRecipe, VerdictRecipe
from storage.disk import Disk
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import Manifest
from storage.records import RECORD, stored_record
from storage.roots import write_root
from storage.store import Store
from storage.studies import write_study

DAY = 24 * 3600.0
STUDY = "study"
STUDY_OF_IT = study_of(STUDY, ["small"])
OTHER_REPORT = changed(REPORT, study="other")
FAILED_BEFORE = VerdictRecipe(table=TEXTS, suite=7)  # of older rules; no root file lists verdicts

# What no study wants: other samples of the same examples, and their verdict.
UNWANTED = changed(SAMPLES, seed=5)
UNWANTED_VERDICT = VerdictRecipe(table=UNWANTED, suite=1)
UNFINISHED = changed(SCORES, at_end="stop")


class ReadOnlyDisk(Disk):
    """A disk that is mounted to be read."""

    def save(self, path: Path, content: bytes) -> None:
        self._refuse(path)

    def make_directory(self, path: Path) -> None:
        self._refuse(path)

    def unlink(self, path: Path) -> None:
        self._refuse(path)

    def _refuse(self, path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))


def put(store: Store, recipe: Recipe, *, first: int = 0) -> Manifest:
    """An artifact of two parts and a page; other numbers where `first` is another."""
    draft = Draft(store, recipe)
    files = [
        draft.write_table(_frame(first + 50 * index), table="rows", index=index) for index in (0, 1)
    ]
    files.append(draft.write_file("page.html", f"<p>{recipe.KIND} {first}".encode()))
    manifest = draft.seal(files, title=f"{recipe.KIND} of letters", seconds=1.0)
    key = f"{recipe.address}/{RECORD}"
    store.write(key, stored_record(key, b"{}"))
    return manifest


def put_part(store: Store, recipe: Recipe) -> None:
    """The first part of an artifact that is not finished."""
    Draft(store, recipe).write_table(_frame(0), table="rows")


def put_study(store: Store, report: ReportRecipe = REPORT) -> str:
    """The root file of a study that wants a report; its key."""
    return write_root(store, Lineage(study_of(report.study, ["small"]), (), report))


def fill(store: Store) -> None:
    """One artifact of every kind, the study that wants them, and what else lies in a store."""
    put_study(store)
    for recipe in (*OF_REPORT, FAILED_BEFORE):
        put(store, recipe)
    write_study(store, STUDY_OF_IT, comments=["written here"])


def add_unwanted(store: Store) -> None:
    """Artifacts that no study wants, and one of these that is not finished."""
    for recipe in (UNWANTED, UNWANTED_VERDICT):
        put(store, recipe)
    put_part(store, UNFINISHED)


def age(store: LocalStore, *, days: float, prefix: str = "") -> None:
    """Everything below a prefix, as if it had been written so long ago."""
    for path in sorted((store.root / prefix).rglob("*")):
        if path.is_file():
            moment = path.stat().st_mtime - days * DAY
            os.utime(path, (moment, moment))


def contents(store: Store) -> dict[str, bytes]:
    """Every key of a store and what it holds."""
    return {entry.key: store.read(entry.key) for entry in store.entries("")}


def path_of(store: LocalStore, recipe: Recipe, pattern: str = "rows-00000-*") -> Path:
    """The file of an artifact whose name a pattern fits."""
    (found,) = (store.root / recipe.address).glob(pattern)
    return found


def key_of(store: LocalStore, path: Path) -> str:
    return path.relative_to(store.root).as_posix()


def _frame(start: int) -> pl.DataFrame:
    return pl.DataFrame({"example": range(start, start + 50)})
