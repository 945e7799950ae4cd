"""A plan as a terminal shows it."""

import pytest
from made_up_plans import artifact, plan

from calibration.estimates import UNKNOWN, Estimate
from calibration.plan_lines import MOST_LINES, duration, memory, plan_lines
from calibration.planned import Planned

LEAST = Estimate(None, 2_000_000_000, memory_at_least=True, source=None)


def lines(*artifacts: Planned) -> list[str]:
    return list(plan_lines(plan(*artifacts)))


def test_states_are_counted_by_kind() -> None:
    found = lines(artifact(state="complete"), artifact(), artifact("scores", "partial"))
    assert found[:2] == ["samples      1 complete, 1 missing", "scores       1 partial"]


def test_artifacts_of_one_reason_are_one_line() -> None:
    found = lines(artifact(), artifact(title="other"), artifact(why="recipe changed: seed 0 → 1"))
    assert "       2 samples     never made (small on letters and 1 more)" in found
    assert "       1 samples     recipe changed: seed 0 → 1 (small on letters)" in found


def test_parts_are_summed_however_many_each_lacks() -> None:
    found = lines(
        artifact(state="partial", parts_made=1, why="1 of 2 parts made"),
        artifact(state="partial", parts_made=2, why="2 of 2 parts made"),
    )
    assert "       2 samples     3 of 4 parts made (small on letters and 1 more)" in found


def test_a_complete_one_that_may_change_is_told_from_what_is_made() -> None:
    why = "depends on samples, which will be made first"
    found = lines(artifact(), artifact("summaries", "complete", why=why))
    heading = found.index("Complete, and made again if what comes before changes:")
    assert found[heading + 1] == f"       1 summaries   {why} (small on letters)"


def test_no_list_is_longer_than_a_screen() -> None:
    found = lines(*(artifact(model=f"m{one}", why=f"reason {one}") for one in range(50)))
    assert sum("reason" in line for line in found) == MOST_LINES + 1
    assert f"  and {50 - MOST_LINES} artifacts for {50 - MOST_LINES} reasons more" in "".join(found)
    assert f"  and {50 - MOST_LINES} models more: --format json has all" in found


def test_an_estimate_says_what_it_is_from() -> None:
    found = lines(artifact())
    assert "Estimates for each model:" in found
    assert (
        f"  {'small':<24} 1 artifact, 100 tokens; time about 10 s; 500 B of memory; from before"
    ) in found
    assert "Estimated time: about 10 s" in found


def test_what_is_unknown_is_said_with_the_remedy() -> None:
    found = "\n".join(lines(artifact(estimate=LEAST)))
    assert "time unknown; at least 2 GB of memory" in found
    assert "Estimated time: unknown" in found
    assert "--probe measures it" in found


def test_a_time_that_is_known_in_part_says_so() -> None:
    found = lines(artifact(), artifact("texts", model=None, estimate=UNKNOWN))
    assert "Estimated time: about 10 s, and 1 artifact of unknown time" in found
    assert "--probe" not in "".join(found)


def test_a_complete_study_has_nothing_to_estimate() -> None:
    found = lines(artifact(state="complete", why=None))
    assert found[:3] == [
        "samples      1 complete",
        "",
        "0 of 1 artifacts to make; at most 0 tokens through a model",
    ]
    assert not any("stimated time" in line for line in found)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "under 1 s"),
        (12.4, "12 s"),
        (119, "119 s"),
        (200, "3 min"),
        (7200, "2 h 0 min"),
        (8400, "2 h 20 min"),
        (400_000, "5 days"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_fits(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(999, "999 B"), (1_240, "1.2 kB"), (870_000_000, "870 MB"), (15_300_000_000, "15 GB")],
)
def test_memory_has_two_digits(size: int, said: str) -> None:
    assert memory(size) == said
