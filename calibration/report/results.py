"""The tables of a study together, and the choices that every part of its report shares.

The first decoding of a data set that truncates nothing, and is not fitted, is drawn and headlined.
Where there is no room for every model, the smallest and the largest of each family stand for the
rest. Knows neither figures nor pages.
"""

from dataclasses import dataclass, field, fields
from typing import Final

import polars as pl

from calibration.against_theory import against_theory
from calibration.calibrated_tables import CALIBRATED, DIAGNOSED, FITTED, PACE
from calibration.tables import MODEL_LABELS, SUMMARY_READINGS

BINS: Final = 32  # more points than this hide a curve in its own noise
HUMAN: Final = ("log_loss", "teacher_entropy")  # columns whose steps are those of human texts
OF_ALL: Final = ("ended",)  # shares of all generations, whether or not they have the step
READINGS: Final = pl.Schema({**MODEL_LABELS, **SUMMARY_READINGS})
CURVE_LABELS: Final = (*MODEL_LABELS, "unit")


@dataclass(frozen=True)
class ReportTables:
    """What a report is made from: the tables of a study's fit, READINGS and the theory, by name.

    `readings` are those of the measurements that the report shows.
    """

    ent_ce: pl.DataFrame
    curves: pl.DataFrame
    fits: pl.DataFrame
    bands: pl.DataFrame
    points: pl.DataFrame
    leave_one_out: pl.DataFrame
    horizons: pl.DataFrame
    overall: pl.DataFrame
    tuning: pl.DataFrame
    spread: pl.DataFrame
    seen: pl.DataFrame
    gate: pl.DataFrame
    readings: pl.DataFrame
    theory: pl.DataFrame
    ranks: pl.DataFrame
    singletons: pl.DataFrame
    # Of decodings that are fitted, which most studies have none of.
    calibrated: pl.DataFrame = field(default_factory=CALIBRATED.to_frame)
    fitted: pl.DataFrame = field(default_factory=FITTED.to_frame)
    diagnosed: pl.DataFrame = field(default_factory=DIAGNOSED.to_frame)
    pace: pl.DataFrame = field(default_factory=PACE.to_frame)

    @property
    def datasets(self) -> list[str]:
        """The data sets that were measured, in the order of the study."""
        return names(self.ent_ce, "dataset")

    @property
    def against_theory(self) -> pl.DataFrame:
        """AGAINST_THEORY: what the fits and the theory say together."""
        return against_theory(self.fits, self.theory, self.ent_ce)

    def headline(self, dataset: str) -> str:
        """The decoding of a data set that is drawn."""
        return first_decoding(self.ent_ce.filter(pl.col("dataset") == dataset))

    def of(self, dataset: str, decoding: str | None = None) -> "ReportTables":
        """The rows of one data set, of one of its decodings where one is named.

        The theory is of texts, and has no decoding.
        """
        frames = {one.name: getattr(self, one.name) for one in fields(self)}
        shown = {name: one.filter(pl.col("dataset") == dataset) for name, one in frames.items()}
        if decoding is not None:
            shown |= {
                name: one.filter(pl.col("decoding") == decoding)
                for name, one in shown.items()
                if "decoding" in one.columns
            }
        return ReportTables(**shown)

    def measured(self, dataset: str, decoding: str) -> "ReportTables":
        """The rows of one measured series; ValueError where it was not measured."""
        shown = self.of(dataset, decoding)
        if shown.ent_ce.is_empty():
            raise ValueError(
                f"rows of data set {dataset!r} under {decoding!r} were expected, the table has none"
            )
        return shown


def first_decoding(ent_ce: pl.DataFrame) -> str:
    """The decoding that stands for the rows of one data set: the first that truncates nothing.

    One that is fitted stands for them only where the study states the settings of none. No mixture
    speaks for its truncation; where every decoding truncates, the first with a log loss.
    """
    whole = pl.col("truncation").is_null()
    written = pl.col("temperature").is_not_null()
    for chosen in (whole & written, whole, pl.col("mixture") > 0, pl.lit(value=True)):
        found = names(ent_ce.filter(chosen), "decoding")
        if found:
            return found[0]
    raise ValueError("a row of a data set was expected, found none")


def names(frame: pl.DataFrame, column: str) -> list[str]:
    """The values of a column, each once, in the order of the rows."""
    return frame[column].unique(maintain_order=True).to_list()


def headlined(tables: ReportTables, rows: pl.DataFrame) -> pl.DataFrame:
    """Those rows of one of a study's tables that are of the headlined decodings."""
    of_headline = (
        (pl.col("dataset") == name) & (pl.col("decoding") == tables.headline(name))
        for name in tables.datasets
    )
    return rows.filter(pl.any_horizontal(pl.lit(value=False), *of_headline))


def ends_of_families(ent_ce: pl.DataFrame) -> list[str]:
    """The smallest and the largest model of each family, in the order of the rows."""
    size = pl.col("parameters")
    ends = (size == size.min().over("family")) | (size == size.max().over("family"))
    return names(ent_ce.filter(ends), "model")


def standing_for_all(ent_ce: pl.DataFrame, *, room: int) -> list[str]:
    """Every model where there is room, else the ends of the families, as many as there is room."""
    models = names(ent_ce, "model")
    return models if len(models) <= room else ends_of_families(ent_ce)[:room]


def read_measurements(ent_ce: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Model, data set and decoding of every measurement whose generations the report shows."""
    shown = []
    for dataset in names(ent_ce, "dataset"):
        rows = ent_ce.filter(pl.col("dataset") == dataset)
        decoding = first_decoding(rows)
        shown += [(model, dataset, decoding) for model in ends_of_families(rows)]
    return shown


def binned(curves: pl.DataFrame, width: int) -> pl.DataFrame:
    """Rows of CURVES averaged over bins of `width` steps, weighted by their counts.

    `position` is the bin's mean. Standard errors are averaged too: steps of one text are
    correlated, so that an average need not be surer than its parts; this is the upper bound.
    """
    columns = [name for name in curves.columns if curves.schema[name].is_float()]
    averages = [
        # An unknown value makes its bin's unknown; a sum would count it as 0.
        ((pl.col(name).fill_null(float("nan")) * _weight(name)).sum() / _weight(name).sum()).alias(
            name
        )
        for name in columns
    ]
    bin_of_step = ((pl.col("position") - 1) // width).alias("bin")
    bins = (
        curves.filter(pl.col("count") > 0)
        .group_by(*CURVE_LABELS, bin_of_step, maintain_order=True)
        .agg(pl.col("position").mean(), *averages)
    )
    return bins.drop("bin")


def width_of_bins(curves: pl.DataFrame) -> int:
    """Steps a bin, so that a curve has at most BINS of them."""
    return max(1, -(-curves["position"].n_unique() // BINS))


def _weight(name: str) -> pl.Expr:
    if name in OF_ALL:
        return pl.col("count").sign()
    return pl.col("count_human" if name.startswith(HUMAN) else "count")
