"""What a run did, model by model, as Markdown for the page of the run."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from calibration.recipes import Absent
from calibration.report.markdown import escaped
from calibration.report.paths import untruncated
from calibration.report.wording import CONFIDENCE, count, estimate

THERE: Final = "cached"
MADE: Final = "made"
FAILED: Final = "failed"


def run_markdown(
    study: str,
    ent_ce: pl.DataFrame,
    *,
    there: Sequence[str],
    absent: Sequence[Absent],
    report: str,
) -> str:
    """A row a model of ENT_CE or `absent`: whether it was `there` before, and its EntCE.

    Of every data set the first decoding stands; the report has the others.
    """
    stated_first = untruncated(ent_ce).sort(pl.col("temperature").is_null(), maintain_order=True)
    shown = stated_first.unique(["model", "dataset"], keep="first", maintain_order=True)
    datasets = shown["dataset"].unique(maintain_order=True).to_list()
    found = {(row["model"], row["dataset"]): row for row in shown.rows(named=True)}
    fates = {name: THERE if name in there else MADE for name in dict.fromkeys(ent_ce["model"])}
    rows = [["model", "this run", *(f"EntCE, {name}" for name in datasets)]]
    for name, fate in fates.items():
        cells = (found.get((name, dataset)) for dataset in datasets)
        rows.append([name, fate, *(estimate(row, "ent_ce") if row else "" for row in cells)])
    rows += [[one.model, f"{FAILED}: {one.why}", *[""] * len(datasets)] for one in absent]
    under = escaped(", ".join(dict.fromkeys(shown["decoding"])))
    lines = [
        f"# {escaped(study)}",
        "",
        _counted(fates, failed=len(absent)),
        "",
        *_table(rows),
        "",
        f"EntCE [{CONFIDENCE} interval], nats, {under}. {THERE}: measured before this run; {MADE}: "
        f"by it. Report: `{report.replace('`', '')}`",
        "",
    ]
    return "\n".join(lines)


def _counted(fates: Mapping[str, str], *, failed: int) -> str:
    there = sum(fate == THERE for fate in fates.values())
    total = count(len(fates) + failed, "model")
    return f"{total}: {there} {THERE}, {len(fates) - there} {MADE}, {failed} {FAILED}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = ([escaped(cell) for cell in row] for row in rows)
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]
