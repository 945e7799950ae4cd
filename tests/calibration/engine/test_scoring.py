import exact_decoding
import numpy as np
import pytest
import torch
from exact_decoding import EVERY_KIND
from small_languages import Same
from tiny import VOCABULARY, tiny_model

from calibration.engine import scoring
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.language import Batch
from calibration.engine.scoring import Score, Text, score
from storage.networks import Network

CONTINUE = Ending("continue", (0,))
DECODINGS = [Decoding(1.0), Decoding(0.5)]


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(tiny_model())


def texts(count: int) -> list[Text]:
    generator = np.random.default_rng(2)
    return [
        Text(
            generator.integers(1, VOCABULARY, generator.integers(1, 8)).tolist(),
            generator.integers(1, VOCABULARY, generator.integers(1, 30)).tolist(),
        )
        for _ in range(count)
    ]


def equal(one: Score, other: Score) -> None:
    for mine, yours in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, yours, atol=1e-5)


def test_scores_are_the_full_float64_computation_of_the_models_own_logits() -> None:
    model = tiny_model()
    rows = texts(6)
    made = score(Network(model), rows, decodings=DECODINGS, ending=Ending("stop", (0,)))
    for decoding, scores in zip(DECODINGS, made, strict=True):
        for text, one in zip(rows, scores, strict=True):
            ids = torch.tensor([[*text.prompt, *text.continuation]])
            with torch.inference_mode():
                logits = model(ids).logits[0].double() / decoding.temperature
            exact = logits.log_softmax(-1)[len(text.prompt) - 1 : -1]
            loss = -exact[torch.arange(len(exact)), torch.tensor(text.continuation)]
            np.testing.assert_allclose(one.log_loss, loss, atol=1e-5)
            np.testing.assert_allclose(one.entropy, -(exact.exp() * exact).sum(-1), atol=1e-5)


def test_values_do_not_depend_on_batch_order_or_padding(network: Network) -> None:
    rows = texts(10)
    together = score(network, rows, decodings=DECODINGS, ending=CONTINUE)
    backwards = score(network, rows[::-1], decodings=DECODINGS, ending=CONTINUE)
    for index in range(len(DECODINGS)):
        for row, text in enumerate(rows):
            (alone,) = score(network, [text], decodings=[DECODINGS[index]], ending=CONTINUE)
            equal(together[index][row], alone[0])
            equal(together[index][row], backwards[index][-1 - row])


def test_values_do_not_depend_on_the_chunk(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score(network, texts(4), decodings=DECODINGS, ending=CONTINUE)
    monkeypatch.setattr(scoring, "CHUNK_LOGITS", 5 * VOCABULARY)
    for one, other in zip(
        whole, score(network, texts(4), decodings=DECODINGS, ending=CONTINUE), strict=True
    ):
        for mine, yours in zip(one, other, strict=True):
            equal(mine, yours)


def test_a_masked_token_has_infinite_loss(network: Network) -> None:
    ((one,),) = score(network, [Text([1, 2], [3, 0, 4])], decodings=[Decoding()], ending=CONTINUE)
    assert np.isinf(one.log_loss).tolist() == [False, True, False]


@pytest.mark.parametrize("decoding", EVERY_KIND, ids=lambda one: one.label)
def test_every_kind_of_decoding_is_scored_as_float64_would(decoding: Decoding) -> None:
    model, rows = tiny_model(), texts(5)
    ((*made,),) = score(Network(model), rows, decodings=[decoding], ending=CONTINUE)
    for text, one in zip(rows, made, strict=True):
        ids = torch.tensor([[*text.prompt, *text.continuation]])
        with torch.inference_mode():
            logits = model(ids).logits[0, len(text.prompt) - 1 : -1].double().numpy()
        logits[:, 0] = -np.inf
        for step, (values, token) in enumerate(zip(logits, text.continuation, strict=True)):
            p = exact_decoding.probabilities(values, decoding.temperature)
            exact = exact_decoding.measured(p, decoding)
            with np.errstate(divide="ignore"):
                loss = -np.log(exact[token])
            np.testing.assert_allclose(one.log_loss[step], loss, atol=1e-5)
            np.testing.assert_allclose(one.entropy[step], exact_decoding.entropy(exact), atol=1e-5)
            inside = not decoding.truncations or exact_decoding.allowed(p, decoding)[token]
            assert one.inside[step] == inside


def test_decodings_do_not_change_each_others_values(network: Network) -> None:
    together = score(network, texts(4), decodings=EVERY_KIND, ending=CONTINUE)
    for decoding, scores in zip(EVERY_KIND, together, strict=True):
        (alone,) = score(network, texts(4), decodings=[decoding], ending=CONTINUE)
        for one, other in zip(scores, alone, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


class Watched(Same):
    """A network that keeps what was asked of it."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.projected: list[int] = []
        self.read: list[tuple[int, int]] = []

    def states(self, batch: Batch) -> torch.Tensor:
        self.read.append((batch.ids.shape[0], batch.ids.shape[1]))
        return super().states(batch)

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        made = super().logits(states)
        self.projected.append(made.numel())
        return made


def test_texts_are_read_by_length_and_projected_once_in_chunks(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "CHUNK_LOGITS", 7 * VOCABULARY)
    monkeypatch.setattr(scoring, "TOKENS_AT_ONCE", 40)
    rows, watched = texts(12), Watched(network)
    lengths = [len(text.prompt) + len(text.continuation) for text in rows]
    score(watched, rows, decodings=EVERY_KIND, ending=CONTINUE)
    assert max(watched.projected) <= 7 * VOCABULARY
    assert sum(count for count, _ in watched.read) == len(rows)
    assert all(count == 1 or count * length <= 60 for count, length in watched.read)
    # Read in the order of their lengths, and each once: no more than what they hold and padding.
    needed = sum(len(text.continuation) for text in rows) * VOCABULARY
    assert needed <= sum(watched.projected) <= sum(a * b for a, b in watched.read) * VOCABULARY
    assert max(length for _, length in watched.read) >= max(lengths)


def test_a_continuation_of_nothing_has_no_values(network: Network) -> None:
    rows = [Text([1, 2], []), Text([3], [4, 5])]
    for scores in score(network, rows, decodings=EVERY_KIND, ending=CONTINUE):
        assert [len(one.entropy) for one in scores] == [0, 2]


def test_nothing_to_score_is_no_scores(network: Network) -> None:
    assert score(network, [], decodings=DECODINGS, ending=CONTINUE) == [[], []]
