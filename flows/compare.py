"""`calibration compare`: two studies out of their stores, paired, differenced and shown.

Works from root files, manifests and summaries, so that neither models nor texts need be there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from calibration.errors import StoreError
from calibration.left_out import left_out_lines
from calibration.pairing import (
    Label,
    Side,
    compared_lines,
    compared_rows,
    differences_in_protocol,
    pairs,
    require_one_unit,
)
from calibration.recipes import Absent, StudyFitRecipe, SummaryRecipe
from calibration.spreadsheets import uncalculated
from calibration.statistics.comparison import comparison
from expectations.suites import VERSIONS
from flows.outward import require_kind, written_out
from storage.ancestry import recipe_at
from storage.artifacts import is_complete_at
from storage.roots import Root, read_roots, root_of
from storage.store import Store, open_store
from storage.studies import read_study
from storage.verdicts import read_judged

WRITERS: Final[dict[str, Callable[[pl.DataFrame, Path], None]]] = {
    ".csv": lambda frame, path: uncalculated(frame).write_csv(path),
    ".parquet": lambda frame, path: frame.write_parquet(path),
    ".json": lambda frame, path: frame.write_json(path),
}


class Found(NamedTuple):
    """One side of a comparison: its store, its study, and how it was chosen, in a sentence."""

    store: Store
    side: Side
    chosen: str
    absent: tuple[Absent, ...]  # models that its run left out


class Compared(NamedTuple):
    """What `compare` shows, and what it writes."""

    lines: list[str]
    table: pl.DataFrame  # COMPARED


def require_writable(path: Path) -> None:
    """Raises InputError for a file of a kind that is not written."""
    require_kind(path, list(WRITERS))


def found_side(given: str, *, store: str) -> Found:
    """The study of a file as it was run on `store`, or the last one run on a store of its own.

    Raises InputError or StoreError where there is none.
    """
    if _is_store(given):
        place = open_store(given)
        roots = read_roots(place)
        if not roots:
            raise StoreError(
                f"{given}: a study file or a store was expected, found one where no study "
                "was run: give one such as artifacts/"
            )
        finished = [root for root in roots if _is_finished(root, place)]
        if not finished:
            raise StoreError(
                f"{given}: a study that was run to its end was expected, found only "
                f"{roots[0].study!r}, which was not: run it again with `calibration run`"
            )
        return Found(place, _side(finished[0], place), _chosen(finished, given), finished[0].absent)
    place = open_store(store)
    root = root_of(place, read_study(given))
    chosen = f"{root.study} ({given}, run on {store})"
    return Found(place, _side(root, place), chosen, root.absent)


def _is_store(given: str) -> bool:
    return Path(given).is_dir() or ("://" in given and not given.endswith((".yaml", ".yml")))


def compared(a: Found, b: Found) -> Compared:
    """Differences B - A of every pair. Raises InputError where nothing pairs or units differ."""
    matched = pairs(list(a.side.measured), list(b.side.measured))
    lines = [*_side_lines("A", a), *_side_lines("B", b)]
    tables = []
    for here, there in matched.pairs:
        recipes = a.side.measured[here], b.side.measured[there]
        unit = require_one_unit(*recipes, title=str(here))
        found = comparison(_examples(recipes[0], a.store), _examples(recipes[1], b.store))
        tables.append(compared_rows(here, there, found, unit=unit))
        lines += ["", *compared_lines(here, there, found, unit=unit)]
        lines += [f"  note: {one}" for one in differences_in_protocol(*recipes)]
    lines += _alone("A", matched.alone_a) + _alone("B", matched.alone_b)
    return Compared(lines, pl.concat(tables))


def write_compared(table: pl.DataFrame, path: Path) -> None:
    """Write the table as its suffix says. Raises InputError where it cannot be."""
    with written_out(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[path.suffix](table, path)


def _is_finished(root: Root, store: Store) -> bool:
    (fits,) = root.of_kind(StudyFitRecipe.KIND)
    return is_complete_at(store, fits)


def _side(root: Root, store: Store) -> Side:
    study_fit = recipe_at(store, root.of_kind(StudyFitRecipe.KIND)[0])
    if not isinstance(study_fit, StudyFitRecipe):
        raise TypeError(f"{study_fit.address} is no study fit")
    measured = {
        Label(member.name, fit.dataset, fit.decoding.label): member.summary
        for fit in study_fit.fits
        for member in fit.members
    }
    return Side(root.study, measured)


def _chosen(roots: list[Root], given: str) -> str:
    if len(roots) == 1:
        return f"{roots[0].study} (run on {given})"
    others = list(dict.fromkeys(root.study for root in roots[1:]))
    return (
        f"{roots[0].study}, the last of {len(roots)} studies run on {given} (others: "
        f"{', '.join(others)}; for one of them, give its study file, and its store with --store "
        "or --other-store)"
    )


def _examples(recipe: SummaryRecipe, store: Store) -> pl.DataFrame:
    return read_judged(store, recipe, VERSIONS[recipe.KIND], table="examples")


def _side_lines(side: str, found: Found) -> list[str]:
    return [f"{side}: {found.chosen}", *(f"  {one}" for one in left_out_lines(found.absent))]


def _alone(side: str, labels: tuple[Label, ...]) -> list[str]:
    return [f"only in {side}: {label}" for label in labels]
