"""What several series say together, from the tables of their fits alone."""

from dataclasses import replace

import polars as pl
import pytest
from made_up_series import series

from calibration.across_tables import OVERALL
from calibration.statistics.across import AcrossSeries, across_series
from calibration.statistics.pooling import Points, fit_pooled
from calibration.statistics.series import SeriesFit, fit_series
from calibration.tables import FITS

EXPONENTS = {"a": -0.2, "b": -0.15}


def fitted(family: str, dataset: str) -> SeriesFit:
    members = series(EXPONENTS[family], 4)
    return fit_series([replace(one, family=family, dataset=dataset) for one in members])


@pytest.fixture(scope="module")
def found() -> tuple[pl.DataFrame, pl.DataFrame, AcrossSeries]:
    every = [fitted(family, dataset) for family in EXPONENTS for dataset in ("one", "two")]
    fits, points = (pl.concat(getattr(one, name) for one in every) for name in ("fits", "points"))
    return fits, points, across_series(fits, points, pl.concat(one.ent_ce for one in every))


def test_tables_have_their_schemas_and_own_exponents_are_kept(
    found: tuple[pl.DataFrame, pl.DataFrame, AcrossSeries],
) -> None:
    fits, _, across = found
    assert across.fits.schema == FITS
    assert across.overall.schema == OVERALL
    own = [name for name in fits.columns if not name.startswith(("pooled_", "p_holm"))]
    assert across.fits.select(own).equals(fits.select(own))


def test_pooled_columns_are_the_pooled_fits_of_the_points(
    found: tuple[pl.DataFrame, pl.DataFrame, AcrossSeries],
) -> None:
    _, points, across = found
    rows = across.fits.filter(pl.col("quantity") == "ent_ce")
    of = points.filter(pl.col("quantity") == "ent_ce").partition_by(
        "family", "dataset", maintain_order=True
    )
    pooled = fit_pooled(
        [
            Points(
                one["dataset"][0],
                one["size"].to_numpy(),
                one["value"].to_numpy(),
                pl.Series(one["covariance"]).list.to_array(4).to_numpy(),
                60.0,
            )
            for one in of
        ]
    )
    assert rows["pooled_df"].to_list() == [4.0] * 4  # two degrees a series, two data sets
    for row, fit in zip(rows.rows(named=True), pooled, strict=True):
        assert fit is not None
        assert row["pooled_exponent"] == pytest.approx(fit.exponent)
        assert row["pooled_high"] == pytest.approx(fit.high)


def test_p_values_are_adjusted_over_all_series_of_a_quantity(
    found: tuple[pl.DataFrame, pl.DataFrame, AcrossSeries],
) -> None:
    rows = found[2].fits.filter(pl.col("quantity") == "ent_ce")
    assert rows["p_holm"].min() == pytest.approx(4 * rows["p_zero"].min())  # type: ignore[operator]
    assert (rows["p_holm"] >= rows["p_zero"]).all()


def test_the_exponent_over_families_counts_families_not_series(
    found: tuple[pl.DataFrame, pl.DataFrame, AcrossSeries],
) -> None:
    overall = found[2].overall.filter(pl.col("quantity") == "ent_ce")
    assert overall["dataset"].to_list() == ["all", "one", "two"]
    row = overall.row(0, named=True)
    assert (row["families"], row["series"], row["df"]) == (2, 4, 1)
    assert row["exponent"] == pytest.approx(-0.175, abs=0.02)
    assert row["low"] < row["exponent"] < row["high"]


def test_one_family_has_a_row_without_an_exponent() -> None:
    alone = fitted("a", "one")
    across = across_series(alone.fits, alone.points, alone.ent_ce)
    assert across.overall["dataset"].unique().to_list() == ["all"]
    assert across.overall["families"].max() == 1
    assert across.overall["exponent"].null_count() == 3
    assert across.fits["pooled_exponent"].null_count() == 3


def test_series_that_could_not_be_fitted_stay_as_they_are() -> None:
    two = series(-0.2, 2)
    one = fit_series(two)
    across = across_series(one.fits, one.points, one.ent_ce)
    assert across.fits["p_holm"].null_count() == across.fits.height
    assert across.overall["families"].to_list() == [0, 0, 0]


@pytest.fixture(scope="module")
def with_chat(
    found: tuple[pl.DataFrame, pl.DataFrame, AcrossSeries],
) -> tuple[list[SeriesFit], list[SeriesFit]]:
    base = [fitted(family, dataset) for family in EXPONENTS for dataset in ("one", "two")]
    return base, [tuned(family, dataset) for family in EXPONENTS for dataset in ("one", "two")]


def tuned(family: str, dataset: str) -> SeriesFit:
    """Chat models whose EntCE rises with size, which would move whatever counted them."""
    members = [
        replace(
            one,
            name=f"{one.name} chat",
            family=f"{family} chat",
            dataset=dataset,
            chat=True,
            base=one.name,
        )
        for one in series(-2 * EXPONENTS[family], 4)
    ]
    return fit_series(members)


def together(fitted: list[SeriesFit], **changed: pl.Expr) -> AcrossSeries:
    fits, points, ent_ce = (
        pl.concat(getattr(one, name) for one in fitted) for name in ("fits", "points", "ent_ce")
    )
    return across_series(fits, points, ent_ce.with_columns(**changed))


def test_chat_models_change_nothing_that_is_said_of_families(
    with_chat: tuple[list[SeriesFit], list[SeriesFit]],
) -> None:
    base, chat = with_chat
    alone, both = together(base), together(base + chat)
    assert both.overall.equals(alone.overall)
    assert both.fits.head(alone.fits.height).equals(alone.fits)
    of_chat = both.fits.tail(-alone.fits.height)
    assert of_chat["exponent"].is_not_null().any()
    assert of_chat["p_holm"].is_null().all()
    assert of_chat["pooled_exponent"].is_null().all()


def test_a_study_of_chat_models_alone_counts_their_families(
    with_chat: tuple[list[SeriesFit], list[SeriesFit]],
) -> None:
    across = together(with_chat[1])
    assert across.overall["families"].max() == 2
    assert across.fits["p_holm"].is_not_null().any()


def test_in_tokens_no_exponent_is_over_families_of_several_tokenizers(
    with_chat: tuple[list[SeriesFit], list[SeriesFit]],
) -> None:
    of_b = pl.when(pl.col("family") == "b").then(1.1).otherwise(1.0)
    longer = pl.col("bytes_per_token_human") * of_b
    alone, several = together(with_chat[0]), together(with_chat[0], bytes_per_token_human=longer)
    assert several.overall["tokenizers_differ"].all()
    assert several.overall["exponent"].is_null().all()
    assert several.overall["families"].equals(alone.overall["families"])
    assert several.fits.equals(alone.fits)


def test_bytes_are_compared_over_every_tokenizer_and_stand_for_all(
    with_chat: tuple[list[SeriesFit], list[SeriesFit]],
) -> None:
    of_b = pl.when(pl.col("family") == "b").then(1.1).otherwise(1.0)
    mixed = together(
        with_chat[0],
        bytes_per_token_human=pl.col("bytes_per_token_human") * of_b,
        unit=pl.when(pl.col("dataset") == "one").then(pl.lit("bytes")).otherwise("unit"),
    ).overall.filter(quantity="ent_ce")
    rows = {row["dataset"]: row for row in mixed.rows(named=True)}
    assert rows["two"]["exponent"] is None
    assert rows["one"]["exponent"] == rows["all"]["exponent"]
    assert (rows["all"]["series"], rows["all"]["tokenizers_differ"]) == (2, False)
