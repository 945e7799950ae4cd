"""Teacher forced: log loss and entropy of continuations, all decodings from one forward pass.

The vocabulary is projected in chunks of positions, and every decoding is measured while a chunk is
at hand; nothing of size batch × length × vocabulary is ever held.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import entropy, log_prob
from calibration.engine.language import Language, NoRoom, NotNumbers, continued, padded, predicting
from calibration.engine.measuring import Ends, ends_on, measured, rows_at_once
from calibration.engine.memory import CHUNK_LOGITS, TOKENS_AT_ONCE


class Score(NamedTuple):
    """One continuation under one decoding; every array has one value a step."""

    log_loss: NDArray[np.float32]
    entropy: NDArray[np.float32]
    end_probability: NDArray[np.float32]
    inside: NDArray[np.bool_]  # the token is one that the decoding's truncations allow


class Text(NamedTuple):
    """A prompt and the continuation that is scored after it."""

    prompt: Sequence[int]
    continuation: Sequence[int]


def score(
    language: Language, texts: Sequence[Text], *, decodings: Sequence[Decoding], ending: Ending
) -> list[list[Score]]:
    """Scores of each text under each decoding: [decoding][text], every text read once.

    Texts of like length are read together; where memory does not hold so many, fewer are. Raises
    NotNumbers, with the row and the step, when the network yields values that are no numbers.
    """
    found: dict[int, list[Score]] = {}
    batches = _batches(texts)
    while batches:
        rows = batches.pop()
        try:
            values = _measured(language, [texts[row] for row in rows], decodings, ending)
        except torch.OutOfMemoryError as error:
            if len(rows) == 1:
                raise NoRoom from error
            batches += [rows[::2], rows[1::2]]
            continue
        for place, row in enumerate(rows):
            found[row] = [_score(one[place], texts[row], row) for one in values]
    return [[found[row][index] for row in range(len(texts))] for index in range(len(decodings))]


def _batches(texts: Sequence[Text]) -> list[list[int]]:
    """The rows of each forward pass, the longest texts first."""
    lengths = [len(text.prompt) + len(text.continuation) for text in texts]
    batches: list[list[int]] = []
    for row in sorted(range(len(texts)), key=lambda row: -lengths[row]):
        # The first text of a batch is its longest.
        if not batches or (len(batches[-1]) + 1) * lengths[batches[-1][0]] > TOKENS_AT_ONCE:
            batches.append([])
        batches[-1].append(row)
    return batches


@torch.inference_mode()
def _measured(
    language: Language, texts: Sequence[Text], decodings: Sequence[Decoding], ending: Ending
) -> NDArray[np.float32]:
    """What is measured of texts that are read together.  # (decodings, texts, steps, 4)"""
    prompts = padded([text.prompt for text in texts], language.device)
    batch = continued(prompts, [text.continuation for text in texts])
    prompt = prompts.ids.shape[1]
    steps = predicting(prompt, batch.ids.shape[1] - prompt)
    states = language.states(batch)[:, steps]  # (batch, steps, width)
    targets = batch.ids[:, prompt:]
    chunks = _chunks(language, states, targets, decodings, ends_on(language.device, ending))
    table = torch.cat(list(chunks), dim=1).view(len(decodings), *targets.shape, 4)
    return table.cpu().numpy()


def _chunks(
    language: Language,
    states: Tensor,
    targets: Tensor,
    decodings: Sequence[Decoding],
    ends: Ends,
) -> Iterator[Tensor]:
    """What is measured at consecutive positions.  # (decodings, chunk, 4)"""
    size = max(1, CHUNK_LOGITS // language.vocabulary)
    flat, tokens = states.flatten(0, 1), targets.flatten()
    for positions, chosen in zip(torch.split(flat, size), torch.split(tokens, size), strict=True):
        logits = language.logits(positions)
        at_once = rows_at_once(logits)
        for rows, ids in zip(
            torch.split(logits, at_once), torch.split(chosen, at_once), strict=True
        ):
            yield torch.stack([_measures(rows, ids, decoding, ends) for decoding in decodings])


def _measures(logits: Tensor, tokens: Tensor, decoding: Decoding, ends: Ends) -> Tensor:
    """Log loss, entropy, end probability, and 1 where a token is inside.  # (rows, 4)"""
    here = measured(logits, decoding, ends)
    inside = torch.ones_like(here.end_probability)
    if here.allowed is not None:
        inside = here.allowed.gather(-1, tokens.unsqueeze(-1)).squeeze(-1).float()
    h, loss = entropy(here.distribution), -log_prob(here.distribution, tokens)
    return torch.stack([loss, h, here.end_probability, inside], dim=-1)


def _score(values: NDArray[np.float32], text: Text, row: int) -> Score:
    log_loss, h, end_probability, inside = values[: len(text.continuation)].T.copy()
    wrong = np.flatnonzero(~np.isfinite(h))
    if len(wrong):
        raise NotNumbers(row=row, step=int(wrong[0]))
    return Score(log_loss, h, end_probability, inside == 1)
