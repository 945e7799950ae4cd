"""Products of rows with weights, and whether rows that share one come out equal bit for bit.

How a library orders the sums of a product may hang on the number of rows, on the machine and on
the shape; never on the numbers. So it is tried, once for each shape, on numbers of our own.
"""

from collections.abc import Iterable, Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

# Below so many rows a CPU's cores are better divided over the weights' rows than over ours: at 32
# rows of 576 on two cores that is half as fast again. At 72 rows the two are equal there, and on
# narrower networks, where turning the result takes a quarter of the time, ours are better divided.
FEW = 64


def product(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """rows @ weightᵀ + bias.  # (..., in) and (out, in) to (..., out)"""
    count = rows.numel() // rows.shape[-1]
    if rows.is_cpu and count < FEW:
        made = torch.mm(weight, rows.reshape(count, rows.shape[-1]).T).T.contiguous()
        made = made.view(*rows.shape[:-1], len(weight))
        return made if bias is None else made.add_(bias)
    return functional.linear(rows, weight, bias)


def are_alike(weights: Iterable[Tensor], tiles: Sequence[int]) -> bool:
    """Whether rows meet each of the weights, (out, in), in one product as they do tile by tile."""
    if len(tiles) == 1:
        return True
    kinds = {(tuple(one.shape), one.dtype, one.device) for one in weights}
    threads = torch.get_num_threads()
    return all(_is_alike(*kind, tuple(tiles), threads) for kind in kinds)


@cache
def _is_alike(
    shape: tuple[int, int],
    dtype: torch.dtype,
    device: torch.device,
    tiles: tuple[int, ...],
    _threads: int,  # among which a product is divided
) -> bool:
    generator = torch.Generator(device).manual_seed(0)
    weight = torch.randn(shape, dtype=dtype, device=device, generator=generator)
    rows = torch.randn(sum(tiles), shape[1], dtype=dtype, device=device, generator=generator)
    apart = [product(part, weight, None) for part in torch.split(rows, list(tiles))]
    return torch.equal(product(rows, weight, None), torch.cat(apart))
