"""What orchestration costs: a run that finds everything made, and one that makes everything.

    python benchmarks/production.py cached --models 33
    python benchmarks/production.py made --models 3 --pairs 5

`cached` runs `calibration/full` of 3 data sets and 5 decodings on a real server with a worker, and
prints the run's own time and that from asking for it to its end. `made` makes a study through
Prefect and without it, in turn: the difference is orchestration, the rest measuring.
"""

import argparse
import contextlib
import io
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]


def benchmark_cached(models: int) -> None:
    """A run of a study that was made before, as a worker does it."""
    from direct import run_directly
    from prefect_host import hosted, stop
    from store import small_study, wanted

    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        study, store = small_study(root / "study", models), str(root / "store")
        with contextlib.redirect_stderr(io.StringIO()):
            found = run_directly(study, store)
        print(f"  {models} models, {sum(1 for _ in wanted(found)):,} artifacts", flush=True)
        with hosted(root, database=None) as host:
            host.deploy(study=study, store=store)
            worker = host.worker("cpu", name="cpu")
            for number in range(3):  # the first writes the records of the tasks
                asked = time.monotonic()
                ended = host.ended(host.begin("calibration/full"))
                took, own = time.monotonic() - asked, ended.total_run_time.total_seconds()
                print(f"  run {number}, {ended.state_name}: {own:.1f} s, {took:.1f} s from asking")
            stop(worker)


def benchmark_made(models: int, *, pairs: int) -> None:
    """The same study through Prefect and without it, in turn."""
    os.environ |= {"PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    from direct import run_directly
    from prefect.testing.utilities import prefect_test_harness
    from store import seconds, small_study

    from flows.full import calibration

    with tempfile.TemporaryDirectory() as directory, prefect_test_harness(120):
        root = Path(directory)
        study = small_study(root / "study", models)
        through, direct = [], []
        with contextlib.redirect_stderr(io.StringIO()):
            run_directly(study, str(root / "first"))  # imports, and pictures' fonts
            for pair in range(pairs):
                to, beside = str(root / f"a{pair}"), str(root / f"b{pair}")
                through.append(seconds(partial(calibration, str(study), to)))
                direct.append(seconds(partial(run_directly, study, beside)))
        each = [(one - other) / models for one, other in zip(through, direct, strict=True)]
        print(
            f"  {models} models: {statistics.median(through):.1f} s, without Prefect "
            f"{statistics.median(direct):.1f} s; {statistics.median(each):.2f} s a model "
            f"({min(each):.2f} to {max(each):.2f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["cached", "made"])
    parser.add_argument("--models", type=int)
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    if asked.what == "cached":
        benchmark_cached(asked.models or 33)
    else:
        benchmark_made(asked.models or 3, pairs=asked.pairs)


if __name__ == "__main__":
    main()
