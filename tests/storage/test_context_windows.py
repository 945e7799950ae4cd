"""Prompts that are longer than what a model sees: told for each model, once they are encoded."""

from pathlib import Path
from typing import Any

import polars as pl

from calibration.deriving import ModelFacts
from calibration.lineage import Lineage, lineage
from calibration.recipes import ModelIdentity, Recipe, SourceIdentity
from calibration.study import parsed_study
from calibration.tables import EXAMPLES, TEXTS
from storage.drafts import Draft
from storage.local import LocalStore
from storage.windows import too_long

CONTEXTS = {"short": 20, "long": 40, "endless": None}


def resolved(*, answers: bool, unit: str = "tokens") -> Lineage:
    source = {"kind": "files", "path": "texts.jsonl"} | ({"context": "prompt"} if answers else {})
    models = [{"name": name, "path": name, "family": "f"} for name in CONTEXTS]
    dataset: dict[str, Any] = {"prompt": 4, "continuation": 8, "examples": 2, "unit": unit}
    content = {
        "name": "study",
        "models": models,
        "datasets": [dataset | {"name": "stories", "source": source}],
    }
    facts = {
        name: ModelFacts(
            identity=ModelIdentity(weights=name, precision="float32"),
            tokenizer=name,
            parameters=1,
            non_embedding_parameters=1,
            vocabulary=8,
            context=context,
            end_ids=(7,),
            text_end=7,
        )
        for name, context in CONTEXTS.items()
    }
    sources = {"stories": SourceIdentity(kind="files", content="c")}
    return lineage(parsed_study(content, "study.yaml"), sources, facts, file="study.yaml")


def put(store: LocalStore, of: Lineage, *, prompt: int) -> None:
    """Examples of every tokenizer, of which the longest has so many tokens before the last 8."""
    for recipe in of.texts():
        seal(store, recipe, TEXTS.to_frame())
    for recipe in of.examples():
        rows = [
            ("c", number, [1] * tokens, [2] * 8, [1] * 8, 8)
            for number, tokens in enumerate([5, prompt])
        ]
        table = pl.DataFrame(rows, schema=EXAMPLES, orient="row")
        seal(store, recipe, table)


def seal(store: LocalStore, recipe: Recipe, table: pl.DataFrame) -> None:
    draft = Draft(store, recipe)
    draft.seal([draft.write_table(table, table=recipe.KIND)], title=recipe.KIND)


def test_a_prompt_with_its_context_beyond_what_a_model_sees_is_told_of_that_model(
    tmp_path: Path,
) -> None:
    store, study = LocalStore(tmp_path), resolved(answers=True)
    put(store, study, prompt=13)
    assert too_long(study, store) == [
        (
            "short",
            "data set 'stories': texts of at most 20 tokens were expected (the context of "
            "'short'), found one of 21, what it answers, prompt and continuation together: give a "
            "smaller `longest_context`, or make `prompt` or `continuation` smaller",
        )
    ]


def test_what_fits_to_the_last_token_fits(tmp_path: Path) -> None:
    store, study = LocalStore(tmp_path), resolved(answers=True)
    put(store, study, prompt=12)
    assert too_long(study, store) == []


def test_every_model_that_sees_too_little_is_told(tmp_path: Path) -> None:
    store, study = LocalStore(tmp_path), resolved(answers=True)
    put(store, study, prompt=33)
    assert [name for name, _ in too_long(study, store)] == ["short", "long"]


def test_windows_of_bytes_are_told_without_a_word_of_contexts(tmp_path: Path) -> None:
    store, study = LocalStore(tmp_path), resolved(answers=False, unit="bytes")
    put(store, study, prompt=13)
    [(_, sentence)] = too_long(study, store)
    assert sentence.endswith(
        "found one of 21, prompt and continuation together: make `prompt` or `continuation` smaller"
    )


def test_lengths_that_the_study_states_are_not_read(tmp_path: Path) -> None:
    assert too_long(resolved(answers=False), LocalStore(tmp_path)) == []
