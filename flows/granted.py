"""Secrets that a person keeps on the Prefect server, in the environment of a run while it runs.

The libraries that need them look there. What the environment has already is never replaced: whoever
starts a worker decides for its host. Nothing is asked without a server, and nothing is logged.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from prefect.client.orchestration import get_client
from prefect.settings import get_current_settings

from calibration.errors import ServerError

# Blocks of the kind Secret, and the variables that they stand for. Those of one group belong
# together: a key of the environment with a session of a block would be nobody's.
HUB: Final = {"calibration-hf-token": "HF_TOKEN"}
BUCKET: Final = {
    "calibration-aws-access-key-id": "AWS_ACCESS_KEY_ID",
    "calibration-aws-secret-access-key": "AWS_SECRET_ACCESS_KEY",
    "calibration-aws-session-token": "AWS_SESSION_TOKEN",
}
# With one of them the environment says itself who is asking.
STATED: Final = (
    (HUB, ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")),
    (BUCKET, (*BUCKET.values(), "AWS_PROFILE")),
)
KIND: Final = "secret"


@contextmanager
def granted() -> Iterator[None]:
    """Has the environment hold the secrets of the server that it lacks."""
    lacking = {
        block: variable
        for group, stated in STATED
        if not any(os.environ.get(one) for one in stated)
        for block, variable in group.items()
    }
    found = {lacking[block]: value for block, value in _secrets(lacking).items()}
    os.environ.update(found)
    try:
        yield
    finally:
        for variable in found:
            os.environ.pop(variable, None)


def _secrets(names: Collection[str]) -> dict[str, str]:
    """The values of blocks that are there, by their names, in one request."""
    # Without a server of its own, a run has one that knows no blocks, and takes seconds to start.
    if not names or get_current_settings().api.url is None:
        return {}
    asked = {"block_documents": {"name": {"any_": sorted(names)}}, "include_secrets": True}
    with get_client(sync_client=True) as server:
        documents = server.request("POST", "/block_documents/filter", json=asked).json()
    secrets = [one for one in documents if one["block_type"]["slug"] == KIND]
    return {one["name"]: _text(one["name"], one["data"].get("value")) for one in secrets}


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ServerError(
            f"the block {name!r} of the Prefect server was expected to hold a secret as text, "
            f"found {type(value).__name__}: save it again as text, or delete it"
        )
    return value
