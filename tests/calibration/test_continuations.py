"""Several continuations of each prompt: each its own draw, and no more weight to any text."""

from dataclasses import astuple

import numpy as np
import polars as pl
import pytest
from tiny import VOCABULARY, tiny_network

from calibration.conventions import Unit
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.replay import replayed_rows
from calibration.engine.uniforms import uniforms
from calibration.measurement import continued, replayed_part, sampled_part, scored_part
from calibration.reading import readings
from calibration.recipes import (
    ExamplesRecipe,
    ModelIdentity,
    SamplesRecipe,
    SourceIdentity,
    TextsRecipe,
)
from calibration.statistics.ent_ce import curves, estimate
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples, summary_positions
from calibration.statistics.texts import summary_texts
from calibration.tables import EXAMPLES
from expectations.suites import samples_verdict

PROMPT, STEPS, COUNT, DRAWS = 5, 12, 20, 3
SIZES = np.arange(VOCABULARY) % 4 + 1
PLAIN = Decoding(temperature=1.0)


def examples(unit: Unit) -> pl.DataFrame:
    generator = np.random.default_rng(5)
    texts = [generator.integers(1, VOCABULARY, size=PROMPT + STEPS).tolist() for _ in range(COUNT)]
    sizes = [SIZES[text[PROMPT:]].tolist() for text in texts]
    return pl.DataFrame(
        {
            "cluster": [f"text {number // 2}" for number in range(COUNT)],
            "example": range(COUNT),
            "prompt_ids": [text[:PROMPT] for text in texts],
            "continuation_ids": [text[PROMPT:] for text in texts],
            "continuation_bytes": sizes,
            "window": [sum(one) - 1 if unit == "bytes" else STEPS for one in sizes],
        },
        schema=EXAMPLES,
    )


def recipe(draws: int | None, unit: Unit = "tokens") -> SamplesRecipe:
    source = SourceIdentity(kind="files", content="drawn")
    return SamplesRecipe(
        examples=ExamplesRecipe(
            texts=TextsRecipe(source=source, span_bytes=100, examples=COUNT, seed=0),
            tokenizer="t",
            prompt=PROMPT,
            continuation=STEPS,
            unit=unit,
        ),
        model=ModelIdentity(weights="w", precision="float32"),
        decoding=PLAIN,
        at_end="continue",
        end_ids=(0,),
        seed=2,
        draws=draws,
    )


def sampled(draws: int | None, unit: Unit = "tokens") -> pl.DataFrame:
    made = examples(unit)
    return sampled_part(
        made, tiny_network(), recipe(draws, unit), sizes=SIZES, progress=lambda _: None
    )


def scored(unit: Unit = "tokens") -> pl.DataFrame:
    ending = Ending("continue", (0,))
    (made,) = scored_part(examples(unit), tiny_network(), decodings=[PLAIN], ending=ending)
    return made


