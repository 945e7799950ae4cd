"""How the run of a model on a worker ended, as what would have been raised here."""

from importlib import import_module
from importlib.util import find_spec

import pytest
from prefect.client.schemas.objects import State
from prefect.flow_engine import FlowRunTimeoutError
from prefect.states import Cancelled, Completed, Crashed, Failed

from calibration import errors
from calibration.errors import (
    CalibrationError,
    CheckFailed,
    InputError,
    ModelError,
    ServerError,
    StoreError,
)
from calibration.study import parsed_model
from flows.fanning import fault

MODEL = parsed_model({"name": "m0", "path": "m0", "family": "f"}, "a test")


def test_a_run_that_completed_raised_nothing() -> None:
    assert fault(MODEL, Completed()) is None


@pytest.mark.parametrize("kind", [ModelError, CheckFailed, StoreError, InputError])
def test_our_own_errors_come_back_as_they_were(kind: type[CalibrationError]) -> None:
    found = fault(MODEL, Failed(name=kind.__name__, message="what was expected"))
    assert type(found) is kind
    assert str(found) == "what was expected"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (Crashed(message="exit code -9"), "crashed 2 times"),
        (Cancelled(), "cancelled"),
        (Failed(name="TimedOut", message="Flow run exceeded timeout"), "in 72 hours"),
    ],
)
def test_a_run_that_did_not_end_leaves_its_model_out(state: State, said: str) -> None:
    found = fault(MODEL, state)
    assert isinstance(found, ModelError)
    assert said in str(found)


@pytest.mark.parametrize("name", ["Failed", "said_of_model", "re", None])
def test_a_fault_of_our_own_is_no_persons_mistake(name: str | None) -> None:
    found = fault(MODEL, Failed(name=name, message="KeyError: 7"))
    assert isinstance(found, RuntimeError)
    assert "KeyError: 7" in str(found)


def test_every_error_of_ours_is_known_by_its_name() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    ours = {kind for kind in kinds if issubclass(kind, CalibrationError)}
    assert {type(fault(MODEL, Failed(name=kind.__name__))) for kind in ours} == ours


@pytest.mark.skipif(find_spec("ray") is not None, reason="the extra `ray` is installed")
def test_ray_that_is_not_installed_is_a_sentence() -> None:
    with pytest.raises(ServerError, match="needs the packages ray and prefect-ray, found them mis"):
        import_module("flows.on_ray")


def test_an_error_that_came_along_is_what_was_raised() -> None:
    raised = CheckFailed("a rule was broken")
    assert fault(MODEL, Failed(message="in other words", data=raised)) is raised
    late = fault(MODEL, Failed(message="in other words", data=FlowRunTimeoutError("late")))
    assert isinstance(late, ModelError)
    assert "in 72 hours" in str(late)
