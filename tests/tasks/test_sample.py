"""Sampling continues from complete parts, remakes damaged ones, and does nothing twice."""

from pathlib import Path

import pytest
from bench import Bench

from calibration.recipes import SamplesRecipe
from storage.artifacts import is_complete
from storage.manifests import manifest_key
from storage.resolution import resolved
from storage.studies import read_study
from studies import model, write_study


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


TRUNCATED = [
    {"temperature": 1.0},
    {"top_k": 3, "mixture": 0.1},
    {"temperature": 0.8, "min_p": 0.2, "mixture": 0},
]


@pytest.mark.parametrize(
    "lost",
    [
        [(0, "samples-00000")],
        [(1, "samples-00001"), (2, "samples-00000")],
        [(0, "samples-00000"), (0, "samples-00001"), (2, "samples-00001")],
    ],
)
def test_decodings_of_which_some_parts_exist_end_equal_bit_for_bit_to_those_made_at_once(
    bench: Bench, lost: list[tuple[int, str]]
) -> None:
    study = write_study(bench.root, models=[model(0)], decodings=TRUNCATED)
    several = bench._replace(lineage=resolved(read_study(study), file=str(study)))
    recipes = [one.samples for one in several.lineage.measurements]
    assert len(recipes) == len(TRUNCATED)
    several.sample()
    whole = [held(several, recipe) for recipe in recipes]
    for recipe in recipes:
        several.store.remove(manifest_key(recipe.address))
    for number, name in lost:
        (part,) = (several.store.root / recipes[number].address).glob(f"{name}-*.parquet")
        part.unlink()
    several.sample()
    assert [held(several, recipe) for recipe in recipes] == whole
    assert all(is_complete(several.store, recipe) for recipe in recipes)


def held(bench: Bench, recipe: SamplesRecipe) -> dict[str, bytes]:
    directory = bench.store.root / recipe.address
    return {path.name: path.read_bytes() for path in directory.glob("*.parquet")}
