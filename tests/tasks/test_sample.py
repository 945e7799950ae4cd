"""Sampling continues from complete parts, remakes damaged ones, and does nothing twice."""

from pathlib import Path

from bench import Bench

from storage.artifacts import is_complete
from storage.manifests import manifest_key


def parts(bench: Bench) -> dict[str, Path]:
    directory = bench.store.root / bench.one.samples.address
    return {path.name[:13]: path for path in directory.glob("samples-*.parquet")}


def test_a_second_call_makes_nothing(bench: Bench) -> None:
    assert len(bench.sample()) == 2
    assert bench.sample() == []


def test_a_killed_stage_continues_from_its_complete_parts(bench: Bench) -> None:
    bench.sample()
    before = {name: path.read_bytes() for name, path in parts(bench).items()}
    kept, lost = parts(bench)["samples-00000"], parts(bench)["samples-00001"]
    written = kept.stat().st_mtime_ns
    lost.unlink()
    bench.store.remove(manifest_key(bench.one.samples.address))
    bench.sample()
    assert is_complete(bench.store, bench.one.samples)
    assert kept.stat().st_mtime_ns == written
    assert {name: path.read_bytes() for name, path in parts(bench).items()} == before


def test_a_damaged_part_is_made_again_and_never_used(bench: Bench) -> None:
    bench.sample()
    part = parts(bench)["samples-00001"]
    whole = part.read_bytes()
    part.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    bench.store.remove(manifest_key(bench.one.samples.address))
    bench.sample()
    assert part.read_bytes() == whole
    bench.judge(bench.one.samples)
