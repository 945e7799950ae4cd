"""Which parts are sampled together."""

import polars as pl
import pytest
from small_recipes import EXAMPLES, MODEL, SAMPLES, changed

from calibration.batching import Pending, batches
from calibration.engine.decoding import Decoding
from calibration.recipes import Precision, SamplesRecipe

HOT = Decoding(1.5)


def recipe(
    *,
    prompt: int = 4,
    decoding: Decoding = HOT,
    precision: Precision = "float32",
    **changes: object,
) -> SamplesRecipe:
    return changed(
        SAMPLES,
        examples=changed(EXAMPLES, prompt=prompt),
        model=changed(MODEL, precision=precision),
        decoding=decoding,
        **changes,
    )


def pending(recipe: SamplesRecipe, number: int, rows: int = 64) -> Pending:
    return Pending(recipe, number, pl.DataFrame({"example": range(rows)}))


def shapes(made: list[list[Pending]]) -> list[list[int]]:
    return [[len(part.examples) for part in batch] for batch in made]


@pytest.mark.parametrize("rows", [1, 64, 128, 200, 10_000])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_every_part_comes_once_and_no_batch_of_several_is_too_large(
    precision: Precision, rows: int
) -> None:
    asked = [
        pending(recipe(prompt=prompt, decoding=decoding, precision=precision), number, size)
        for prompt in (4, 5)
        for decoding in (HOT, Decoding(), Decoding(top_k=3, mixture=0.1))
        for number, size in enumerate((64, 64, 17))
    ]
    made = batches(asked, rows=lambda _: rows)
    identities = [(part.recipe.address, part.number) for batch in made for part in batch]
    assert sorted(identities) == sorted((part.recipe.address, part.number) for part in asked)
    assert all(
        len(batch) == 1 or sum(shape) <= rows
        for batch, shape in zip(made, shapes(made), strict=True)
    )


def test_in_32_bits_a_batch_holds_decodings_of_the_same_examples() -> None:
    asked = [
        pending(recipe(prompt=prompt, decoding=decoding), number)
        for number in (0, 1)
        for prompt in (4, 5)
        for decoding in (HOT, Decoding())
    ]
    made = batches(asked, rows=lambda _: 10_000)
    assert shapes(made) == [[64, 64]] * 4
    for batch in made:
        assert len({(part.recipe.examples.address, part.number) for part in batch}) == 1


def test_in_16_bits_data_sets_share_a_batch() -> None:
    asked = [
        pending(recipe(prompt=prompt, decoding=decoding, precision="bfloat16"), number)
        for number in (0, 1)
        for prompt in (4, 5)
        for decoding in (HOT, Decoding())
    ]
    assert shapes(batches(asked, rows=lambda _: 512)) == [[64] * 8]
    assert shapes(batches(asked, rows=lambda _: 500)) == [[64] * 7, [64]]


def test_those_with_other_ends_never_share() -> None:
    asked = [
        pending(recipe(precision="float16", end_ids=ids, decoding=decoding), 0)
        for decoding in (HOT, Decoding())
        for ids in ((0,), (0, 7), ())
    ]
    for batch in batches(asked, rows=lambda _: 10_000):
        assert len({part.recipe.end_ids for part in batch}) == 1


def test_one_part_that_is_too_large_is_a_batch_of_its_own() -> None:
    assert (
        shapes(batches([pending(recipe(), number) for number in range(3)], rows=lambda _: 3))
        == [[64]] * 3
    )


def test_nothing_pending_is_no_batch() -> None:
    assert batches([], rows=lambda _: 64) == []
