import numpy as np
import pytest
from tiny import VOCABULARY, tiny_network

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.drawn import Continuation
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.uniforms import uniforms
from storage.networks import Network

CONTINUE = Ending("continue", (0,))
STOP = Ending("stop", (0,))


@pytest.fixture(scope="module")
def network() -> Network:
    return tiny_network()


def prompts(count: int, *, steps: int = 20, ragged: bool = False) -> list[Prompt]:
    generator = np.random.default_rng(11)
    lengths = generator.integers(1, 9, count) if ragged else np.full(count, 6)
    return [
        Prompt(
            generator.integers(1, VOCABULARY, length).tolist(),
            uniforms(0, "x", example=row, steps=steps),
        )
        for row, length in enumerate(lengths)
    ]


def continuations(network: Network, rows: list[Prompt], ending: Ending) -> list[Continuation]:
    block = Block(rows, Decoding(1.0))
    return sample(network, [block], ending=ending, progress=lambda _: None)[0]


def test_the_same_rows_again_are_equal_bit_for_bit(network: Network) -> None:
    first, second = (continuations(network, prompts(8), CONTINUE) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_values_do_not_depend_on_batch_order_or_padding(network: Network) -> None:
    rows = prompts(12, ragged=True)
    together = continuations(network, rows, CONTINUE)
    alone = [continuations(network, [row], CONTINUE)[0] for row in rows]
    backwards = continuations(network, rows[::-1], CONTINUE)[::-1]
    for one, *others in zip(together, alone, backwards, strict=True):
        for other in others:
            assert np.array_equal(one.tokens, other.tokens)
            np.testing.assert_allclose(one.entropy, other.entropy, atol=1e-5)
            np.testing.assert_allclose(one.log_prob, other.log_prob, atol=1e-5)


def test_continuing_never_draws_an_end_id_and_is_as_long_as_asked(network: Network) -> None:
    made = continuations(network, prompts(20, steps=60), CONTINUE)
    assert all(len(one.tokens) == 60 for one in made)
    assert not any(np.isin(one.tokens, STOP.ids).any() for one in made)
    assert not any(one.ended for one in made)
    assert all((one.end_probability > 0).all() for one in made)


def test_stopping_ends_at_the_first_end_id_and_counts_its_step(network: Network) -> None:
    made = continuations(network, prompts(20, steps=60), STOP)
    assert {one.ended for one in made} == {True, False}
    for one in made:
        ends = np.isin(one.tokens, STOP.ids)
        assert ends[-1] == one.ended
        assert not ends[:-1].any()
        assert len(one.entropy) == len(one.tokens)


def test_each_row_is_as_long_as_its_own_uniforms(network: Network) -> None:
    rows = [
        row._replace(uniforms=row.uniforms[: 3 + number]) for number, row in enumerate(prompts(5))
    ]
    lengths = [len(one.tokens) for one in continuations(network, rows, CONTINUE)]
    assert lengths == [3, 4, 5, 6, 7]


def test_progress_counts_every_step_of_every_row(network: Network) -> None:
    seen: list[int] = []
    block = Block(prompts(4, steps=7), Decoding())
    sample(network, [block], ending=CONTINUE, progress=seen.append)
    assert sum(seen) == 28


def test_a_row_that_asks_for_bytes_stops_with_the_token_that_reaches_them(
    network: Network,
) -> None:
    sizes = np.random.default_rng(5).integers(0, 4, VOCABULARY)
    rows = [
        row._replace(bytes=asked)
        for row, asked in zip(prompts(6, steps=60), (1, 5, 9, 20, 31, 500), strict=True)
    ]
    (made,) = sample(
        network,
        [Block(rows, Decoding())],
        ending=CONTINUE,
        sizes=sizes,
        progress=lambda _: None,
    )
    whole = continuations(network, prompts(6, steps=60), CONTINUE)
    for row, one, longer in zip(rows, made, whole, strict=True):
        reached = sizes[one.tokens].cumsum()
        assert row.bytes is not None
        assert (reached[:-1] < row.bytes).all()
        assert reached[-1] >= row.bytes or len(one.tokens) == 60
        assert np.array_equal(one.tokens, longer.tokens[: len(one.tokens)])


def test_naturally_texts_end_where_stopped_ones_do(network: Network) -> None:
    stopped, natural = (
        continuations(network, prompts(8, steps=40), Ending(policy, (0,)))
        for policy in ("stop", "natural")
    )
    for one, other in zip(stopped, natural, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
