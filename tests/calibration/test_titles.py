"""What people call the artifacts of a study."""

from small_recipes import FIT, STUDY_FIT, SUMMARY, TEXTS, THEORY

from calibration.engine.decoding import Decoding
from calibration.titles import JUDGED, verdict_title
from expectations.suites import VERSIONS


def test_everything_that_is_judged_has_a_name_for_its_verdict() -> None:
    assert JUDGED.keys() == VERSIONS.keys()


def test_a_verdict_names_its_table() -> None:
    assert [verdict_title(one, "x") for one in (TEXTS, SUMMARY, FIT, STUDY_FIT, THEORY)] == [
        "texts of x",
        "summary of x",
        "fit of x",
        "fits of x",
        "theory of x",
    ]


def test_a_truncation_is_the_decoding_without_its_temperature_and_mixture() -> None:
    decoding = Decoding(0.8, top_k=40, min_p=0.05, mixture=0.01)
    assert decoding.truncation == "top-k 40, min-p 0.05"
    assert decoding.label == f"temperature 0.8, {decoding.truncation}, mixture 0.01"
    assert Decoding(0.8).truncation is None
