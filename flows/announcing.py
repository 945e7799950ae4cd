"""Telling the Prefect server that a study has one model more, so that a run can start itself."""

from pathlib import Path

from prefect.events import emit_event
from prefect.settings import get_current_settings

from flows.deploying import ROOT

ADDED = "calibration.model-added"


def announced(study: Path, model: str) -> bool:
    """Whether a server is there to be told; one that is starts what its automations say."""
    if get_current_settings().api.url is None:  # runs then have a server of their own each
        return False
    named = as_workers_name(study)
    # By its whole name: of two studies that wait under one, the last alone would be run.
    resource = {"prefect.resource.id": f"calibration.study.{named}"}
    emit_event(ADDED, resource=resource, payload={"study": named, "model": model})
    return True


def as_workers_name(study: Path, *, checkout: Path = ROOT) -> str:
    """A study's file from the checkout, where runs begin; all of its path where it is not there."""
    whole = study.resolve()
    return str(whole.relative_to(checkout) if whole.is_relative_to(checkout) else whole)
