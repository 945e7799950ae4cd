"""Future entropy as a value of where a text stands: the state after a token says what lies ahead.

A sum of entropies along one rollout is noisy, by several nats where tokens differ by one. So a
head of a single output is learned first, on every place of many rollouts; and what it says of the
states after candidates are labels, without that noise, for the head that foretells every next
token at once (`future`).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from calibration.engine.branching import BranchingLanguage
from calibration.engine.candidates import Reach, tried
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.future import Head
from calibration.engine.language import Language, continued, padded
from calibration.engine.measuring import ends_on, measured
from calibration.engine.prefixes import keys_along, uniforms_of
from calibration.engine.rollouts import TOGETHER, Labels, Place, Rollouts, generator, places_of
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Text

PLAIN: Final = Decoding()


def value_labels(
    network: Language, language: Language, texts: Sequence[Text], rollouts: Rollouts, ending: Ending
) -> Labels:
    """The entropy of the next `horizon` steps at places of a model's own text.

    From places of human texts `language` writes two horizons, and each of its first steps has a
    horizon ahead; states are those of `network`, which it adjusts. One token a place, number 0.
    Texts must not end: raises ValueError under an ending that lets them.
    """
    if ending.stopping:
        raise ValueError(
            "an ending that lets no text end was expected, found "
            f"{ending.policy!r}: past an end nothing lies ahead, which no value of a state tells"
        )
    places = places_of(texts, rollouts, language.context, steps=2 * rollouts.horizon)
    parts = [places[start : start + TOGETHER] for start in range(0, len(places), TOGETHER)]
    made = [_values(network, language, part, rollouts, ending) for part in parts]
    return Labels(*(torch.cat(column) for column in zip(*made, strict=True)))


def value_of(head: Head, states: Tensor) -> Tensor:
    """What a head of one output says of states.  # (..., width) to (...)"""
    return head.futures(states).squeeze(-1)


@torch.inference_mode()
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

    Of every place of a continuation but the last, in texts of one length.
    """
    reach = reach.within(network.vocabulary)
    batch = continued(
        padded([text.prompt for text in texts], network.device),
        [text.continuation for text in texts],
    )
    states, ends = network.states(batch), ends_on(network.device, ending)
    noise = uniforms_of(keys_along(batch, seed))
    chosen = [
        tried(measured(network.logits(here), PLAIN, ends).distribution, reach, uniforms)
        for here, uniforms in zip(states.unbind(1), noise.unbind(1), strict=True)
    ]
    ids = torch.stack(chosen, dim=1)  # (texts, length, tried)
    values = torch.zeros(ids.shape, device=ids.device)
    for place, after in network.branches.along(batch, ids):
        values[:, place] = value_of(value, after)
    kept = slice(max(len(text.prompt) for text in texts) - 1, batch.ids.shape[1] - 1)
    numbers = torch.arange(len(texts), device=ids.device).unsqueeze(1).expand(-1, ids.shape[1])
    columns = (states.float(), ids, values, numbers)
    return Labels(*(column[:, kept].flatten(0, 1).clone() for column in columns))


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
    entropies = np.stack([one.entropy for one in made]).astype(np.float64)
    sums = np.pad(entropies.cumsum(1), ((0, 0), (1, 0)))
    values = torch.from_numpy(sums[:, horizon:] - sums[:, : horizon + 1])  # (places, horizon + 1)
    states = _states_along(network, prompts, [one.tokens[:horizon].tolist() for one in made])
    numbers = torch.tensor([place.text for place in places]).repeat_interleave(horizon + 1)
    flat = values.flatten().unsqueeze(1).to(states)
    tokens = torch.zeros_like(flat, dtype=torch.long)
    return Labels(states, tokens, flat, numbers.to(states.device))


@torch.inference_mode()
def _states_along(
    network: Language, prompts: Sequence[Prompt], own: Sequence[Sequence[int]]
) -> Tensor:
    """States after each prompt and each of its own tokens.  # (prompts × (own + 1), width)"""
    beginnings = padded([prompt.ids for prompt in prompts], network.device)
    states = network.states(continued(beginnings, own))[:, beginnings.ids.shape[1] - 1 :]
    return states.flatten(0, 1).float().clone()
