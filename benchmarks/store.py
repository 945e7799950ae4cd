"""How the store grows: `plan`, `ls` and `verify` of many artifacts, and a run that makes nothing.

    python benchmarks/store.py catalogue --artifacts 100000
    python benchmarks/store.py bucket --artifacts 10000
    python benchmarks/store.py verify --megabytes 2000
    python benchmarks/store.py nothing --models 3 9 27

`verify` is a ratio to plain sha256 of the same files by as many threads, in turn; `bucket` counts
requests; `nothing` makes a study of small exact models first and times its second run.
"""

import argparse
import contextlib
import hashlib
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import get_args

import polars as pl

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from calibration.deriving import ModelFacts
from calibration.lineage import Lineage, lineage
from calibration.recipes import Checked, ModelIdentity, Recipe, SourceIdentity, VerdictRecipe
from calibration.study import parsed_study
from expectations.suites import VERSIONS
from storage.disk import Disk
from storage.drafts import Draft
from storage.local import LocalStore
from storage.roots import write_root
from storage.store import Store, open_store

DATASETS, DECODINGS = 8, 10
A_MEASUREMENT = 6  # samples, scores, summary, each with its verdict
CONTENT = pl.DataFrame({"example": range(8)})
# What `plan` takes from manifests, as the stages state it.
FACTS = {
    "texts": {"clusters": 48},
    "summaries": {"cluster": 0.1, "example": 0.25, "steps": 224.0},
}
PAIRS = 5


class Unflushed(Disk):
    """A disk that waits for nothing: for making a store that a benchmark throws away."""

    def flush(self, path: Path) -> None:
        """Return at once."""


def made_up_lineage(artifacts: int) -> Lineage:
    """A study of about so many artifacts, of models that exist nowhere."""
    models = max(1, round(artifacts / (A_MEASUREMENT * DATASETS * DECODINGS)))
    source = {"kind": "files", "path": "nowhere/*.txt"}
    data = {"source": source, "prompt": 32, "continuation": 224, "examples": 64}
    study = parsed_study(
        {
            "name": "made-up",
            "models": [
                {"name": f"m{one}", "path": f"nowhere/m{one}", "family": f"f{one % 20}"}
                for one in range(models)
            ],
            "datasets": [data | {"name": f"d{one}"} for one in range(DATASETS)],
            "decodings": [{"temperature": 1 - one / 20} for one in range(DECODINGS)],
        },
        "made-up.yaml",
    )
    return lineage(
        study,
        {one.name: SourceIdentity(kind="files", content=one.name) for one in study.datasets},
        {one.name: _facts(one.name, size) for size, one in enumerate(study.models, start=1)},
        file="made-up.yaml",
    )


def _facts(name: str, size: int) -> ModelFacts:
    return ModelFacts(
        identity=ModelIdentity(weights=name, precision="float32"),
        tokenizer="t",
        parameters=1000 * size,
        non_embedding_parameters=900 * size,
        vocabulary=100,
        context=None,
        end_ids=(0,),
        text_end=0,
    )


def wanted(found: Lineage) -> Iterator[Recipe]:
    """Every artifact of a study, parents first."""
    for recipe in found.recipes():
        yield recipe
        if isinstance(recipe, get_args(Checked)):
            yield VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])


def fill(store: Store, found: Lineage) -> int:
    """Make every artifact of a study, a few bytes each; how many."""
    write_root(store, found)
    count = 0
    for count, recipe in enumerate(wanted(found), start=1):
        draft = Draft(store, recipe)
        facts = FACTS.get(recipe.KIND)
        files = [draft.write_table(CONTENT, table=recipe.KIND)]
        draft.seal(files, title=f"{recipe.KIND} {count}", facts=facts)
    return count


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def took(run: Callable[[], object]) -> str:
    """How long a run took, in words."""
    before = time.process_time()
    wall = seconds(run)
    return f"{wall:.1f} s, {time.process_time() - before:.1f} s of them of the processor"


def list_all(store: Store) -> None:
    """What `store ls` does, its printing included."""
    from flows.store_text import listed_lines
    from storage.catalogue import catalogue
    from storage.showing import listed

    lines = listed_lines(listed(catalogue(store), kind=None, study=None))
    print("\n".join(lines), file=io.StringIO())


def plan_all(found: Lineage, store: Store) -> None:
    """What `plan` does once it has read the study."""
    from calibration.plan_lines import plan_lines
    from flows.plan import plan

    print("\n".join(plan_lines(plan(found, store))), file=io.StringIO())


