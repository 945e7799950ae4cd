"""`calibration bridge`: two studies of other protocols, every step between them, one table.

A step is a study like any other: what exists of it is not made again, and it is kept in the store.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
from prefect import flow

from calibration.bridge import Step, bridge_steps
from calibration.bridge_tables import Held, Walked, bridge_exponents, bridge_lines, bridge_table
from calibration.lineage import Lineage
from calibration.pairing import Label
from calibration.report.figures.bridge import ent_ce_by_step
from calibration.report.figures.files import Kind, rendered
from calibration.spreadsheets import uncalculated
from expectations.suites import VERSIONS
from flows.conclude import make_fits
from flows.granted import granted
from flows.measure import measure
from flows.place import Place, record_place
from flows.remaining import Measure, carried_out, one_by_one
from storage.resolution import resolved_as_run
from storage.store import Store
from storage.studies import read_study
from storage.verdicts import read_judged

LOG = logging.getLogger("calibration")
FIGURE_KINDS: tuple[Kind, ...] = ("svg", "png")


class Bridge(NamedTuple):
    """What a bridge shows, and what it writes."""

    table: pl.DataFrame  # BRIDGE
    exponents: pl.DataFrame  # BRIDGE_EXPONENTS

    @property
    def lines(self) -> list[str]:
        return list(bridge_lines(self.table, self.exponents))


def steps_between(start: str, end: str) -> list[Step]:
    """The studies from one file to another. Raises StudyError where no bridge joins them."""
    return bridge_steps(read_study(start), read_study(end), files=(start, end))


@flow(name="bridge", flow_run_name="{start} to {end}", persist_result=False)
def bridge(start: str, end: str, store: str = "artifacts") -> None:
    """Measure every step from one study file to another."""
    with granted():
        walk(steps_between(start, end), record_place(store), file=end)


def walk(steps: Sequence[Step], place: Place, *, file: str) -> None:
    """Make whatever the studies of some steps lack, up to their fits."""
    for number, step in enumerate(steps, start=1):
        LOG.info("step %d of %d: %s", number, len(steps), step.name)
        _made(step, place, file=file)


def _made(step: Step, place: Place, *, file: str) -> None:
    def in_turn(lineage: Lineage) -> Measure:
        return one_by_one(lambda model: measure(lineage.of_model(model.name), root, place))

    root = step.study.root
    make_fits(carried_out(step.study, place, file=file, measuring=in_turn).lineage, place)


def bridged(steps: Sequence[Step], store: Store, *, file: str) -> Bridge:
    """The tables of steps that were made."""
    walked = [
        _walked(step.name, resolved_as_run(step.study, store, file=file), store) for step in steps
    ]
    return Bridge(bridge_table(walked), bridge_exponents(walked))


def _walked(name: str, lineage: Lineage, store: Store) -> Walked:
    fits = lineage.report.study_fit
    held = {
        Label(member.name, series.dataset, series.decoding.label): Held(
            family=series.family,
            parameters=member.parameters,
            unit=member.summary.samples.examples.unit,
            summary=read_judged(store, member.summary, VERSIONS["summaries"], table="examples"),
        )
        for series in fits.fits
        for member in series.members
    }
    return Walked(name, held, read_judged(store, fits, VERSIONS[fits.KIND], table="fits"))


def write_bridge(found: Bridge, out: Path) -> list[Path]:
    """Write the tables (Parquet and CSV) and the figure (SVG and PNG) below `out`; their paths."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in (("bridge", found.table), ("bridge_exponents", found.exponents)):
        written += [out / f"{name}.parquet", out / f"{name}.csv"]
        frame.write_parquet(written[-2])
        uncalculated(frame).write_csv(written[-1])
    figure = ent_ce_by_step(found.table)
    for kind in FIGURE_KINDS:
        path = out / f"bridge.{kind}"
        path.write_bytes(rendered(figure, kind))
        written.append(path)
    return written
