"""What a tokenizer puts around any text, by its own account: the gate's measure of prompts.

Seen in conversations that the tokenizer itself writes and encodes, not in prompts that were built:
what is the same around every message and between every message and its answer. At the seams a
token may hold a character of either side; such tokens are no part of it.
"""

import string
from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, cast

from calibration.prompts import Added
from storage.templates import DATE, dated

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PROBE = "a"
# Words whose ends join with whatever can be joined to a character of a template.
PROBES = (
    PROBE,
    *(f"{edge * n}{PROBE}{edge * n}" for edge in string.printable for n in (1, 3)),
)


def beginning(tokenizer: "PreTrainedTokenizerBase") -> int | None:
    """The id that the tokenizer puts in front of every text; None where it puts none."""
    ids: list[int] = tokenizer(PROBE)["input_ids"]
    plain: list[int] = tokenizer(PROBE, add_special_tokens=False)["input_ids"]
    return ids[0] if ids and plain and ids[0] != plain[0] else None


def added(tokenizer: "PreTrainedTokenizerBase", template: str) -> Added:
    """What stands in front of every text, and by a chat template around every message."""
    conversation = partial(_conversation, tokenizer, template)
    first = beginning(tokenizer)
    opening = _shared([conversation(probe) for probe in PROBES])
    if opening and opening[0] == first:
        opening = opening[1:]
    rests = [conversation(probe, PROBE)[::-1] for probe in PROBES]
    place = len(rests[0]) - len(_shared(rests))
    answered = [conversation(PROBE, answer)[place:] for answer in PROBES]
    asked, prompted = conversation(PROBE), conversation(PROBE, prompted=True)
    # Templates write more before answers of the past than where one is to begin, or nothing there.
    begun = [] if asked == prompted else [prompted[place:]]
    closing = _shared([*answered, *begun])
    return Added(first, _words(tokenizer, opening), _words(tokenizer, closing))


def _conversation(
    tokenizer: "PreTrainedTokenizerBase",
    template: str,
    context: str,
    answer: str | None = None,
    *,
    prompted: bool = False,
) -> list[int]:
    """Ids of a message, alone, or with its answer, or up to where one is to begin."""
    messages = [{"role": "user", "content": context}]
    if answer is not None:
        messages.append({"role": "assistant", "content": answer})
    ids = tokenizer.apply_chat_template(
        messages,
        chat_template=dated(template),
        add_generation_prompt=prompted,
        date_string=DATE,
        return_dict=False,
    )
    return cast("list[int]", ids)


def _shared(several: Sequence[list[int]]) -> list[int]:
    """The longest beginning that all of some lists have."""
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*several, strict=False))
    return [column[0] for column in columns]


def _words(tokenizer: "PreTrainedTokenizerBase", ids: list[int]) -> tuple[int, ...]:
    """The ids, unless they are white space, which any text may hold."""
    return tuple(ids) if str(tokenizer.decode(ids)).strip() else ()
