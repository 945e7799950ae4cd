"""Telling the Prefect server that a study has one model more, so that a run can start itself."""

from pathlib import Path

from prefect.events import emit_event
from prefect.settings import get_current_settings

ADDED = "calibration.model-added"


def announced(study: Path, model: str) -> bool:
    """Whether a server is there to be told; one that is starts what its automations say."""
    if get_current_settings().api.url is None:  # runs then have a server of their own each
        return False
    resource = {"prefect.resource.id": f"calibration.study.{study.stem}"}
    emit_event(ADDED, resource=resource, payload={"study": str(study), "model": model})
    return True
