"""How much a batch may hold."""

from typing import Final

# A GPU is busy by then, and a CPU long before; a kill loses what a batch had begun.
MOST_ROWS: Final = 512
# Of the free memory: the rest is for prompts on their way in, and for what a device wastes.
SHARE: Final = 0.7
# Arrays of the size of a row's logits that are alive at once under the costliest decoding.
LOGIT_ARRAYS: Final = 10
# Of the free memory, for weights: the rest is for texts under way, or nothing could be measured.
WEIGHTS_SHARE: Final = 0.9
# Tokens of prompts that enter at once: full speed, and activations that stay small.
PROMPT_TOKENS: Final = 1 << 14
# Tokens that a forward pass of scoring reads, padding included: enough to keep any device busy.
TOKENS_AT_ONCE: Final = 1 << 13
# Logits that scoring projects at once: rows enough for a product at full speed, in memory that is
# small beside any network's weights.
CHUNK_LOGITS: Final = 1 << 23


def rows_that_fit(
    free: int, *, cache_bytes: int, positions: int, vocabulary: int, candidates: int = 0
) -> int:
    """How many texts of `positions` tokens may be continued together in `free` bytes.

    `cache_bytes` is what one token of one text takes in the cache; `candidates` next tokens of each
    text are tried at every step, and lie there too. At least one: what then does not fit is for
    the device to say.
    """
    a_row = (positions + candidates) * cache_bytes + LOGIT_ARRAYS * 4 * vocabulary
    # Candidates keep a device as busy as texts do.
    most = min(MOST_ROWS, TOKENS_AT_ONCE // max(1, candidates))
    return max(1, min(most, int(SHARE * free) // a_row))
