"""Labels for a predictor of future entropy: what a model's own text has ahead after a next token.

From places of human texts, the token that came and others that might have are each followed by the
model's own text, and the entropies of its steps are summed: the analytic ones, which have the mean
of the surprises and less noise. Continuations of one place share their random numbers, so that
their difference is more of the tokens and less of chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.entropy import draw
from calibration.engine.language import Language, padded
from calibration.engine.measuring import ends_on, measured
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Text

# Other tokens are drawn at this temperature: texts derail by unlikely ones, and a predictor that
# has seen only likely ones has no label there.
FLATTENED: Final = Decoding(temperature=1.5)
PLAIN: Final = Decoding()
TOGETHER: Final = 256  # beginnings of like length that share a batch


@dataclass(frozen=True)
class Rollouts:
    """How many labels there are, and how far they look."""

    places: int  # of each text
    horizon: int  # steps whose entropies are summed
    seed: int
    tokens: int = 1  # at each place, the human one first

    def __post_init__(self) -> None:
        if min(self.places, self.tokens, self.horizon) < 1:
            raise ValueError(
                "at least 1 place, 1 token and a horizon of 1 step were expected, found "
                f"{self.places}, {self.tokens} and {self.horizon}"
            )


class Labels(NamedTuple):
    """Future entropies in nats, of tokens after places of texts."""

    states: Tensor  # (places, width) float32: what the network makes of the text up to there
    tokens: Tensor  # (places, tokens)
    values: Tensor  # (places, tokens)
    texts: Tensor  # (places,): which text a place is of

    def numbers(self) -> NDArray[np.int64]:
        """Which text each place is of, on the machine itself.  # (places,)"""
        return self.texts.cpu().numpy()

    def numbered(self, numbers: Sequence[int]) -> "Labels":
        """The same with other numbers of the texts: that of text i is `numbers[i]`."""
        return self._replace(texts=torch.tensor(numbers, device=self.texts.device)[self.texts])


def only(labels: Labels, texts: Sequence[int]) -> Labels:
    """The labels of some of the texts, given by their numbers."""
    kept = torch.isin(labels.texts, torch.tensor(texts, device=labels.texts.device))
    return Labels(*(column[kept] for column in labels))


class Place(NamedTuple):
    """A place of a human text."""

    text: int  # its number
    before: list[int]  # tokens
    human: int  # the token that came


def labels_of(
    network: Language, language: Language, texts: Sequence[Text], rollouts: Rollouts, ending: Ending
) -> Labels:
    """Labels along human texts: states of `network`, futures of `language`, which adjusts it.

    Raises ValueError where the context has no room for the horizon after a place of each text.
    """
    places = places_of(texts, rollouts, language.context, steps=1 + rollouts.horizon)
    parts = [places[start : start + TOGETHER] for start in range(0, len(places), TOGETHER)]
    made = [_labels(network, language, part, rollouts, ending) for part in parts]
    return Labels(*(torch.cat(column) for column in zip(*made, strict=True)))


def places_of(
    texts: Sequence[Text], rollouts: Rollouts, context: int | None, *, steps: int
) -> list[Place]:
    """Places of continuations that leave room for `steps` in the context, the shortest first.

    Raises ValueError where a text has none.
    """
    found = [
        place
        for number, text in enumerate(texts)
        for place in _places(
            number, text, rollouts, math.inf if context is None else context - steps
        )
    ]
    return sorted(found, key=lambda place: len(place.before))


def _places(number: int, text: Text, rollouts: Rollouts, last: float) -> list[Place]:
    ids = [*text.prompt, *text.continuation]
    room = range(len(text.prompt), int(min(len(ids), 1 + last)))
    if not room:
        raise ValueError(
            f"room for {rollouts.horizon} steps ahead in the context was expected after a place of "
            f"each text, found none after a prompt of {len(text.prompt)} tokens: look less far"
        )
    chosen = np.random.default_rng([rollouts.seed, number]).choice(
        room, size=min(rollouts.places, len(room)), replace=False
    )
    return [Place(number, ids[:place], ids[place]) for place in sorted(chosen.tolist())]


def _labels(
    network: Language,
    language: Language,
    places: Sequence[Place],
    rollouts: Rollouts,
    ending: Ending,
) -> Labels:
    states, tokens = _states_and_tokens(network, places, rollouts, ending)
    noise = [generator(rollouts, place).random(rollouts.horizon) for place in places]
    prompts = [
        Prompt([*place.before, int(token)], uniforms)
        for place, row, uniforms in zip(places, tokens, noise, strict=True)
        for token in row
    ]
    (made,) = sample(language, [Block(prompts, PLAIN)], ending=ending, progress=lambda _: None)
    values = torch.tensor([float(one.entropy.sum(dtype=np.float64)) for one in made])
    ended = torch.isin(tokens.cpu(), torch.tensor(ending.stopping, dtype=torch.long))
    values = values.view(tokens.shape).masked_fill(ended, 0.0)  # nothing follows an end
    numbers = torch.tensor([place.text for place in places])
    return Labels(states, tokens, values.to(states), numbers.to(states.device))


@torch.inference_mode()
def _states_and_tokens(
    network: Language, places: Sequence[Place], rollouts: Rollouts, ending: Ending
) -> tuple[Tensor, Tensor]:
    """States at some places, and the tokens that are tried there.  # (places, tokens)"""
    states = network.states(padded([place.before for place in places], network.device))[:, -1]
    here = measured(network.logits(states), FLATTENED, ends_on(network.device, ending)).distribution
    uniforms = np.stack(
        [generator(rollouts, place, apart=1).random(rollouts.tokens - 1) for place in places]
    )
    human = torch.tensor([place.human for place in places], device=network.device)
    others = [draw(here, column) for column in torch.from_numpy(uniforms).to(human.device).T]
    # What is learned from is no tensor of inference.
    return states.float().clone(), torch.stack([human, *others], dim=1)


def generator(rollouts: Rollouts, place: Place, *, apart: int = 0) -> np.random.Generator:
    """Random numbers of a place, by its text and where it is."""
    return np.random.default_rng([rollouts.seed, place.text, len(place.before), apart])
