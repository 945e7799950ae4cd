"""A PostgreSQL server with nothing in it, on a socket of its own, where the machine has one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

OWNER = "nobody"  # PostgreSQL refuses to be run by root
PORT = 5432  # a part of the socket's name
NEW = "--username=prefect --auth=trust --no-locale --encoding=UTF8 --no-sync"
UNSAFE = "-c fsync=off -c full_page_writes=off"  # what is in it is gone with the test


@contextmanager
def postgres() -> Iterator[str | None]:
    """The address of its database, as Prefect takes it; None where PostgreSQL is not installed."""
    if shutil.which("pg_ctl") is None:
        yield None
        return
    # Not in pytest's folders, which others may not enter, and whose paths a socket cannot have.
    with tempfile.TemporaryDirectory(prefix="postgres-") as root:
        if os.geteuid() == 0:
            shutil.chown(root, OWNER)
        _control(root, "initdb", "-o", NEW)
        try:
            _control(root, "start", "-o", f"-k {root} -p {PORT} -c listen_addresses= {UNSAFE}")
            yield f"postgresql+asyncpg://prefect@/postgres?host={root}&port={PORT}"
        finally:
            _control(root, "stop", "-m", "fast")  # whoever is still connected


def _control(root: str, *words: str) -> None:
    """Have PostgreSQL do something, and wait until it has."""
    subprocess.run(
        ["pg_ctl", "--silent", "-w", "-D", f"{root}/data", "-l", f"{root}/output", *words],
        user=OWNER if os.geteuid() == 0 else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
        check=True,
    )
