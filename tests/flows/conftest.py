from collections.abc import Iterator
from typing import Final

import pytest

# What a server does by itself, again and again; no test of single flows waits for it.
LOOPS: Final = (
    "CANCELLATION_CLEANUP",
    "CLEANUP_RECONCILER",
    "FOREMAN",
    "LATE_RUNS",
    "PAUSE_EXPIRATIONS",
    "REPOSSESSOR",
    "SCHEDULER",
    "TRIGGERS",
)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A Prefect server of the tests' own, for the few that run a flow."""
    from prefect.testing.utilities import prefect_test_harness

    with pytest.MonkeyPatch.context() as patch:
        for loop in LOOPS:
            patch.setenv(f"PREFECT_SERVER_SERVICES_{loop}_ENABLED", "false")
        with prefect_test_harness(server_startup_timeout=120):
            yield
