"""A real pretrained model, quantized in a GGUF file: measured as a plain computation does."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.scoring import Score, Text, score
from calibration.study import ModelEntry
from storage.loading import load_network
from storage.networks import Network
from storage.vocabulary import Vocabulary, read_vocabulary
from storage.weights import Checkpoint, checkpoint, model_facts

DIRECTORY = Path(__file__).parents[2] / "models/smollm2"
PROMPT = 8
PASSAGES = (
    "The committee met on Tuesday to discuss the repair of the bridge, which had been closed since "
    "the floods of 1953.\n\nNobody could say who would pay for it.",
    "Grüße aus Köln: naïve café — 日本語の文章 😀, and then    four spaces before 12345 words.",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DIRECTORY.is_dir(), reason="needs models/smollm2: `make smollm2`"),
]


class Loaded(NamedTuple):
    plain: PreTrainedModel
    network: Network
    vocabulary: Vocabulary
    texts: list[Text]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    where = checkpoint(ModelEntry(name="m", family="f", path=str(DIRECTORY)), Path())
    vocabulary = read_vocabulary(where)
    ids = [vocabulary.encode(passage) for passage in PASSAGES]
    plain = AutoModelForCausalLM.from_pretrained(
        where.directory, gguf_file=where.file, dtype=torch.float32, local_files_only=True
    )
    return Loaded(
        plain.eval(),
        load_network(where, precision="float32"),
        vocabulary,
        [Text(one[:PROMPT], one[PROMPT:]) for one in ids],
    )


@pytest.fixture(scope="module")
def copy(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The unpacked weights as safetensors, half a gigabyte."""
    directory = tmp_path_factory.mktemp("copy")
    model: Any = loaded.plain
    # transformers saves nothing that it believes to be quantized, and these are unpacked.
    model.hf_quantizer = model.config.quantization_config = None
    model._is_quantized = False
    del model.config.quantization_config
    model.save_pretrained(directory)
    yield directory
    shutil.rmtree(directory)


def scored(network: Network, texts: list[Text]) -> list[Score]:
    ending = Ending("continue", ())
    return score(network, texts, decodings=[Decoding()], ending=ending)[0]


def test_its_facts_are_those_that_are_published() -> None:
    found = model_facts(ModelEntry(name="m", family="f", path=str(DIRECTORY)), Path())
    assert found.parameters == 134_515_008
    assert found.non_embedding_parameters == found.parameters - 49_152 * 576
    assert (found.vocabulary, found.context) == (49_152, 8192)
    assert (found.end_ids, found.text_end) == ((2,), 2)


def test_its_tokens_spell_any_text_and_control_tokens_nothing(loaded: Loaded) -> None:
    for passage in PASSAGES:
        assert loaded.vocabulary.decode(loaded.vocabulary.encode(passage)) == passage.encode()
    assert [loaded.vocabulary.token(index) for index in range(17)] == [b""] * 17
    assert len(loaded.vocabulary) == 49_152


def test_log_loss_and_entropy_are_those_of_its_full_logits(loaded: Loaded) -> None:
    for text, one in zip(loaded.texts, scored(loaded.network, loaded.texts), strict=True):
        ids = torch.tensor([[*text.prompt, *text.continuation]])
        with torch.inference_mode():
            log_p = loaded.plain(ids).logits[0, PROMPT - 1 : -1].double().log_softmax(-1)
        own = log_p[torch.arange(len(log_p)), ids[0, PROMPT:]]
        entropy = -(log_p.exp() * log_p).sum(-1)
        np.testing.assert_allclose(one.log_loss, -own.numpy(), atol=1e-4)
        np.testing.assert_allclose(one.entropy, entropy.numpy(), atol=1e-4)


def test_its_safetensors_copy_measures_the_same(loaded: Loaded, copy: Path) -> None:
    again = load_network(Checkpoint(str(copy)), precision="float32")
    for one, other in zip(
        scored(loaded.network, loaded.texts), scored(again, loaded.texts), strict=True
    ):
        np.testing.assert_allclose(one.log_loss, other.log_loss, atol=1e-5)
        np.testing.assert_allclose(one.entropy, other.entropy, atol=1e-5)
