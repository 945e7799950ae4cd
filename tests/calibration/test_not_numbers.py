"""A network that yields NaN or infinity stops with the document and the step; -inf is no fault."""

import math

import numpy as np
import polars as pl
import pytest
import torch
from small_languages import Altered, Scarce
from small_recipes import SAMPLES
from tiny import VOCABULARY, tiny_model
from torch import Tensor

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.language import Batch, Language
from calibration.errors import ModelError
from calibration.measurement import sampled_part, scored_part
from storage.networks import Network

BROKEN = 40  # whatever has seen this id is no number; the probe on load looks at lower ones
STEPS = 30
RANKED = (Decoding(2.0), Decoding(2.0, top_p=0.95, mixture=0.05))


def broken(value: float) -> Language:
    """A network whose logits are no numbers after one token, all NaN or one of them infinite."""
    model = tiny_model()
    with torch.no_grad():
        model.model.embed_tokens.weight[BROKEN] = math.nan
    spoiled = torch.zeros(VOCABULARY)
    spoiled[7] = value
    return Altered(
        Network(model),
        lambda logits: torch.where(logits.isnan().any(-1, keepdim=True), spoiled, logits),
    )


def examples(continuations: list[list[int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "cluster": [f"speech {row}" for row in range(len(continuations))],
            "example": list(range(len(continuations))),
            "prompt_ids": [[1, 2 + row] for row in range(len(continuations))],
            "continuation_ids": continuations,
            "window": [len(one) for one in continuations],
        }
    )


def sampled(language: Language, decoding: Decoding) -> pl.DataFrame:
    recipe = SAMPLES.model_copy(update={"decoding": decoding, "end_ids": (0,)})
    return sampled_part(
        examples([[3] * STEPS] * 4),
        language,
        recipe,
        sizes=np.ones(VOCABULARY, dtype=np.int64),
        progress=lambda _: None,
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("decoding", RANKED, ids=lambda one: one.label)
def test_sampling_names_the_document_and_the_first_step(decoding: Decoding, value: float) -> None:
    whole = sampled(Network(tiny_model()), decoding)["tokens"].to_list()
    first = [row.index(BROKEN) if BROKEN in row[:-1] else STEPS for row in whole]
    row = int(np.argmin(first))
    assert first[row] < STEPS - 1
    # The token after the broken one is the first that cannot be drawn: steps count from 1.
    words = rf"at step {first[row] + 2} of the continuation of 'speech {row}'"
    with pytest.raises(ModelError, match=words):
        sampled(broken(value), decoding)


def broken_at(place: int, prefix: list[int], value: float) -> Language:
    """A network whose logits after one prefix are no numbers."""
    network = Network(tiny_model())
    with torch.inference_mode():
        there = network.logits(network.states(Batch(torch.tensor([prefix]), None)))[0, place]
    spoiled = torch.zeros(VOCABULARY)
    spoiled[7] = value
    return Altered(
        network,
        lambda logits: torch.where(
            (logits - there).abs().amax(-1, keepdim=True) < 1e-3, spoiled, logits
        ),
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("decoding", RANKED, ids=lambda one: one.label)
def test_scoring_names_the_document_and_the_first_step(decoding: Decoding, value: float) -> None:
    human = examples([[3, 4, 5, 6, 7], [3, 4, 8, 6, 7], [3, 4]])
    language = broken_at(-1, [1, 3, 3, 4, 8], value)
    with pytest.raises(ModelError, match="at step 4 of the continuation of 'speech 1'"):
        scored_part(human, language, decodings=[decoding], ending=Ending("continue", (0,)))


def half_impossible(logits: Tensor) -> Tensor:
    return logits.masked_fill(torch.arange(VOCABULARY) % 2 == 0, -math.inf)


@pytest.mark.parametrize("decoding", RANKED, ids=lambda one: one.label)
def test_impossible_tokens_are_no_fault_and_never_drawn(decoding: Decoding) -> None:
    language = Altered(Network(tiny_model()), half_impossible)
    made = sampled(language, decoding)
    assert (made["tokens"].explode().to_numpy() % 2 == 1).all()
    assert np.isfinite(made["entropy"].explode().to_numpy()).all()
    assert np.isfinite(made["log_prob"].explode().to_numpy()).all()
    (scores,) = scored_part(
        examples([[3, 4, 5]]), language, decodings=[decoding], ending=Ending("continue", (0,))
    )
    assert np.isinf(scores["log_loss"].explode().to_numpy()).tolist() == [False, True, False]
    assert np.isfinite(scores["entropy"].explode().to_numpy()).all()


def test_a_device_that_does_not_hold_one_text_is_said_so_in_a_sentence() -> None:
    for measure in (lambda language: sampled(language, Decoding()), scored):
        with pytest.raises(ModelError, match="memory for the network and one text was expected"):
            measure(Scarce(Network(tiny_model()), rows=0))


def scored(language: Language) -> list[pl.DataFrame]:
    texts = examples([[3] * STEPS] * 4)
    return scored_part(texts, language, decodings=[Decoding()], ending=Ending("stop", (0,)))