def test_the_first_draw_is_what_one_draw_gives() -> None:
    assert (
        uniforms(1, "c", example=4, steps=9, draw=0) == uniforms(1, "c", example=4, steps=9)
    ).all()
    one, several = sampled(None), sampled(DRAWS)
    assert several.height == DRAWS * COUNT
    assert several["example"].to_list() == [row // DRAWS for row in range(DRAWS * COUNT)]
    assert several.gather_every(DRAWS)["tokens"].to_list() == one["tokens"].to_list()
    assert sampled(2).gather_every(2, offset=1)["tokens"].to_list() == (
        several.gather_every(DRAWS, offset=1)["tokens"].to_list()
    )


def test_draws_of_one_prompt_are_other_texts() -> None:
    rows = [tuple(row) for row in sampled(DRAWS)["tokens"].to_list()]
    assert len(set(rows)) == DRAWS * COUNT
    drawn = [uniforms(1, "c", example=4, steps=500, draw=draw) for draw in range(3)]
    assert np.abs(np.corrcoef(drawn) - np.eye(3)).max() < 0.15


@pytest.mark.parametrize("unit", ["tokens", "bytes"])
def test_identical_draws_give_the_estimates_and_errors_of_one(unit: Unit) -> None:
    once, human = sampled(None, unit), scored(unit)
    repeated = continued(once, draws=DRAWS).drop("draw")
    one, several = (
        stepwise(own, human, examples(unit), unit=unit, at_end="continue")
        for own in (once, repeated)
    )
    alone, together = estimate(summary_examples(one)), estimate(summary_examples(several))
    assert together.examples == alone.examples == COUNT
    assert together.clusters == alone.clusters
    assert together.tokens == DRAWS * alone.tokens
    assert together.ended_share == alone.ended_share
    for name in ("ent_ce", "drift", "static"):
        found, expected = (np.array(astuple(getattr(one, name))) for one in (together, alone))
        assert found == pytest.approx(expected, rel=1e-9)
    for name in ("entropy", "log_loss", "teacher_entropy", "ent_ce_per_byte"):
        assert getattr(together, name) == pytest.approx(getattr(alone, name), rel=1e-12)
    here, there = (curves(summary_positions(steps)) for steps in (one, several))
    for name in ("entropy", "log_loss", "entropy_se", "log_loss_se", "drift_se"):
        expected = pytest.approx(here[name].to_numpy(), rel=1e-6, abs=1e-7, nan_ok=True)
        assert there[name].to_numpy() == expected
    assert (there["count"] == DRAWS * here["count"]).all()


def test_more_draws_bring_the_entropy_and_leave_the_loss() -> None:
    human = scored()
    found = {
        draws: summary_examples(
            stepwise(sampled(draws), human, examples("tokens"), unit="tokens", at_end="continue")
        )
        for draws in (1, 24)
    }
    one, many = (estimate(found[draws]) for draws in (1, 24))
    assert many.log_loss == pytest.approx(one.log_loss, rel=1e-12)
    assert many.entropy != one.entropy
    # Of the text's own variance a 24th is left.
    spread = [
        found[draws].group_by("example").agg(pl.col("entropy").list.last().mean())["entropy"].std()
        for draws in (1, 24)
    ]
    assert spread[1] < spread[0]


def test_texts_and_readings_know_which_draw_they_are_of() -> None:
    samples, human, asked = sampled(DRAWS), scored(), examples("tokens")
    steps = stepwise(samples, human, asked, unit="tokens", at_end="continue")
    years = asked.select("example", year=pl.lit(None, dtype=pl.Int32))
    texts = summary_texts(steps, samples, asked, years)
    assert texts["example"].to_list() == samples["example"].to_list()
    means = samples["entropy"].list.mean().to_numpy()
    assert texts["entropy"].to_numpy() == pytest.approx(means, rel=1e-6)
    read = readings(samples, human, asked, texts=texts, token=lambda index: b"%d " % index)
    assert read["example"].is_unique().all()
    highest = read.filter(chosen_as="most derailed")["generated_entropy"][0].to_list()
    assert highest == samples["entropy"][int(np.argmax(means))].to_list()


def test_a_replay_of_draws_passes_the_gate_and_one_that_lacks_a_draw_does_not() -> None:
    samples, asked, own = sampled(DRAWS), examples("tokens"), recipe(DRAWS)
    chosen = replayed_rows(own.digest, len(samples))
    rows = continued(asked, draws=DRAWS)
    replay = replayed_part(rows[chosen], samples[chosen], tiny_network(), own)

    def broken(table: pl.DataFrame, draws: int | None) -> list[str]:
        verdict = samples_verdict(
            table,
            replay,
            asked,
            vocabulary=VOCABULARY,
            unit="tokens",
            at_end="continue",
            end_ids=(0,),
            precision="float32",
            decoding=PLAIN,
            draws=draws,
        )
        failed = verdict.filter(~pl.col("passed"), severity="fail")["rule"]
        return [rule for rule in failed.to_list() if rule != "enough-replayed"]

    assert len(replay) == len(samples)
    assert broken(samples, DRAWS) == []
    assert "one-row-an-example" in broken(samples, None)
    assert "a-row-a-draw" in broken(samples[1:], DRAWS)
    assert "replayed-as-sampled" in broken(samples[1:], DRAWS)


def test_an_example_with_fewer_draws_than_the_others_is_refused() -> None:
    with pytest.raises(ValueError, match="2 rows of each example were expected, found 3"):
        stepwise(sampled(DRAWS)[1:], scored(), examples("tokens"), unit="tokens", at_end="continue")
