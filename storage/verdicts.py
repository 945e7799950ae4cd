"""Verdicts in the store: reading a table through its passing verdict, and keeping failing ones."""

import polars as pl

from calibration.errors import CheckFailed
from calibration.recipes import Checked, VerdictRecipe
from storage.artifacts import is_complete, manifest_of, read_table, seal, write_table
from storage.store import Store

TABLE = "verdict"


def write_verdict(
    store: Store, recipe: VerdictRecipe, verdict: pl.DataFrame, *, title: str, failure: str | None
) -> None:
    """Keep a verdict; `failure` is the sentence of a failing one."""
    file = write_table(store, recipe, verdict, table=TABLE)
    seal(store, recipe, [file], title=title, seconds=0.0, facts={"failure": failure})


def failure_of(store: Store, recipe: VerdictRecipe) -> str | None:
    """The sentence of a failing verdict, None for a passing one."""
    manifest = manifest_of(store, recipe)
    failure = manifest.facts.get("failure") if manifest else "it has not been checked: run again"
    return None if failure is None else str(failure)


def read_judged(store: Store, recipe: Checked, suite: int, *, table: str) -> pl.DataFrame:
    """A table whose verdict passes. Raises CheckFailed with the verdict's sentence otherwise."""
    verdict = VerdictRecipe(table=recipe, suite=suite)
    failure = failure_of(store, verdict)
    if failure is not None:
        raise CheckFailed(f"{recipe.address} cannot be used: {failure}")
    return read_table(store, recipe, table)


def read_verdict(store: Store, recipe: VerdictRecipe) -> pl.DataFrame | None:
    """The verdict's rules, None where there is no verdict."""
    return read_table(store, recipe, TABLE) if is_complete(store, recipe) else None
