"""How far a task is, as its page says it."""

import re

import pytest
from prefect import Task, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client

from storage.progress import progress

pytestmark = pytest.mark.usefixtures("prefect_server")


def shown(model: str) -> tuple[object, str]:
    """The share and the words of a model's page, without its pace."""
    with get_client(sync_client=True) as client:
        (one,) = [found for found in client.read_artifacts() if (found.key or "").startswith(model)]
    return one.data, re.sub(r"[\d,]+ a second|\d+:\d\d:\d\d", "_", str(one.description))


@pytest.mark.parametrize(
    ("model", "total", "expected"),
    [
        (
            "as-many",
            10,
            [(40.0, "4 of 10 tokens, _, _ left"), (100.0, "10 of 10 tokens, _, _ left")],
        ),
        ("fewer", 20, [(20.0, "4 of 20 tokens, _, _ left"), (100.0, "10 of 10 tokens, _, _ left")]),
        (
            "more",
            2,
            [
                (100.0, "4 of 2 tokens that were expected, _"),
                (100.0, "10 of 10 tokens, _, _ left"),
            ],
        ),
    ],
)
def test_a_page_says_what_is_done_of_what_was_expected_and_ends_with_what_it_was(
    model: str, total: int, expected: list[tuple[float, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.progress.INTERVAL", 0.0)  # seconds between two looks
    found = []

    @task(cache_policy=NO_CACHE)
    def fit() -> None:
        with progress("calibrate", model=model, total=total) as more:
            more(4)
            found.append(shown(model))
            more(6)
        found.append(shown(model))

    run(fit)
    assert found == [(share, f"calibrate {model}: {words}") for share, words in expected]


def test_nothing_left_to_make_is_all_of_it() -> None:
    @task(cache_policy=NO_CACHE)
    def sample() -> None:
        with progress("sample", model="none-left", total=0):
            pass

    run(sample)
    assert shown("none-left") == (100.0, "sample none-left: 0 of 0 tokens")


def run(work: Task[[], None]) -> None:
    """A task in a flow, without which it has no page."""

    @flow
    def around() -> None:
        work()

    around()
