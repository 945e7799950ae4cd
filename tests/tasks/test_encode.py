"""encode: examples of texts that answer something, for a base and a chat model on disk."""

import json
import logging
from pathlib import Path

import pytest
from markov import chain, write_checkpoint
from small_tokenizers import qwen

from calibration.errors import TextError
from calibration.lineage import Lineage, Measurement
from calibration.recipes import VerdictRecipe
from calibration.study import parsed_study
from expectations.suites import VERSIONS
from storage.artifacts import read_table
from storage.local import LocalStore
from storage.manifests import manifest_of
from storage.resolution import resolved
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint
from tasks.check import check
from tasks.encode import encode
from tasks.ingest import ingest

COUNT = 44
STORY = "Once upon a time there was a keeper, and the keeper's daughter was a painter."


def write(root: Path, *, spoiled: int = 0) -> Lineage:
    """A base and a chat model of one tokenizer; some contexts hold the words of its template."""
    for seed, name in enumerate(("base", "tuned")):
        write_checkpoint(root / name, chain(seed))
        qwen().save_pretrained(root / name)
        settings = json.loads((root / name / "config.json").read_text())
        (root / name / "config.json").write_text(json.dumps(settings | {"vocab_size": 600}))
    rows = [
        {"text": f"{n} {STORY}", "asked": f"Tell tale {n}{'<|im_end|>' * (n < spoiled)}"}
        for n in range(COUNT)
    ]
    (root / "texts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    content = {
        "name": "stories",
        "root": str(root),
        "models": [
            {"name": "base", "path": "base", "family": "f"},
            {"name": "tuned", "path": "tuned", "family": "f", "chat": True},
        ],
        "datasets": [
            {
                "name": "stories",
                "source": {"kind": "files", "path": "texts.jsonl", "context": "asked"},
                "prompt": 4,
                "continuation": 8,
                "examples": COUNT,
            }
        ],
    }
    return resolved(parsed_study(content, "study.yaml"), file="study.yaml")


def made(root: Path, of: Lineage, store: LocalStore, model: str) -> Measurement:
    (one, *_) = of.of_model(model)
    texts, where = one.examples.texts, str(store.root)
    ingest.fn(texts, dataset=one.dataset, root=str(root), store=where)
    check.fn(VerdictRecipe(table=texts, suite=VERSIONS["texts"]), title="texts", store=where)
    place = Checkpoint(str(root / str(one.model.path)))
    encode.fn(one.examples, title="stories", checkpoint=place, store=where)
    check.fn(VerdictRecipe(table=one.examples, suite=VERSIONS["examples"]), title="e", store=where)
    return one


def test_a_chat_model_is_asked_in_its_template_and_passes_the_gate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, study = LocalStore(tmp_path / "store"), write(tmp_path, spoiled=2)
    with caplog.at_level(logging.INFO, logger="calibration"):
        one = made(tmp_path, study, store, "tuned")
    assert "encode stories: 42 examples, 2 left out (2 altered by the tokenizer)" in caplog.messages
    found = manifest_of(store, one.examples)
    assert found is not None
    vocabulary = read_vocabulary(Checkpoint(str(tmp_path / "tuned")))
    assert found.facts["altered"] == found.facts["left_out"] == 2
    assert found.facts["beginning"] is None
    closing = [int(index) for index in str(found.facts["closing"]).split()]
    assert vocabulary.decode(closing) == b"\nassistant"
    prompts = read_table(store, one.examples, "examples")["prompt_ids"].to_list()
    said = vocabulary.decode(prompts[0])
    assert said.startswith(b"system\nYou are a helpful assistant.\nuser\nTell tale ")


def test_a_base_model_of_the_same_tokenizer_is_asked_by_question_and_answer(tmp_path: Path) -> None:
    store, study = LocalStore(tmp_path / "store"), write(tmp_path)
    one = made(tmp_path, study, store, "base")
    prompts = read_table(store, one.examples, "examples")["prompt_ids"].to_list()
    vocabulary = read_vocabulary(Checkpoint(str(tmp_path / "base")))
    assert vocabulary.decode(prompts[0]).startswith(b"Q: Tell tale ")
    assert b"\nA: " in vocabulary.decode(prompts[0])


def test_texts_that_give_no_example_at_all_are_a_sentence(tmp_path: Path) -> None:
    store, study = LocalStore(tmp_path / "store"), write(tmp_path, spoiled=COUNT)
    with pytest.raises(TextError) as caught:
        made(tmp_path, study, store, "tuned")
    assert str(caught.value) == (
        "stories: texts of more than 4 tokens that their tokens spell were expected, found 44 "
        "altered by the tokenizer: bring longer texts, or ask for a shorter `prompt`"
    )