def benchmark_catalogue(artifacts: int) -> None:
    """`plan` and `ls` of one study of so many artifacts, in a directory."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "store"
        found = made_up_lineage(artifacts)
        count = fill(LocalStore(root, disk=Unflushed()), found)
        store = open_store(str(root))
        print(f"{count:,} artifacts in a directory")
        print(f"  first ls, which writes the index: {took(lambda: list_all(store))}")
        print(f"  ls: {took(lambda: list_all(store))}")
        fresh, partly = made_up_lineage(artifacts), made_up_lineage(2 * artifacts)
        print(f"  plan: {took(lambda: plan_all(fresh, store))}")
        print(f"  plan of twice as many, half to be made: {took(lambda: plan_all(partly, store))}")
        few = made_up_lineage(3000)
        print(f"  plan of {sum(1 for _ in wanted(few)):,}: {took(lambda: plan_all(few, store))}")


def benchmark_bucket(artifacts: int) -> None:
    """Requests of `plan` and `ls` where the store is a bucket."""
    from bucket import ACCESS_KEY, SECRET_KEY, served

    found = made_up_lineage(artifacts)
    with served() as server, tempfile.TemporaryDirectory() as directory:
        os.environ |= {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_ENDPOINT_URL": server.endpoint,
        }
        local = LocalStore(Path(directory), disk=Unflushed())
        count = fill(local, found)
        bucket = server.new_bucket()
        server.fill(bucket, {one.key: local.read(one.key) for one in local.entries("")})
        store = open_store(bucket)
        list_all(store)
        print(f"{count:,} artifacts in a bucket")
        for name, run in {
            "ls": lambda: list_all(store),
            "plan": lambda: plan_all(made_up_lineage(artifacts), store),
        }.items():
            server.mend()  # counts anew
            run()
            print(f"  {name:<5} {server.requests.total()} requests: {dict(server.requests)}")


def benchmark_verify(megabytes: int) -> None:
    """`verify` against plain sha256 of the same files, by as many threads."""
    from storage.threads import JOBS
    from storage.verification import verified

    with tempfile.TemporaryDirectory() as directory:
        store = LocalStore(Path(directory) / "store", disk=Unflushed())
        found = made_up_lineage(200)
        write_root(store, found)
        recipes = list(wanted(found))
        each = megabytes * 1_000_000 // len(recipes)
        for recipe in recipes:
            draft = Draft(store, recipe)
            large = [
                draft.write_file(f"{n}.bin", os.urandom(1_000_000))
                for n in range(each // 1_200_000)
            ]
            small = [
                draft.write_file(f"s{n}.bin", os.urandom(4_000)) for n in range(each // 24_000)
            ]
            draft.seal([*large, *small], title=recipe.KIND)
        paths = [path for path in store.root.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in paths)

        def plain() -> None:
            with ThreadPoolExecutor(JOBS) as pool:
                list(pool.map(lambda path: hashlib.sha256(path.read_bytes()).hexdigest(), paths))

        def ours() -> None:
            assert not [one for one in verified(store) if one.fault]

        ratios = []
        for _ in range(PAIRS + 1):
            theirs = seconds(plain)
            ratios.append(theirs / seconds(ours))
        ratios = ratios[1:]
        print(
            f"{len(paths):,} files, {size / 1e6:,.0f} MB, {JOBS} threads; plain sha256 last took "
            f"{theirs:.2f} s"
        )
        print(
            f"  verify's throughput / plain sha256's: {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )


def benchmark_nothing(models: list[int]) -> None:
    """The second run of studies of 3 data sets and 5 decodings, through Prefect."""
    os.environ |= {"PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    from direct import run_directly
    from prefect.testing.utilities import prefect_test_harness

    from flows.full import calibration

    with tempfile.TemporaryDirectory() as directory, prefect_test_harness(120):
        for count in models:
            root = Path(directory) / str(count)
            study, store = small_study(root, count), str(root / "store")
            with contextlib.redirect_stderr(io.StringIO()):
                found = run_directly(study, store)
            again = partial(calibration, str(study), store)
            again()
            took = statistics.median(seconds(again) for _ in range(3))
            artifacts = sum(1 for _ in wanted(found))
            print(
                f"  {count} models, {artifacts:,} artifacts: {took:.1f} s, "
                f"{1000 * took / artifacts:.1f} ms an artifact",
                flush=True,
            )


def small_study(root: Path, models: int) -> Path:
    """Exact models on made-up texts: 3 data sets, 5 decodings."""
    from markov import chain, texts, write_checkpoint, write_texts

    from studies import write_study

    root.mkdir()
    for one in range(models):
        write_checkpoint(root / f"m{one}", chain(one), end_probability=0.001)
    datasets = []
    for one in range(3):
        path = root / f"texts{one}.jsonl"
        write_texts(path, texts(chain(90 + one), count=24, length=28, seed=one))
        source = {"kind": "files", "path": path.name, "cluster": "cluster"}
        sizes = {"prompt": 4, "continuation": 24, "examples": 24}
        datasets.append({"name": f"letters{one}", "source": source} | sizes)
    entries = [
        {"name": f"m{one}", "path": f"m{one}", "family": f"f{one % 6}", "parameters": 1000 + one}
        for one in range(models)
    ]
    decodings = [{"temperature": one} for one in (1.0, 0.9, 0.8, 0.7, 0.5)]
    return write_study(root, models=entries, datasets=datasets, decodings=decodings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, default in (("catalogue", 100_000), ("bucket", 10_000)):
        kinds.add_parser(name).add_argument("--artifacts", type=int, default=default)
    kinds.add_parser("verify").add_argument("--megabytes", type=int, default=2000)
    kinds.add_parser("nothing").add_argument("--models", type=int, nargs="+", default=[3, 9, 27])
    options = parser.parse_args()
    match options.kind:
        case "catalogue":
            benchmark_catalogue(options.artifacts)
        case "bucket":
            benchmark_bucket(options.artifacts)
        case "verify":
            benchmark_verify(options.megabytes)
        case "nothing":
            benchmark_nothing(options.models)


if __name__ == "__main__":
    main()
