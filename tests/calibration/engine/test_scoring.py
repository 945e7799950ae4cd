import numpy as np
import pytest
import torch
from tiny import VOCABULARY, tiny_model

from calibration.engine import scoring
from calibration.engine.decoding import Decoding, Ending
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
