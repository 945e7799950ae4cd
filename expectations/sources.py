"""What must be true of clusters and examples in any table: who is independent, and one row each.

The cluster is the source text, the unit of every standard error; the example is one span of it.
"""

import polars as pl

from calibration.statistics.intervals import FEW_CLUSTERS
from expectations.rules import EXAMPLE, Rule, every_row, in_words


def clusters_are_named() -> Rule:
    """Every row says which source text it comes from."""
    return every_row(
        "cluster-named",
        "every row names its cluster",
        holds=pl.col("cluster").str.len_chars() > 0,
        words=EXAMPLE,
    )


def enough_clusters() -> Rule:
    """There are enough independent texts for intervals that cover what they claim."""
    return Rule(
        "enough-clusters",
        "there are enough independent source texts for narrow intervals",
        pl.col("cluster").n_unique(),
        low=FEW_CLUSTERS,
        severity="warn",
    )


def examples_differ(*, draws: int | None = None) -> Rule:
    """No example stands in two rows; or each in as many as it was continued, where `draws` says."""
    if draws is None:
        return every_row(
            "one-row-an-example",
            "no two rows are the same example",
            holds=pl.col("example").is_unique(),
            words=EXAMPLE,
        )
    rows = pl.len().over("example")
    return every_row(
        "a-row-a-draw",
        f"every example has {draws} rows, one for each of its continuations",
        holds=rows == draws,
        words=in_words("{}: {} rows", EXAMPLE, rows),
    )


def attendance(table: pl.DataFrame, examples: pl.DataFrame) -> pl.DataFrame:
    """Who is there: a row for each row of the table and for each example that has none.

    `cluster` is the table's, `cluster_human` that of the examples; null where there is none.
    """
    asked = examples.select("example", pl.col("cluster").alias("cluster_human"))
    there = table.select("cluster", "example")
    return there.join(asked, on="example", how="full", coalesce=True, maintain_order="left_right")


def beside(table: pl.DataFrame, examples: pl.DataFrame) -> pl.DataFrame:
    """The rows of the table whose example exists, beside what they are to be like.

    The columns added are the human `continuation_ids`, the `window`, and how many `prompt_tokens`
    there are.
    """
    human = examples.select(
        "example", "continuation_ids", "window", prompt_tokens=pl.col("prompt_ids").list.len()
    )
    return table.join(human, on="example", how="inner", maintain_order="left")


def same_examples(*, draws: int | None = None) -> tuple[Rule, ...]:
    """The rows of an `attendance` are exactly the examples, under their own clusters.

    Once each, or as often as each was continued, where `draws` says.
    """
    cluster, human = pl.col("cluster"), pl.col("cluster_human")
    present, asked = cluster.is_not_null(), human.is_not_null()
    return (
        every_row(
            "no-example-missing",
            "every example has a row that names its cluster",
            holds=present,
            words=in_words("example {} of {}", pl.col("example"), human),
        ),
        every_row(
            "no-example-added", "every row is one of the examples", holds=asked, words=EXAMPLE
        ),
        examples_differ(draws=draws),
        every_row(
            "clusters-agree",
            "every row has the cluster of its example",
            holds=(cluster == human) | ~present | ~asked,
            words=in_words("{}, by the examples of {}", EXAMPLE, human),
        ),
    )
