"""The page's words on instruction tuning: pairs, their changes, and nothing without a pair."""

import polars as pl
from made_up_study import DATASET, DECODINGS, SIZES, TUNED, study_of

from calibration.report.page import joined
from calibration.report.results import ReportTables
from calibration.report.tuning_section import tuning_findings, tuning_section, tuning_sentence


def tables(*tuned: str) -> ReportTables:
    return study_of(
        {"ladder": SIZES}, datasets=(DATASET,), decodings=DECODINGS, steps=8, tuned=tuned
    ).tables


def test_every_pair_has_a_row_with_its_changes() -> None:
    found = str(joined(*tuning_section(tables("ladder").tuning, DATASET)))
    assert found.count('<th scope="row">') == len(SIZES)
    assert f"{TUNED['log_loss']:+.4f} [+0.1960, +0.2440]" in found
    assert "ladder-60k chat" in found


def test_the_sentence_counts_intervals_that_exclude_no_change() -> None:
    tuning = tables("ladder").tuning
    unsure = tuning.with_columns(
        high=pl.when(pl.col("base") == "ladder-60k").then(0.5).otherwise("high")
    )
    assert tuning_sentence(unsure) == (
        "Of 5 pairs, EntCE is lower in 4 and higher in 0 after tuning, and log loss is lower in 0 "
        "and higher in 5; of the others no interval excludes 0."
    )


def test_without_chat_models_nothing_is_said_of_tuning() -> None:
    assert list(tuning_section(tables().tuning, DATASET)) == []


def test_the_headline_leaves_chat_models_to_a_sentence_of_their_own() -> None:
    shown = tables("ladder").of(DATASET, DECODINGS[0])
    (said,) = tuning_findings(shown)
    assert said.startswith("5 chat models are not counted above. Of 5 pairs, EntCE is lower in 5")
    assert tuning_findings(tables().of(DATASET, DECODINGS[0])) == []
