"""The studies that come with the project: what they hold, and how they differ."""

import re
from pathlib import Path

import pytest

from calibration.study import ModelEntry, Study
from storage.studies import read_study

STUDIES = Path(__file__).parents[2] / "studies"
PAPER = read_study(STUDIES / "paper.yaml")
BASE = {model.name: model for model in PAPER.models if not model.chat}
CHAT = {model.name: model for model in PAPER.models if model.chat}


def temperatures(study: Study, model: ModelEntry) -> list[float]:
    return [one.temperature for one in study.decodings_of(model)]


def test_the_paper_has_thirty_three_models_of_four_families() -> None:
    families = [model.family for model in BASE.values()]
    counts = {family: families.count(family) for family in families}
    assert counts == {"llama-2": 3, "llama-3": 4, "pythia": 5, "qwen2.5": 7}
    assert len(PAPER.models) == 33
    assert len({(model.hub, model.revision) for model in PAPER.models}) == 33


def test_base_models_have_five_temperatures_and_chat_models_one() -> None:
    for model in BASE.values():
        assert temperatures(PAPER, model) == [1.0, 0.95, 0.9, 0.85, 0.8]
    for model in CHAT.values():
        assert temperatures(PAPER, model) == [1.0]


def test_every_chat_model_is_one_of_a_base_model_of_its_family_and_size() -> None:
    assert {model.base for model in CHAT.values()} == {
        name for name, model in BASE.items() if model.family != "pythia"
    }
    for model in CHAT.values():
        base = BASE[str(model.base)]
        assert (model.family, model.shape, model.gpus) == (base.family, base.shape, base.gpus)


@pytest.mark.parametrize("name", BASE)
def test_a_stated_size_is_about_what_the_name_says(name: str) -> None:
    found = re.search(r"-([\d.]+)(B|M)$", name)
    shape = BASE[name].shape
    assert found is not None
    assert shape is not None
    stated = float(found[1]) * {"B": 1e9, "M": 1e6}[found[2]]
    assert 0.9 < shape.parameters / stated < 1.25


# The fewest bytes that a token of these tokenizers has on average, in prose and in code.
BYTES_A_TOKEN = {"wikitext": 3.5, "writingprompts": 3.5, "codecontests": 2.6}


@pytest.mark.parametrize("name", BASE)
def test_windows_and_contexts_fit_what_each_model_sees(name: str) -> None:
    shape = BASE[name].shape
    assert shape is not None
    for dataset in PAPER.datasets:
        longest = dataset.prompt + dataset.continuation + (dataset.longest_context or 0)
        assert longest / BYTES_A_TOKEN[dataset.name] <= shape.context


def test_texts_fill_their_windows() -> None:
    for dataset in PAPER.datasets:
        assert dataset.unit == "bytes"
        assert dataset.shortest is not None
        assert dataset.shortest >= dataset.prompt + dataset.continuation


def test_as_published_takes_every_repair_back() -> None:
    study = read_study(STUDIES / "as-published.yaml")
    assert study.models == PAPER.models
    assert study.decodings == PAPER.decodings
    assert (set(study.as_published), study.at_end) == ({"slip", "four-bit", "selection"}, "stop")
    for ours, theirs in zip(PAPER.datasets, study.datasets, strict=True):
        assert (theirs.prompt, theirs.continuation, theirs.unit) == (128, 1000, "tokens")
        assert theirs.shortest is None
        assert (theirs.name, theirs.source, theirs.examples) == (ours.name, ours.source, 5000)


def test_truncations_are_paths_over_their_mixtures() -> None:
    study = read_study(STUDIES / "truncation.yaml")
    kinds = {"top_k", "top_p", "min_p", "epsilon", "eta", "typical"}
    paths: dict[str, set[float | None]] = {kind: set() for kind in kinds}
    for one in study.decodings:
        for kind in kinds:
            if getattr(one, kind) is not None:
                paths[kind].add(one.decoding.mixture)
    assert all(mixtures == {0.1, 0.01, 0.001, 0.0} for mixtures in paths.values())
    assert {model.name for model in study.models} <= set(BASE)
    assert len({model.family for model in study.models}) == 4
