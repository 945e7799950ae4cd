"""What every part of a report shares: which models stand for the rest, and averages over bins."""

import numpy as np
import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, STEPS, made_up_study

from calibration.report.results import (
    binned,
    ends_of_families,
    read_measurements,
    standing_for_all,
    width_of_bins,
)

MODELS = pl.DataFrame(
    {
        "model": ["a3", "a1", "a2", "b1", "c1", "c2"],
        "family": ["a", "a", "a", "b", "c", "c"],
        "parameters": [3, 1, 2, 9, 5, 5],
    }
)


def curve(**columns: list[float | None]) -> pl.DataFrame:
    steps = len(next(iter(columns.values())))
    labels = {name: ["x"] * steps for name in ("model", "dataset", "decoding", "unit")}
    counts = {"count": [1] * steps, "count_human": [1] * steps}
    return pl.DataFrame({**labels, "position": range(1, steps + 1), **counts, **columns})


def test_the_ends_of_families_are_their_smallest_and_largest_models() -> None:
    assert ends_of_families(MODELS) == ["a3", "a1", "b1", "c1", "c2"]


def test_every_model_stands_for_itself_where_there_is_room() -> None:
    assert standing_for_all(MODELS, room=6) == MODELS["model"].to_list()
    assert standing_for_all(MODELS, room=5) == ["a3", "a1", "b1", "c1", "c2"]
    assert standing_for_all(MODELS, room=2) == ["a3", "a1"]


def test_generations_are_read_of_the_ends_under_the_first_decoding_of_each_data_set() -> None:
    study = made_up_study().twice("letters")
    assert read_measurements(study.tables.ent_ce) == [
        (model, dataset, DECODINGS[0])
        for dataset in (DATASET, "letters")
        for model in ("ladder-60k", "ladder-6m")
    ]


def test_bins_average_by_count_and_keep_standard_errors() -> None:
    steps = curve(
        entropy=[1.0, 4.0, 2.0, 2.0],
        entropy_se=[0.3, 0.6, 0.1, None],
        log_loss=[2.0, 4.0, 3.0, 3.0],
        ended=[0.0, 0.5, 0.5, 1.0],
    ).with_columns(count=pl.Series([2, 1, 1, 1]))
    bins = binned(steps, 2)
    assert bins["position"].to_list() == [1.5, 3.5]
    assert bins["entropy"].to_list() == [2.0, 2.0]
    assert bins["log_loss"].to_list() == [3.0, 3.0]
    assert bins["ended"].to_list() == [0.25, 0.75]  # of all texts, not of those with the step
    assert bins["entropy_se"][0] == pytest.approx(0.4)
    assert np.isnan(bins["entropy_se"][1])


def test_bins_of_one_step_change_nothing() -> None:
    steps = made_up_study().tables.curves.head(STEPS)
    assert binned(steps, 1)["entropy"].to_list() == pytest.approx(steps["entropy"].to_list())


def test_curves_of_several_models_are_binned_apart() -> None:
    both = pl.concat(curve(entropy=[level, level]) for level in (1.0, 3.0)).with_columns(
        model=pl.Series(["a", "a", "b", "b"])
    )
    assert binned(both, 2).select("model", "entropy").rows() == [("a", 1.0), ("b", 3.0)]


@pytest.mark.parametrize(("steps", "width"), [(1, 1), (32, 1), (33, 2), (1000, 32)])
def test_a_curve_has_at_most_thirty_two_bins(steps: int, width: int) -> None:
    found = curve(entropy=[1.0] * steps)
    assert width_of_bins(found) == width
    assert len(binned(found, width)) <= 32
