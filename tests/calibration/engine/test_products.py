import pytest
import torch

from calibration.engine.products import FEW, are_alike, product


@pytest.mark.parametrize("rows", [0, 1, 3, FEW - 1, FEW, FEW + 1])
@pytest.mark.parametrize("new", [1, 4])
@pytest.mark.parametrize("biased", [False, True])
def test_a_product_is_rows_times_weights_and_bias_whatever_the_count(
    rows: int, new: int, biased: bool
) -> None:
    generator = torch.Generator().manual_seed(rows)
    states = torch.randn(rows, new, 24, generator=generator)
    weight = torch.randn(7, 24, generator=generator)
    bias = torch.randn(7, generator=generator) if biased else None
    kept = None if bias is None else bias.clone()
    exact = states.double() @ weight.double().T
    if bias is not None:
        exact += bias.double()
    made = product(states, weight, bias)
    torch.testing.assert_close(made.double(), exact, atol=2e-5, rtol=0)
    assert made.is_contiguous()
    assert kept is None or torch.equal(bias, kept)


def test_one_tile_is_like_itself() -> None:
    assert are_alike([torch.zeros(3, 4)], [17])


@pytest.mark.parametrize("tiles", [[1, 1], [7, 5, 3], [64, 64], [100, 1]])
def test_what_is_called_alike_is_equal_bit_for_bit_on_other_numbers(tiles: list[int]) -> None:
    generator = torch.Generator().manual_seed(1)
    for shape in ((5, 3), (64, 32), (300, 60), (96, 258)):
        weight = torch.randn(shape, generator=generator)
        rows = torch.randn(sum(tiles), shape[1], generator=generator) * 100
        apart = torch.cat([product(part, weight, None) for part in torch.split(rows, tiles)])
        equal = torch.equal(product(rows, weight, None), apart)
        assert equal or not are_alike([weight], tiles)
