"""A foresight that sees nothing: what is fitted with it is a temperature, 1/(1 + α)."""

import torch
from torch import Tensor

from calibration.engine.branching import OverNetwork
from calibration.engine.foresight import Foreseeing, Foreseen
from calibration.engine.language import Batch


class Blind(OverNetwork):
    """A network whose futures are all 0."""

    def states(self, batch: Batch) -> Tensor:
        return self._language.states(batch).float()

    def foreseen(self, states: Tensor) -> Foreseen:
        logits = self._logits(states)
        return Foreseen(logits, torch.zeros_like(logits))

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Foreseeing:
        raise NotImplementedError("a temperature is sampled by its decoding, not by a foresight")
