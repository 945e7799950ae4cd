"""Which networks can be measured, told from configurations alone."""

import pytest

from calibration.errors import ModelError
from storage.architectures import require_known

CODE = {"AutoModelForCausalLM": "code.Model"}


def said(**config: object) -> str:
    with pytest.raises(ModelError) as raised:
        require_known("m", config, title="there")
    sentence = str(raised.value)
    assert sentence.startswith(
        "model 'm': a network that transformers knows was expected in there, found "
    )
    return sentence


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt_neox", "gpt-sw3"])
def test_what_transformers_knows_is_accepted_whether_it_brings_code_or_not(kind: str) -> None:
    require_known("m", {"model_type": kind}, title="there")
    require_known("m", {"model_type": kind, "auto_map": CODE}, title="there")


def test_what_it_does_not_know_is_a_sentence_with_a_remedy() -> None:
    assert "found the `model_type` 'unheard' in config.json: install a newer" in said(
        model_type="unheard"
    )
    assert "found no `model_type` in config.json: save the model" in said()
    assert "found the `model_type` ['llama'] in config.json" in said(model_type=["llama"])


def test_code_that_a_model_brings_is_never_run() -> None:
    sentence = said(model_type="unheard", auto_map=CODE)
    assert "code that the model brings itself (`auto_map` in config.json), which is never run" in (
        sentence
    )
    assert "newer transformers" in sentence


def test_no_name_reaches_out_of_the_folder_of_networks() -> None:
    assert "install a newer" in said(model_type="../../../etc")
