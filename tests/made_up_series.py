"""A series of models with chosen EntCE, as measured: every table behind it is made up and whole."""

import numpy as np
import polars as pl

from calibration.statistics.consistency import summary_gate
from calibration.statistics.measured import Measured, Summary
from calibration.statistics.stepwise import stepwise
from calibration.statistics.summaries import summary_examples, summary_positions
from calibration.statistics.texts import summary_spread, summary_texts
from calibration.tables import EXAMPLES, REPLAY, SAMPLES, SCORES, TEXTS

STEPS = 16


def measured(
    name: str,
    parameters: int,
    ent_ce: float,
    *,
    texts: int = 60,
    tokens: int | None = None,
    trained_until: int | None = None,
) -> Measured:
    """A model with the given EntCE, a third of it static, on `texts` source texts."""
    generator = np.random.default_rng(parameters)
    shared = np.random.default_rng(0).normal(2.0, 0.2, (texts, 1))

    def lists(mean: float) -> pl.Series:
        values = shared + mean + 0.02 * generator.standard_normal((texts, STEPS))
        return pl.Series(values).arr.to_list().cast(pl.List(pl.Float32))

    keys = {"cluster": [f"text {row}" for row in range(texts)], "example": range(texts)}
    counts = [[4] * STEPS] * texts
    samples = {
        "tokens": [generator.integers(0, 5, STEPS).tolist() for _ in range(texts)],
        "entropy": lists(ent_ce),
        "log_prob": lists(-4.0),
        "end_probability": [[0.25] * STEPS] * texts,
        "bytes": counts,
        "ended": [row % 4 == 0 for row in range(texts)],
    }
    scores = {
        "log_loss": lists(0.0),
        "entropy": lists(ent_ce / 3),
        "end_probability": [[0.0] * STEPS] * texts,
        "inside": [[True] * STEPS] * texts,
    }
    ids = {"prompt_ids": counts, "continuation_ids": counts, "continuation_bytes": counts}
    ids["window"] = [STEPS] * texts
    spans = {"context": [""] * texts, "text": [""] * texts, "bytes": [0] * texts}
    spans |= {"year": [2000 + row % 20 for row in range(texts)], "ends": [False] * texts}
    replayed = {
        "entropy": samples["entropy"],
        "log_prob": samples["log_prob"],
        "replayed_entropy": samples["entropy"],
        "replayed_log_prob": samples["log_prob"],
    }
    tables = [
        pl.DataFrame({**keys, **columns}).select(
            pl.col(column).cast(kind) for column, kind in schema.items()
        )
        for columns, schema in (
            (samples, SAMPLES),
            (scores, SCORES),
            (ids, EXAMPLES),
            (spans, TEXTS),
            (replayed, REPLAY),
        )
    ]
    steps = stepwise(*tables[:3], unit="tokens", at_end="continue")
    return Measured(
        name=name,
        family="ladder",
        parameters=parameters,
        non_embedding_parameters=parameters // 2,
        tokens=tokens,
        trained_until=trained_until,
        distilled=False,
        chat=False,
        base=None,
        dataset="speeches",
        decoding="temperature 1",
        temperature=1.0,
        truncation=None,
        mixture=None,
        unit="tokens",
        at_end="continue",
        summary=Summary(
            examples=summary_examples(steps),
            positions=summary_positions(steps),
            texts=summary_texts(steps, tables[0], tables[2], tables[3]),
            spread=summary_spread(steps),
            gate=summary_gate(tables[4]),
        ),
    )


def series(exponent: float, models: int = 5, **settings: int) -> list[Measured]:
    sizes = [10**power for power in range(5, 5 + models)]
    return [
        measured(f"m{size}", size, 0.3 * (size / 1e5) ** exponent, **settings) for size in sizes
    ]
