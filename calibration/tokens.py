"""Own and human text of one measurement, one row a token: what `export --tokens` writes.

Knows which column of which table a token's values are in; the rows of one part at a time, so that
a study of any size fits in memory.
"""

from collections.abc import Mapping

import polars as pl

# Entropies and log losses in nats. A human token is teacher forced, an own token was sampled.
TOKENS = pl.Schema(
    {
        "dataset": pl.String(),
        "model": pl.String(),
        "decoding": pl.String(),
        "cluster": pl.String(),
        "example": pl.Int32(),
        "side": pl.String(),  # generated, or human
        "draw": pl.Int32(),  # which of the prompt's continuations: 0, 1, …; null for a human one
        "position": pl.Int32(),  # 1 is the first token after the prompt
        "token": pl.Int32(),
        "bytes": pl.Int32(),
        "entropy": pl.Float32(),
        "log_loss": pl.Float32(),  # -log p of the token
    }
)


def generated_tokens(
    samples: pl.DataFrame, labels: Mapping[str, str], *, draws: int | None = None, first: int = 0
) -> pl.DataFrame:
    """TOKENS of the model's own text, from rows of SAMPLES of which `first` came before.

    `draws` is how often each example was continued, None for once.
    """
    rows = pl.int_range(first, first + pl.len(), dtype=pl.Int32)
    lists = samples.select(
        "cluster",
        "example",
        "entropy",
        "bytes",
        draw=rows % (draws or 1),
        token="tokens",
        log_loss=pl.col("log_prob").list.eval(-pl.element()),
    )
    return _one_a_token(lists, {**labels, "side": "generated"})


def human_tokens(
    scores: pl.DataFrame, examples: pl.DataFrame, labels: Mapping[str, str]
) -> pl.DataFrame:
    """TOKENS of the human text, from rows of SCORES and the EXAMPLES they are of."""
    text = examples.select("example", token="continuation_ids", bytes="continuation_bytes")
    unnumbered = pl.lit(None, dtype=pl.Int32).alias("draw")
    lists = scores.select("cluster", "example", "entropy", "log_loss", unnumbered)
    joined = lists.join(text, on="example", maintain_order="left")
    return _one_a_token(joined, {**labels, "side": "human"})


def _one_a_token(lists: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    columns = ("token", "bytes", "entropy", "log_loss")
    tokens = (
        lists.filter(pl.col("token").list.len() > 0)
        .with_columns(position=pl.int_ranges(1, pl.col("token").list.len() + 1))
        .explode("position", *columns)
        .with_columns(pl.lit(value).alias(name) for name, value in labels.items())
    )
    return tokens.select(pl.col(name).cast(kind) for name, kind in TOKENS.items())
