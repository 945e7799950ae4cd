"""Future entropy as a value of where a text stands: the state after a token says what lies ahead.

A sum of entropies along one rollout is noisy, by several nats where tokens differ by one. So a
head of a single output is learned first, on every place of many rollouts; and what it says of the
states after candidates are labels, without that noise, for the head that foretells every next
token at once (`future`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from calibration.engine.branching import BranchingLanguage
from calibration.engine.candidates import Reach, tried
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.future import Head
from calibration.engine.language import Language, continued, padded, predicting
from calibration.engine.measuring import ends_on, measured
from calibration.engine.prefixes import keys_along
from calibration.engine.rollouts import TOGETHER, Labels, Place, Rollouts, generator, places_of
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Text
from calibration.engine.strength import in_batches

PLAIN: Final = Decoding()
Number = TypeVar("Number", np.float32, np.int32)


def value_labels(
    network: Language, language: Language, texts: Sequence[Text], rollouts: Rollouts, ending: Ending
) -> Labels:
    """The entropy of the next `horizon` steps at places of a model's own text.

    From places of human texts `language` writes two horizons, and each of its first steps has a
    horizon ahead; states are those of `network`, which it adjusts. One token a place, number 0.
    After the end of a text nothing lies ahead, and no state is looked at.
    """
    places = places_of(texts, rollouts, language.context, steps=2 * rollouts.horizon)
    parts = [places[start : start + TOGETHER] for start in range(0, len(places), TOGETHER)]
    made = [_values(network, language, part, rollouts, ending) for part in parts]
    return Labels(*(torch.cat(column) for column in zip(*made, strict=True)))


def value_of(head: Head, states: Tensor) -> Tensor:
    """What a head of one output says of states.  # (..., width) to (...)"""
    return head.futures(states).squeeze(-1)


def token_labels(
    network: BranchingLanguage,
    value: Head,
    texts: Sequence[Text],
    *,
    reach: Reach,
    seed: int,
    ending: Ending,
) -> Labels:
    """The value of the states after the tokens that are tried along human texts.

    Of every place that a token of a continuation came after; 0 of a token that ends the text.
    """
    trial = _Trial(network, value, reach.within(network.vocabulary), seed, ending)
    made = [trial.along(texts, rows) for rows in in_batches(texts)]
    return Labels(*(torch.cat(column) for column in zip(*made, strict=True)))


@dataclass(frozen=True)
class _Trial:
    """What is tried along texts, and the value that judges it."""

    network: BranchingLanguage
    value: Head
    reach: Reach
    seed: int
    ending: Ending

    @torch.inference_mode()
    def along(self, texts: Sequence[Text], rows: range) -> Labels:
        """Labels of some of the texts, which are read together."""
        device = self.network.device
        prompts = padded([texts[row].prompt for row in rows], device)
        batch = continued(prompts, [texts[row].continuation for row in rows])
        states = self.network.states(batch)
        ids = self._tried(states, keys_along(batch, self.seed))
        values = torch.zeros(ids.shape, device=device)
        for place, after in self.network.branches.along(batch, ids):
            values[:, place] = value_of(self.value, after)
        ended = torch.isin(ids, torch.tensor(self.ending.stopping, device=device, dtype=ids.dtype))
        start = prompts.ids.shape[1]
        steps = predicting(start, batch.ids.shape[1] - start)
        lengths = torch.tensor([len(texts[row].continuation) for row in rows], device=device)
        numbers = torch.tensor(rows, device=device).unsqueeze(1).expand(-1, ids.shape[1])
        kept = torch.arange(batch.ids.shape[1] - start, device=device) < lengths[:, None]
        columns = (states.float(), ids, values.masked_fill(ended, 0.0), numbers)
        # What is learned from is no tensor of inference.
        return Labels(*(column[:, steps][kept].clone() for column in columns))

    def _tried(self, states: Tensor, keys: Tensor) -> Tensor:
        """The tokens that are tried after each place.  # (texts, length, tried)"""
        ends = ends_on(self.network.device, self.ending)
        found = [
            tried(
                measured(self.network.logits(here), PLAIN, ends).distribution, self.reach, key
            ).ids
            for here, key in zip(states.unbind(1), keys.unbind(1), strict=True)
        ]
        return torch.stack(found, dim=1)


def _values(
    network: Language,
    language: Language,
    places: Sequence[Place],
    rollouts: Rollouts,
    ending: Ending,
) -> Labels:
    horizon = rollouts.horizon
    prompts = [
        Prompt(place.before, generator(rollouts, place).random(2 * horizon)) for place in places
    ]
    (made,) = sample(language, [Block(prompts, PLAIN)], ending=ending, progress=lambda _: None)
    entropies = np.stack([_filled(one.entropy, 2 * horizon) for one in made]).astype(np.float64)
    sums = np.pad(entropies.cumsum(1), ((0, 0), (1, 0)))
    values = torch.from_numpy(sums[:, horizon:] - sums[:, : horizon + 1])  # (places, horizon + 1)
    # Of a text that ended, the places before its end.
    places_left = [len(one.tokens) if one.ended else horizon + 1 for one in made]
    kept = torch.arange(horizon + 1) < torch.tensor(places_left).unsqueeze(1)
    states = _states_along(network, prompts, [_filled(one.tokens, horizon) for one in made])
    numbers = torch.tensor([place.text for place in places]).unsqueeze(1).expand_as(kept)
    states = states[kept.to(states.device)]
    flat = values[kept].unsqueeze(1).to(states)
    tokens = torch.zeros_like(flat, dtype=torch.long)
    return Labels(states, tokens, flat, numbers[kept].to(states.device))


@torch.inference_mode()
def _states_along(
    network: Language, prompts: Sequence[Prompt], own: Sequence[NDArray[np.int32]]
) -> Tensor:
    """States after each prompt and each of its own tokens.  # (prompts, own + 1, width)"""
    beginnings = padded([prompt.ids for prompt in prompts], network.device)
    after = continued(beginnings, [one.tolist() for one in own])
    return network.states(after)[:, beginnings.ids.shape[1] - 1 :].float().clone()


def _filled(values: NDArray[Number], length: int) -> NDArray[Number]:
    """The first of some values, with zeros where there are too few.  # (length,)"""
    return np.pad(values[:length], (0, max(0, length - len(values))))
