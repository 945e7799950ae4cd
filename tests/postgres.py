"""A PostgreSQL server with nothing in it, on a socket of its own, where the machine has one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER = "nobody"  # PostgreSQL refuses to be run by root
UNSAFE = ("-c", "fsync=off", "-c", "full_page_writes=off")  # what is in it is gone with the test


@contextmanager
def postgres() -> Iterator[str | None]:
    """The address of its database, as Prefect takes it; None where PostgreSQL is not installed."""
    if shutil.which("initdb") is None or shutil.which("postgres") is None:
        yield None
        return
    # Not in pytest's folders, which others may not enter, and whose paths a socket cannot have.
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        root = Path(name)
        owner = OWNER if os.geteuid() == 0 else None
        if owner is not None:
            shutil.chown(root, owner)
        initdb = ["initdb", "-D", name + "/data", "-U", "prefect", "--auth=trust", "--no-sync"]
        subprocess.run(initdb, user=owner, cwd="/", stdout=subprocess.DEVNULL, check=True)
        with (root / "output").open("wb") as output:
            server = subprocess.Popen(
                ["postgres", "-D", name + "/data", "-k", name, "-c", "listen_addresses=", *UNSAFE],
                user=owner,
                cwd="/",
                stdout=output,
                stderr=output,
            )
        try:
            yield f"postgresql+asyncpg://prefect@/postgres?host={name}"
        finally:
            server.terminate()
            server.wait(60)
