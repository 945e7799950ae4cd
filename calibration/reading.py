"""Generations to read: a few typical, derailed and looping texts, cut into one piece a token.

Each stands beside the human continuation of the same prompt. Pieces are text, not bytes: a
character whose bytes are several tokens stands whole at the last of them. Knows no page.
"""

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl

from calibration.statistics.stepwise import with_draws
from calibration.tables import SUMMARY_READINGS

EACH = 2  # of a kind: what a reader looks at before forming an opinion
Token = Callable[[int], bytes]


def readings(
    samples: pl.DataFrame,
    scores: pl.DataFrame,
    examples: pl.DataFrame,
    *,
    texts: pl.DataFrame,
    token: Token,
) -> pl.DataFrame:
    """Examples of highest, lowest and median entropy, own and human.  # SUMMARY_READINGS

    SAMPLES, SCORES and EXAMPLES of the same examples, with their SUMMARY_TEXTS; `token` gives the
    raw bytes of an id. No example stands in two rows, with whichever of its texts was chosen.
    """
    rows = []
    drawn = with_draws(samples)
    for chosen_as, example, draw in _chosen(texts):
        here = pl.col("example") == example
        own = drawn.row(by_predicate=here & (pl.col("draw") == draw), named=True)
        human, ids = (table.row(by_predicate=here, named=True) for table in (scores, examples))
        rows.append(
            {
                "chosen_as": chosen_as,
                "cluster": ids["cluster"],
                "example": example,
                "prompt": "".join(pieces(map(token, ids["prompt_ids"]))),
                "generated": pieces(map(token, own["tokens"])),
                "generated_entropy": own["entropy"],
                "human": pieces(map(token, ids["continuation_ids"])),
                "human_entropy": human["entropy"],
                "human_log_loss": human["log_loss"],
            }
        )
    return pl.DataFrame(rows, schema=SUMMARY_READINGS)


def pieces(tokens: Iterable[bytes]) -> list[str]:
    """The text of each token; bytes that are no character become the replacement character."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    found = [decoder.decode(raw) for raw in tokens]
    if found:
        found[-1] += decoder.decode(b"", final=True)
    return found


def _chosen(texts: pl.DataFrame) -> Iterator[tuple[str, int, int]]:
    """What each example is chosen as, and its draw; the middle first, then the ends, none twice."""
    ranked = with_draws(texts).sort("entropy", "example", "draw").select("example", "draw").rows()
    middle = max(0, (len(ranked) - EACH) // 2)
    taken: set[int] = set()
    places: Sequence[tuple[str, list[tuple[int, int]]]] = (
        ("typical", ranked[middle : middle + EACH]),
        ("most derailed", ranked[::-1][:EACH]),
        ("most looping", ranked[:EACH]),
    )
    for chosen_as, found in places:
        for example, draw in found:
            if example not in taken:
                taken.add(example)
                yield chosen_as, example, draw
