"""Tables to take away: whole where they fit, and saying what was left out where they do not."""

from io import BytesIO

import polars as pl
import pytest
from made_up_study import DECODINGS, SIZES, STEPS, made_up_study

from calibration.report.downloads import (
    ALL_BUDGET,
    BUDGET,
    SAVED,
    csv_of,
    table_links,
    tables_to_save,
)

PLENTY = 10**8


@pytest.mark.parametrize("name", SAVED)
def test_a_table_that_fits_is_whole(name: str) -> None:
    tables = made_up_study().tables
    frame = getattr(tables, name)
    csv = csv_of(tables, name, budget=PLENTY)
    read = pl.read_csv(BytesIO(csv.content))
    assert (csv.name, csv.rows, csv.kept) == (f"{name}.csv", len(frame), "")
    assert read.columns == frame.columns
    assert len(read) == len(frame)


def test_numbers_have_five_significant_digits() -> None:
    tables = made_up_study().tables
    read = pl.read_csv(BytesIO(csv_of(tables, "ent_ce", budget=PLENTY).content))
    assert read["ent_ce"].to_list() == pytest.approx(tables.ent_ce["ent_ce"].to_list(), rel=5e-5)
    assert all(len(str(value).lstrip("-0.")) <= 6 for value in read["ent_ce"])


def test_warnings_of_a_fit_are_one_cell() -> None:
    tables = made_up_study().changed(warnings=pl.lit(["one", "two, three"])).tables
    read = pl.read_csv(BytesIO(csv_of(tables, "fits", budget=PLENTY).content))
    assert set(read["warnings"]) == {"one; two, three"}


def test_a_table_that_is_too_long_keeps_the_first_decoding_and_says_so() -> None:
    csv = csv_of(made_up_study().tables, "ent_ce", budget=3000)
    assert pl.read_csv(BytesIO(csv.content))["decoding"].unique().to_list() == [DECODINGS[0]]
    assert (csv.rows, csv.kept) == (len(SIZES), "only the first decoding of each data set")


def test_curves_are_binned_before_decodings_are_left_out() -> None:
    tables = made_up_study().tables
    whole = csv_of(tables, "curves", budget=PLENTY)
    binned = csv_of(tables, "curves", budget=len(whole.content) - 1)
    assert (binned.rows, binned.kept) == (2 * len(SIZES) * STEPS // 7, "averages of 7 steps")
    fewer = csv_of(tables, "curves", budget=len(binned.content) - 1)
    assert fewer.rows == binned.rows / 2
    assert fewer.kept == "averages of 7 steps, only the first decoding of each data set"


@pytest.mark.parametrize("budget", [4000, 10_000, 30_000])
def test_curves_keep_to_their_budget(budget: int) -> None:
    assert len(csv_of(made_up_study().tables, "curves", budget=budget).content) <= budget


def test_curves_have_the_room_that_other_tables_leave() -> None:
    study = made_up_study()
    small = {csv.name: csv for csv in tables_to_save(study.tables)}
    assert small["curves.csv"].kept == ""
    assert len(small["curves.csv"].content) > BUDGET
    many = pl.concat(study.tables.curves.with_columns(model=pl.lit(f"m{n}")) for n in range(9))
    large = tables_to_save(study.with_tables(curves=many).tables)
    assert sum(len(csv.content) for csv in large) <= ALL_BUDGET
    assert [csv.kept != "" for csv in large] == [csv.name == "curves.csv" for csv in large]


def test_every_table_has_a_link() -> None:
    links = list(table_links(made_up_study().tables))
    assert [f'download="{name}.csv"' in link for name, link in zip(SAVED, links, strict=True)]
