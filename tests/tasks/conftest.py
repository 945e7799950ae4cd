import shutil
from pathlib import Path

import pytest
from bench import Bench

from storage.local import LocalStore
from storage.resolution import resolved
from storage.studies import read_study
from studies import model, write_models, write_study
from tasks.encode import encode
from tasks.ingest import ingest


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Texts and examples made and judged, samples and scores not yet."""
    root = tmp_path_factory.mktemp("bench")
    write_models(root, count=1)
    study = write_study(root, models=[model(0)])
    lineage = resolved(read_study(study), file=str(study))
    bench = Bench(root, lineage, LocalStore(root / "store"))
    store = str(bench.store.root)
    texts, examples = bench.one.examples.texts, bench.one.examples
    ingest.fn(texts, dataset=bench.one.dataset, root=str(root), store=store)
    bench.judge(texts)
    encode.fn(examples, title="letters", checkpoint=bench.checkpoint, store=store)
    bench.judge(examples)
    return bench


@pytest.fixture
def bench(prepared: Bench, tmp_path: Path) -> Bench:
    """A copy of the prepared store that a test may spoil."""
    shutil.copytree(prepared.store.root, tmp_path / "store")
    return prepared._replace(store=LocalStore(tmp_path / "store"))
