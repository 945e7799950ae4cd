"""One artifact of two parts, with a smaller table beside them, for what reads and what checks."""

from pathlib import Path

import polars as pl
from small_recipes import TEXTS

from calibration.recipes import Recipe
from storage.drafts import Draft
from storage.local import LocalStore
from storage.manifests import Manifest, manifest_key

SCHEMA = pl.Schema(
    {
        "cluster": pl.String(),
        "example": pl.Int32(),
        "entropy": pl.List(pl.Float32),
        "ended": pl.Boolean(),
    }
)


def frame(start: int = 0, rows: int = 70) -> pl.DataFrame:
    numbers = range(start, start + rows)
    return pl.DataFrame(
        {
            "cluster": [f"č{number % 7}" for number in numbers],
            "example": numbers,
            "entropy": [[number / 7] * (number % 5) for number in numbers],
            "ended": [None if number % 3 else True for number in numbers],
        },
        schema=SCHEMA,
    )


def sealed(store: LocalStore, recipe: Recipe = TEXTS, *, first: int = 0) -> Manifest:
    """The artifact; `first` is where its numbers start."""
    draft = Draft(store, recipe)
    files = [
        draft.write_table(frame(first + 70), table="samples", index=1),
        draft.write_table(frame(first), table="samples", index=0),
        draft.write_table(frame(first, rows=5), table="replay"),
    ]
    facts = {"vocabulary": 8, "share": 0.5, "failure": None}
    return draft.seal(files, title="a title", seconds=2.0, tokens=300, facts=facts)


def path_of(store: LocalStore, name: str, recipe: Recipe = TEXTS) -> Path:
    return store.root / recipe.address / name


def manifest_path(store: LocalStore, recipe: Recipe = TEXTS) -> Path:
    return store.root / manifest_key(recipe.address)


def flip(path: Path, at: int = 100) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))
