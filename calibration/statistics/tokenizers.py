"""Whether tokens of several models are the same thing, seen from the bytes that they hold."""

from collections.abc import Sequence

SAME_TOKENIZER = 0.01  # of bytes per token: one tokenizer on one text has one value


def one_tokenizer(bytes_per_token: Sequence[float]) -> bool:
    """Whether measurements of one text in tokens may be compared: nats a token, and spans."""
    known = [one for one in bytes_per_token if one > 0]
    return not known or max(known) <= (1 + SAME_TOKENIZER) * min(known)
