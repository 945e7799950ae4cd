"""A whole study with HF_HUB_OFFLINE=1: no process of it asks anything beyond this machine.

Every connection and every look-up of a name passes Python's audit hooks, whatever library makes it;
one that leaves the machine is told of and refused.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hub_server import COMMIT, Hub, served
from huggingface_hub import snapshot_download

from studies import CONTINUATION, EXAMPLES, PROMPT, model, write_models, write_study

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys

HERE = ("127.", "::1", "localhost")
asked = []

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    if host and not str(host).startswith(HERE):
        asked.append([event, str(host)])
        raise PermissionError("the network is cut")

sys.addaudithook(watch)
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from direct import run_directly

lineage = run_directly(Path(sys.argv[3]), sys.argv[4])
measured = [one.name for one in lineage.study.models]
found = [(one.model, one.why) for one in lineage.absent]
libraries = sorted({"prefect", "great_expectations", "datasets", "transformers"} & set(sys.modules))
if "cut" in sys.argv:
    import socket
    try:
        socket.create_connection(("203.0.113.1", 80), timeout=1)
    except OSError:
        pass
print(json.dumps([measured, found, libraries, asked]))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a model and texts that lie in the hub's cache, and of a model that does not."""
    root = tmp_path_factory.mktemp("offline")
    write_models(root, count=1)
    study = write_study(root, models=[model(0)])
    texts = pl.read_ndjson(root / "texts.jsonl")
    (root / "texts").mkdir()
    texts.write_parquet(root / "texts/train.parquet")
    with served(Hub({"owner/texts": root / "texts", "owner/m0": root / "m0"})) as address:
        for kind in ("model", "dataset"):
            snapshot_download(
                "owner/m0" if kind == "model" else "owner/texts",
                repo_type=kind,
                endpoint=address,
                cache_dir=root / "home/hub",
            )
    source = {"kind": "hub", "dataset": "owner/texts", "cluster": "cluster"}
    data: dict[str, Any] = {"name": "letters", "source": source, "examples": EXAMPLES}
    data |= {"prompt": PROMPT, "continuation": CONTINUATION}
    here, gone = (
        {"name": name, "hub": f"owner/{name}", "family": "chains"} for name in ("m0", "gone")
    )
    pinned = {"name": "pinned", "hub": "owner/pinned", "revision": COMMIT, "family": "chains"}
    decodings = [{"temperature": 1.0}]
    assert study == write_study(
        root, models=[here, gone, pinned], datasets=[data], decodings=decodings
    )
    return root


def test_a_study_asks_nobody_and_says_what_is_not_there(root: Path) -> None:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "PREFECT_")) and "PROXY" not in name.upper()
    }
    arguments = [str(ROOT), str(ROOT / "tests"), str(root / "study.yaml"), str(root / "store")]
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, "cut"],
        env=clean | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(root / "home")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    measured, absent, libraries, asked = json.loads(ended.stdout.splitlines()[-1])
    assert libraries == ["datasets", "great_expectations", "prefect", "transformers"]
    assert measured == ["m0"]
    assert [name for name, _ in absent] == ["gone", "pinned"]
    for name, why in absent:
        assert why.startswith(f"owner/{name} was expected on the hub or in its cache, found HF_HUB")
        assert "run once with a network, or name a copy on this machine instead" in why
    # The last is the program's own, so that what is told of is known to be seen.
    assert asked == [["socket.getaddrinfo", "203.0.113.1"]]
