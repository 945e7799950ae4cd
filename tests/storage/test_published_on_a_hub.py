"""A published data set read over HTTP, from a hub on this machine, at its pinned commit.

huggingface_hub reads its settings when it is imported, so the reading is a process of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
from hub_server import COMMIT, Hub, served

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys
from pathlib import Path
from calibration.errors import TextError
from calibration.recipes import TextsRecipe
from calibration.study import DatasetEntry
from storage.texts import check_source, source_identity, source_texts

found = []
for source in json.load(sys.stdin):
    entry = DatasetEntry(name="d", source=source, prompt=1, continuation=1, examples=9)
    try:
        check_source(entry, Path())
        identity = source_identity(entry, Path())
        recipe = TextsRecipe(
            source=identity, span_bytes=99, examples=9, seed=0, spans="first", shortest=20
        )
        found.append([identity.content, source_texts(entry, Path(), recipe)])
    except TextError as error:
        found.append(str(error))
json.dump(found, sys.stdout)
"""


def answers(home: Path, address: str, *sources: dict[str, str]) -> list[Any]:
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": address}
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        input=json.dumps(sources),
        env=clean | settings | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return list(json.loads(ended.stdout))


def test_stories_are_read_at_a_commit_of_the_hub(tmp_path: Path) -> None:
    place = tmp_path / "set"
    (place / "data").mkdir(parents=True)
    told = "Once upon a time there was a number ."
    rows = [{"prompt": f"[ WP ] Number {n} .", "story": f"{told} {n}"} for n in range(3)]
    pl.DataFrame([*rows, {"prompt": "[ WP ] Short .", "story": "No ."}]).write_parquet(
        place / "data/train-0.parquet"
    )
    (place / ".gitattributes").write_text("*.parquet filter=lfs\n")
    source = {"kind": "writingprompts", "dataset": "owner/stories", "revision": COMMIT}
    gone = source | {"revision": "0" * 40}
    with served(Hub({"owner/stories": place})) as address:
        read, missing = answers(tmp_path / "home", address, source, gone)
    content, texts = read
    assert content == f"owner/stories@{COMMIT}"
    found = [(context, text) for _, context, text, _ in texts]
    assert found == [
        (
            f"Write a story based on the following prompt: Number {number}.",
            f"Once upon a time there was a number . {number}",
        )
        for number in range(3)
    ]
    assert missing.startswith("data set 'd': a branch, tag or commit of owner/stories was expected")
