"""One step of look-ahead: the entropy of the next distribution after each next token.

The likeliest tokens are tried, and a sample of the rest (`candidates`). Which are sampled is drawn
by the text so far, so that the adjusted distribution is a function of the text: the replay finds
the same one, and so does human text. Teacher forced, the network's own reading says what is
likely, and candidates are tried along the text from its end.
"""

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor

from calibration.engine.branching import Branching, BranchingLanguage, OverNetwork
from calibration.engine.candidates import Reach, Tried, Values, tried, values_of
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.foresight import Foreseen
from calibration.engine.language import Batch
from calibration.engine.measuring import Ends, ends_on, measured, rows_at_once
from calibration.engine.memory import CHUNK_LOGITS
from calibration.engine.prefixes import continued_keys, keys_along

PLAIN: Final = Decoding()
# In place of -inf: its exponential is 0 too, and 0 times it is a number.
LOWEST: Final = -1e30


class OneStepAhead(OverNetwork):
    """A network that tries next tokens: a `Foresight` whose futures are entropies one step on.

    With a `value`, they are what it says of the states after the tokens, (..., width) to (...).
    """

    def __init__(
        self,
        language: BranchingLanguage,
        *,
        reach: Reach,
        seed: int,
        ending: Ending,
        value: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__(language)
        self._seed = seed
        self._value = value or self._next_entropies
        self._reach = reach.within(language.vocabulary)
        self._ends = ends_on(language.device, ending)

    def states(self, batch: Batch) -> Tensor:
        """Hidden states, the ids that were tried, their entropies, and that of the rest: float32.

        After the last place nothing is tried, since no token of the text follows it, nor before the
        first that is read.
        """
        states = self._language.states(batch)
        chosen = self._tried_along(states, keys_along(batch, self._seed))
        values = torch.zeros(chosen.ids.shape, device=states.device)
        for place, after in self._language.branches.along(batch, chosen.ids):
            values[:, place] = self._value(after)
        found = values_of(chosen, values, self._reach)
        return torch.cat([states.float(), found.ids.float(), found.own, found.rest], dim=-1)

    def foreseen(self, states: Tensor) -> Foreseen:
        count = self._reach.likeliest
        sizes = [states.shape[-1] - 2 * count - 1, count, count, 1]
        hidden, ids, own, rest = torch.split(states, sizes, dim=-1)
        logits = self._logits(hidden)
        return self._foreseen(logits, Values(ids.long(), own, rest))

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> "LookingAhead":
        under_way = self._language.branches.generation(
            batch, steps=steps, tiles=tiles, candidates=self._reach.tried
        )
        return LookingAhead(self, under_way, keys_along(batch, self._seed)[:, -1], tiles)

    def ahead(self, under_way: Branching, keys: Sequence[Tensor]) -> list[Foreseen]:
        """What is foreseen by rows that are being continued, tile by tile."""
        logits = under_way.logits()
        chosen = [self._tried(rows, here) for rows, here in zip(logits, keys, strict=True)]
        after = under_way.after([one.ids for one in chosen])
        values = [self._value(states) for states in after]
        return [
            self._foreseen(rows, values_of(one, found, self._reach))
            for rows, one, found in zip(logits, chosen, values, strict=True)
        ]

    def _tried_along(self, states: Tensor, keys: Tensor) -> Tried:
        size = max(1, CHUNK_LOGITS // self.vocabulary)
        chunks = zip(
            torch.split(states.flatten(0, 1), size), torch.split(keys.flatten(), size), strict=True
        )
        found = [self._tried(self._language.logits(part), here) for part, here in chunks]
        columns = (torch.cat(column) for column in zip(*found, strict=True))
        return Tried(*(column.view(*states.shape[:2], -1) for column in columns))

    def _tried(self, logits: Tensor, keys: Tensor) -> Tried:
        distribution = measured(logits, PLAIN, self._ends).distribution
        return tried(distribution, self._reach, keys, ends=self._ends.ids)

    def _foreseen(self, logits: Tensor, values: Values) -> Foreseen:
        futures = values.spread(self.vocabulary)
        # After its end a text has no entropy.
        return Foreseen(logits, futures.index_fill_(-1, self._ends.ids, 0.0))

    def _next_entropies(self, states: Tensor) -> Tensor:
        """Entropies of what follows each candidate.  # (rows, tried, width) to (rows, tried)"""
        size = max(1, CHUNK_LOGITS // self.vocabulary)
        parts = torch.split(states.flatten(0, 1), size)
        found = [entropies(self._language.logits(part), self._ends) for part in parts]
        return torch.cat(found).view(states.shape[:2])


class LookingAhead:
    """A batch that is being continued, looking one step ahead."""

    def __init__(
        self, ahead: OneStepAhead, under_way: Branching, keys: Tensor, tiles: list[int]
    ) -> None:
        self._ahead, self._under_way = ahead, under_way
        self._keys, self._tiles = keys, tiles

    def foreseen(self) -> Sequence[Foreseen]:
        return self._ahead.ahead(self._under_way, torch.split(self._keys, self._tiles))

    def extend(self, tokens: Tensor) -> None:
        self._under_way.extend(tokens)
        self._keys = continued_keys(self._keys, tokens)

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._under_way.keep(rows, tiles)
        self._keys, self._tiles = self._keys[rows], tiles


def entropies(logits: Tensor, ends: Ends) -> Tensor:
    """Entropies of plain distributions, where nothing is drawn or scored: the logits are used up.

    # (rows, vocabulary) to (rows,)
    """
    if ends.are_masked and len(ends.ids):
        logits.index_fill_(-1, ends.ids, LOWEST)
    return torch.cat([_entropies(rows) for rows in torch.split(logits, rows_at_once(logits))])


def _entropies(logits: Tensor) -> Tensor:
    shifted = logits.sub_(logits.amax(-1, keepdim=True))
    weights = shifted.exp()
    total = weights.sum(-1)
    products: Tensor = torch.linalg.vecdot(weights, shifted)
    return total.log() - products / total
