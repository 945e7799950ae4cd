"""What may pass by itself is tried again: a store or a hub that does not answer for a while.

What was given wrong, and a rule that is broken, stay as they are however often one tries.
"""

import logging
from typing import Any, Final

from httpx import TransportError
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from calibration.errors import StoreError

LOG = logging.getLogger("calibration")

# Seconds until the next try. Both have been asked again for half a minute by then; who waits at a
# terminal gives up after a minute or two.
DELAYS: Final = (10.0, 60.0)
# A worker that hangs would keep its GPU for ever. The longest model of a published study takes
# about a day on one GPU; what was slower continues from its parts in the next run.
LONGEST_HOURS: Final = 72


def may_pass(error: object) -> bool:
    """Whether an error is of a store or of a network, however it was put into words."""
    while isinstance(error, BaseException):
        if isinstance(error, (StoreError, TransportError)):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_tried_again(task: Task[..., Any], run: TaskRun, state: State) -> bool:
    """Whether Prefect runs a task once more, having failed in a state."""
    error = state.result(raise_on_failure=False)
    again = may_pass(error)
    if again:
        LOG.warning("%s is tried again: %s", run.name, error)
    return again
