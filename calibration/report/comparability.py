"""Whether what stands side by side may be compared: one data set under several tokenizers.

In tokens, a window holds other text for each tokenizer, and a nat a token is another thing. What
differs is said wherever families stand beside each other; windows of bytes have nothing to say.
"""

from typing import Final

import polars as pl

from calibration.statistics.tokenizers import one_tokenizer

BRIEFLY: Final = " Tokens differ between families: compare levels within one, or measure in bytes."


def tokens_differ(ent_ce: pl.DataFrame) -> bool:
    """Whether rows of ENT_CE of one data set are of several families with tokens of their own."""
    in_tokens = ent_ce.filter(unit="tokens")
    several = in_tokens["family"].n_unique() > 1
    return several and not one_tokenizer(in_tokens["bytes_per_token_human"].drop_nulls().to_list())


def note_on_tokens(ent_ce: pl.DataFrame) -> str:
    """The sentence that stands above the numbers of such a data set; empty for others."""
    if not tokens_differ(ent_ce):
        return ""
    sizes: list[float] = ent_ce["bytes_per_token_human"].drop_nulls().to_list()
    return (
        f"Tokens are not comparable across these families: one holds {min(sizes):.2f} to "
        f"{max(sizes):.2f} bytes of this text, so that nats per token, and the spans that were "
        "measured, are not the same thing for all of them. Compare levels within a family; "
        "windows in bytes (`unit: bytes`) compare families."
    )


def brief_note_on_tokens(ent_ce: pl.DataFrame) -> str:
    """The same as the end of a caption."""
    return BRIEFLY if tokens_differ(ent_ce) else ""
