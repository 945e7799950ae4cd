"""Verdicts in the store: reading a table through its passing verdict, and keeping failing ones."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from calibration.errors import CheckFailed
from calibration.recipes import Checked, VerdictRecipe
from storage.artifacts import current_manifest, is_complete, read_table
from storage.drafts import Draft
from storage.store import AT_ONCE, Store

TABLE = "verdict"


def write_verdict(draft: Draft, verdict: pl.DataFrame, *, title: str, failure: str | None) -> None:
    """Keep a verdict; `failure` is the sentence of a failing one."""
    file = draft.write_table(verdict, table=TABLE)
    draft.seal([file], title=title, facts={"failure": failure})


def failure_of(store: Store, recipe: VerdictRecipe) -> str | None:
    """The sentence of a failing verdict, None for a passing one."""
    manifest = current_manifest(store, recipe)
    failure = manifest.facts.get("failure") if manifest else "it has not been checked: run again"
    return None if failure is None else str(failure)


def all_stand(store: Store, verdicts: Iterable[VerdictRecipe]) -> bool:
    """Whether every table is complete and its verdict passes."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return all(pool.map(lambda one: _stands(store, one), verdicts))


def _stands(store: Store, verdict: VerdictRecipe) -> bool:
    return is_complete(store, verdict.table) and failure_of(store, verdict) is None


def read_judged(store: Store, recipe: Checked, suite: int, *, table: str) -> pl.DataFrame:
    """A table whose verdict passes. Raises CheckFailed with the verdict's sentence otherwise."""
    verdict = VerdictRecipe(table=recipe, suite=suite)
    failure = failure_of(store, verdict)
    if failure is not None:
        raise CheckFailed(f"{recipe.address} cannot be used: {failure}")
    return read_table(store, recipe, table)


def read_verdict(store: Store, recipe: VerdictRecipe) -> pl.DataFrame | None:
    """The verdict's rules, None where there is no verdict."""
    return read_table(store, recipe, TABLE) if current_manifest(store, recipe) else None
