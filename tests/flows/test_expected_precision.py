"""What a plan says of precision, on texts that are there and models that need not run."""

from pathlib import Path

import pytest
from made_up_store import member, put_study
from made_up_summaries import summary
from small_recipes import changed

from calibration.expected import LADDER, Expected
from calibration.lineage import Lineage
from calibration.recipes import SummaryRecipe
from flows.plan import plan
from storage.local import LocalStore
from storage.resolution import resolved
from storage.studies import read_study
from studies import EXAMPLES, model, write_models, write_study

CLUSTERS = ["a", "a", "b", "b"]


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> Lineage:
    root = tmp_path_factory.mktemp("planned")
    write_models(root, count=2)
    study = write_study(root, models=[model(0), model(1)])
    return resolved(read_study(str(study)), file=str(study))


def with_another_seed(summary: SummaryRecipe, seed: int = 5) -> SummaryRecipe:
    """A measurement of the same model on another selection of the same texts."""
    texts = changed(summary.samples.examples.texts, seed=seed)
    examples = changed(summary.samples.examples, texts=texts)
    samples, scores = (changed(one, examples=examples) for one in (summary.samples, summary.scores))
    return changed(summary, samples=samples, scores=scores)


def precision(lineage: Lineage, place: Path) -> tuple[Expected, ...]:
    return plan(lineage, LocalStore(place)).precision


def test_every_data_set_and_decoding_has_its_own(lineage: Lineage, tmp_path: Path) -> None:
    found = precision(lineage, tmp_path)
    assert [(one.dataset, one.decoding) for one in found] == [
        ("letters", "temperature 1"),
        ("letters", "temperature 0.8"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_spans_and_source_texts_are_counted_before_anything_is_made(
    lineage: Lineage, tmp_path: Path
) -> None:
    [one, _] = precision(lineage, tmp_path)
    assert (one.design.examples, one.design.clusters) == (EXAMPLES, EXAMPLES)
    assert one.error == LADDER.after(24).standard_error(EXAMPLES, EXAMPLES)
    assert one.source.startswith("guessed")


def test_a_measurement_of_the_same_texts_is_believed_more(lineage: Lineage, tmp_path: Path) -> None:
    known = with_another_seed(lineage.measurements[0].summary)
    table = summary(CLUSTERS, entropy=[1.0, 3.0, 5.0, 9.0], steps=24)
    put_study(LocalStore(tmp_path), [member("m0", known)], {known: table})
    found = precision(lineage, tmp_path)
    assert [one.source for one in found] == ["estimated from a summaries artifact"] * 2
    assert found[0].error == pytest.approx((10 / EXAMPLES + 5 / EXAMPLES) ** 0.5)


def test_a_measurement_of_one_source_text_says_nothing(lineage: Lineage, tmp_path: Path) -> None:
    known = with_another_seed(lineage.measurements[0].summary)
    alone = summary(["a", "a"], entropy=[1.0, 3.0])
    put_study(LocalStore(tmp_path), [member("m0", known)], {known: alone})
    [one, _] = precision(lineage, tmp_path)
    assert one.source.startswith("guessed")


class Counted(LocalStore):
    """A store that counts what is read of summaries."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read_keys: list[str] = []

    def read(self, key: str) -> bytes:
        self.read_keys.append(key)
        return super().read(key)


def test_no_table_is_read_however_many_there_are(lineage: Lineage, tmp_path: Path) -> None:
    table = summary(CLUSTERS, entropy=[1.0, 3.0, 5.0, 9.0])
    known = [with_another_seed(lineage.measurements[0].summary, seed) for seed in range(1, 9)]
    for number, one in enumerate(known):
        put_study(LocalStore(tmp_path), [member("m0", one)], {one: table}, name=f"study {number}")
    store = Counted(tmp_path)
    plan(lineage, store)
    assert [key for key in store.read_keys if not key.startswith("catalogue/")] == []


def test_a_pure_sampler_has_no_ent_ce_to_be_precise_about(tmp_path: Path) -> None:
    write_models(tmp_path, count=1)
    decodings = [{"top_p": 0.9, "mixture": [0.1, 0]}]
    study = write_study(tmp_path, models=[model(0)], decodings=decodings)
    found = precision(resolved(read_study(str(study)), file=str(study)), tmp_path / "store")
    assert [one.decoding for one in found] == ["temperature 1, top-p 0.9, mixture 0.1"]
