"""Networks as arrays: which go so, what they say, and that they share their weights."""

import pytest
import torch
from small_networks import DECODERS, OTHERS, VOCABULARY, small_model
from torch import Tensor

from calibration.engine.generation import DecoderGeneration
from calibration.engine.language import Batch, padded
from calibration.engine.projection import projection_of
from storage.decoders import decoder_of
from storage.library_generation import LibraryGeneration
from storage.networks import Network

DEVICE = torch.device("cpu")
PROMPTS = [[5, 6, 7, 8, 9, 10], [11], [12, 13, 14]]
STEPS = 12


def tokens() -> Tensor:
    return torch.randint(1, VOCABULARY, (STEPS, 3), generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def stepped(network: Network) -> Tensor:
    """Logits at every step of three texts.  # (steps, 3, vocabulary)"""
    under_way = network.generation(padded(PROMPTS, DEVICE), steps=STEPS, tiles=[3])
    found = []
    for new in tokens():
        found.append(under_way.logits()[0])
        under_way.extend(new)
    return torch.stack(found)


@torch.inference_mode()
def read(model: torch.nn.Module) -> Tensor:
    """The same, each text alone and at once through the library.  # (steps, 3, vocabulary)"""
    rows = []
    for row, prompt in enumerate(PROMPTS):
        ids = torch.tensor([[*prompt, *tokens()[:, row].tolist()]])
        rows.append(model(ids).logits[0, len(prompt) - 1 : -1].float())
    return torch.stack(rows, dim=1)


@pytest.mark.parametrize("name", DECODERS)
def test_the_arrays_say_what_the_modules_say(name: str) -> None:
    model = small_model(name)
    exact = read(model)
    network = Network(model)
    with torch.inference_mode():
        under_way = network.generation(padded(PROMPTS, DEVICE), steps=1, tiles=[3])
    assert type(under_way) is DecoderGeneration
    assert exact.std() > 0.3
    torch.testing.assert_close(stepped(network), exact, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(read(model), exact, atol=0, rtol=0)


@pytest.mark.parametrize("name", OTHERS)
def test_what_has_another_form_goes_through_the_modules(name: str) -> None:
    model = small_model(name)
    network = Network(model)
    assert decoder_of(model) is None
    with torch.inference_mode():
        under_way = network.generation(padded(PROMPTS, DEVICE), steps=1, tiles=[3])
    assert isinstance(under_way, LibraryGeneration)
    torch.testing.assert_close(stepped(network), read(model), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt-neox"])
def test_in_16_bits_they_agree_in_the_mean(name: str) -> None:
    model = small_model(name).to(torch.bfloat16)
    exact = read(model).log_softmax(-1)
    found = stepped(Network(model)).log_softmax(-1)
    difference = (found - exact) * exact.exp()
    # A bfloat16 logit near 4 is rounded by up to .008, and either way through differently.
    assert difference.sum(-1).abs().mean() < 0.05
    assert (found - exact).abs().max() < 0.5


@pytest.mark.parametrize("name", [one for one in DECODERS if "neox" not in one])
def test_no_weight_is_held_twice(name: str) -> None:
    model = small_model(name)
    decoder = decoder_of(model)
    assert decoder is not None
    head = projection_of(model.get_output_embeddings().weight, None)
    ours = {one.untyped_storage().data_ptr() for one in (*decoder.weights, head.weight)}
    theirs = {
        one.untyped_storage().data_ptr()
        for key, one in model.named_parameters()
        if one.dim() == 2 and "embed_tokens" not in key
    }
    if model.config.tie_word_embeddings:
        ours.remove(head.weight.untyped_storage().data_ptr())
    assert ours == theirs
    assert decoder.embedding.data_ptr() == model.get_input_embeddings().weight.data_ptr()
    held = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in
            (*model.parameters(), *decoder.weights)}  # fmt: skip
    assert sum(held.values()) == 4 * model.num_parameters()


@pytest.mark.parametrize("name", ["gpt-neox", "gpt-neox, one after the other"])
def test_of_a_gpt_neox_only_the_interleaved_heads_are_copied(name: str) -> None:
    model = small_model(name)
    decoder = decoder_of(model)
    assert decoder is not None
    theirs = {one.untyped_storage().data_ptr() for one in model.parameters()}
    for layer in decoder.layers:
        assert layer.query_key_value.weight.untyped_storage().data_ptr() not in theirs
        for linear in (layer.attention_output, layer.up, layer.down):
            assert linear.weight.untyped_storage().data_ptr() in theirs


@pytest.mark.parametrize("name", DECODERS)
def test_parameters_are_counted_and_named_as_before(name: str) -> None:
    model = small_model(name)
    counted = sum(one.numel() for one in model.parameters())
    before = {key: one.detach().clone() for key, one in model.named_parameters()}
    assert Network(model).parameters == counted
    after = dict(model.named_parameters())
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_arrays_that_yield_no_numbers_are_not_chosen() -> None:
    model = small_model("llama")
    network = Network(model)
    ids = torch.arange(1, 9).unsqueeze(0)
    with torch.inference_mode():
        own = network.logits(network.states(Batch(ids, None)))[0]
    spoiled = own.clone()
    spoiled[0, 3] = torch.nan
    assert network._are_close(own, own)
    assert not network._are_close(own, spoiled)
