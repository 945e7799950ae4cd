"""The adapter on small random checkpoints of several architectures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_model
from transformers import (
    AutoModelForCausalLM,
    CohereConfig,
    Gemma2Config,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
)

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.language import Batch
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Text, score
from calibration.errors import ModelError
from storage.loading import load_network
from storage.networks import Network
from storage.weights import Checkpoint

SHAPE = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GPT2_SHAPE = {"vocab_size": 96, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128}
CONFIGS: dict[str, PretrainedConfig] = {
    "llama": LlamaConfig(**SHAPE),
    "qwen2": Qwen2Config(**SHAPE),
    "gpt-neox": GPTNeoXConfig(**SHAPE),
    "gpt2": GPT2Config(**GPT2_SHAPE, initializer_range=0.2, bos_token_id=1, eos_token_id=2),
    "gemma2, soft-capped": Gemma2Config(**SHAPE, head_dim=8, final_logit_softcapping=3.0),
    "cohere, scaled": CohereConfig(**SHAPE, logit_scale=0.25),
}
ENDING = Ending("stop", (2,))


def model_of(name: str) -> PreTrainedModel:
    torch.manual_seed(4)
    return AutoModelForCausalLM.from_config(CONFIGS[name]).eval()


@pytest.mark.parametrize("name", CONFIGS)
def test_logits_are_the_models_own_whatever_its_head(name: str) -> None:
    model = model_of(name)
    network = Network(model)
    ids = torch.randint(3, 96, (3, 20), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        own = model(ids).logits
        ours = network.logits(network.states(Batch(ids, None)))
    torch.testing.assert_close(ours, own, atol=1e-5, rtol=1e-5)
    assert network.vocabulary == 96


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_sampled_is_what_is_scored_with_prompts_of_several_lengths(name: str) -> None:
    network = Network(model_of(name))
    generator = np.random.default_rng(1)
    prompts = [
        Prompt(generator.integers(3, 96, length).tolist(), generator.random(16))
        for length in (1, 5, 9, 2)
    ]
    block = Block(prompts, Decoding())
    (made,) = sample(network, [block], ending=ENDING, progress=lambda _: None)
    texts = [Text(row.ids, one.tokens.tolist()) for row, one in zip(prompts, made, strict=True)]
    (scores,) = score(network, texts, decodings=[Decoding()], ending=ENDING)
    for one, scored in zip(made, scores, strict=True):
        np.testing.assert_allclose(one.entropy, scored.entropy, atol=1e-4)
        np.testing.assert_allclose(one.log_prob, -scored.log_loss, atol=1e-4)


def test_sixteen_bit_weights_give_float32_logits_near_those_of_32_bits(tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path)
    ids = Batch(torch.arange(1, 30).unsqueeze(0), None)
    logits = {}
    for precision in ("float32", "bfloat16"):
        network = load_network(Checkpoint(str(tmp_path)), precision=precision)
        with torch.inference_mode():
            logits[precision] = network.logits(network.states(ids))
    assert logits["bfloat16"].dtype == torch.float32
    difference = (logits["bfloat16"].log_softmax(-1) - logits["float32"].log_softmax(-1)).abs()
    assert 0 < difference.max() < 0.5


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.lm_head.weight[3, 0] = torch.nan
    model.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="finite"):
        load_network(Checkpoint(str(tmp_path)), precision="float32")


def test_missing_weights_are_refused_and_not_made_up(tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = load_file(file)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lack model\.layers\.1\.mlp"):
        load_network(Checkpoint(str(tmp_path)), precision="float32")


def test_tied_weights_are_not_missing(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = LlamaConfig(**SHAPE, tie_word_embeddings=True)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    assert load_network(Checkpoint(str(tmp_path)), precision="float32").vocabulary == 96


@pytest.mark.parametrize("name", CONFIGS)
def test_the_context_is_what_the_configuration_states(name: str) -> None:
    assert Network(model_of(name)).context == 128


def test_a_directory_without_a_model_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a causal language model in safetensors was expected"):
        load_network(Checkpoint(str(tmp_path)), precision="float32")
