"""calibrate: what decodings of one model fit on texts that are not measured."""

from collections.abc import Mapping

from prefect import task

from calibration.recipes import CalibrationRecipe
from storage.weights import Checkpoint


@task(task_run_name="calibrate {model}", persist_result=False)
def calibrate(
    recipes: Mapping[CalibrationRecipe, str], *, model: str, checkpoint: Checkpoint, store: str
) -> None:
    """Make the Calibrations of a model, given their titles."""
    raise NotImplementedError(f"{len(recipes)} calibrations of {model} were asked for")
