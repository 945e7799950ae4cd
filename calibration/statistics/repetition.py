"""How much a text repeats itself: its distinct n-grams of tokens.

1 - distinct 4-grams is the share of repeated 4-grams (seq-rep-4 of Welleck et al., Neural Text
Generation with Unlikelihood Training, ICLR 2020). Both depend on the tokenizer and on the length,
so own text is read beside human text of the same lengths.
"""

from collections.abc import Sequence

import numpy as np

LONGEST = 4  # tokens: loops show from here on, and human text seldom repeats as many


def distinct_ngrams(ids: Sequence[int]) -> tuple[float | None, ...]:
    """Distinct n-grams over n-grams of token ids, for n = 1 to 4; None where there is no n-gram."""
    tokens = np.asarray(ids, dtype=np.int64)
    # Each n-gram gets a small number of its own, so that the next can be told by a pair.
    _, names = np.unique(tokens, return_inverse=True)
    grams, shares = names, []
    for n in range(1, LONGEST + 1):
        if n > 1 and len(grams) > 1:
            pairs = grams[:-1] * len(tokens) + names[n - 1 :]
            _, grams = np.unique(pairs, return_inverse=True)
        elif n > 1:
            grams = grams[:0]
        shares.append(float(grams.max() + 1) / len(grams) if len(grams) else None)
    return tuple(shares)
