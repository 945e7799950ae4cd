"""What is tried again: stores and networks, and nothing else."""

import pytest
from httpx import ConnectError, ConnectTimeout
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from calibration.errors import (
    CheckFailed,
    ModelError,
    StoreError,
    StudyError,
    TextError,
    said_of_model,
)
from flows import patience
from flows.patience import may_pass


def in_words(cause: Exception) -> Exception:
    """A fault of the hub as our sentence of a model, without the hub's own words."""
    try:
        with said_of_model("m0"):
            try:
                raise cause
            except type(cause):
                raise ModelError("the hub does not answer") from None
    except ModelError as error:
        return error


@pytest.mark.parametrize(
    "error", [StoreError("the bucket is slow"), in_words(ConnectTimeout("")), ConnectError("")]
)
def test_a_store_and_a_network_may_answer_later(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        ModelError("no such model"),
        TextError("no such column"),
        StudyError("no such key"),
        CheckFailed("a rule was broken"),
        in_words(KeyError("a model")),
        ZeroDivisionError(),
        "no error at all",
    ],
)
def test_what_was_given_wrong_stays_wrong(error: object) -> None:
    assert not may_pass(error)


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(("error", "tries"), [(StoreError("slow"), 3), (StudyError("wrong"), 1)])
def test_prefect_runs_a_task_again_for_what_may_pass(error: Exception, tries: int) -> None:
    tried = []

    @task(
        cache_policy=NO_CACHE,
        retries=len(patience.DELAYS),
        retry_delay_seconds=0,
        retry_condition_fn=patience.is_tried_again,
    )
    def work() -> None:
        tried.append(error)
        raise error

    @flow
    def study() -> None:
        work()

    with pytest.raises(type(error)):
        study()
    assert len(tried) == tries
