"""From hidden states to logits: float32 from here on, whatever the precision of the weights."""

from typing import NamedTuple

import torch
from torch import Tensor

from calibration.engine.products import product


class Projection(NamedTuple):
    """The head of a network, as it is kept for products."""

    weight: Tensor  # (vocabulary, width)
    bias: Tensor | None  # float32

    def logits(self, states: Tensor) -> Tensor:
        """Logits in float32, summed in float32.  # (..., width) to (..., vocabulary)"""
        states = states.to(self.weight.device)  # a network's last layers may lie elsewhere
        if self.weight.dtype == torch.float32:
            return product(states.float(), self.weight, self.bias)
        made = torch.mm(states.flatten(0, -2), self.weight.T, out_dtype=torch.float32)
        made = made.view(*states.shape[:-1], -1)
        return made if self.bias is None else made + self.bias


def projection_of(weight: Tensor, bias: Tensor | None) -> Projection:
    """A head; its 16-bit weights are kept where a device can sum their products in float32."""
    kept = weight.detach() if weight.is_cuda else weight.detach().float()
    return Projection(kept, None if bias is None else bias.detach().float())
