"""What a plan says of precision, on texts that are there and models that need not run."""

from pathlib import Path

import pytest
from made_up_store import member, put_study
from made_up_summaries import summary
from small_recipes import changed

from calibration.expected import LADDER
from calibration.lineage import Lineage
from calibration.recipes import SummaryRecipe
from flows.plan import expected_precision
from storage.resolution import resolved
from storage.store import Store
from storage.studies import read_study
from studies import EXAMPLES, model, write_models, write_study


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> Lineage:
    root = tmp_path_factory.mktemp("planned")
    write_models(root, count=2)
    study = write_study(root, models=[model(0), model(1)])
    return resolved(read_study(study), file=str(study))


def with_another_seed(summary: SummaryRecipe) -> SummaryRecipe:
    """A measurement of the same model on another selection of the same texts."""
    texts = changed(summary.samples.examples.texts, seed=5)
    examples = changed(summary.samples.examples, texts=texts)
    samples, scores = (changed(one, examples=examples) for one in (summary.samples, summary.scores))
    return changed(summary, samples=samples, scores=scores)


def test_every_data_set_and_decoding_has_its_own(lineage: Lineage, tmp_path: Path) -> None:
    found = expected_precision(lineage, Store(tmp_path))
    assert [(one.dataset, one.decoding) for one in found] == [
        ("letters", "temperature 1"),
        ("letters", "temperature 0.8"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_spans_and_source_texts_are_counted_before_anything_is_made(
    lineage: Lineage, tmp_path: Path
) -> None:
    [one, _] = expected_precision(lineage, Store(tmp_path))
    assert (one.design.examples, one.design.clusters) == (EXAMPLES, EXAMPLES)
    assert one.error == LADDER.after(24).standard_error(EXAMPLES, EXAMPLES)
    assert one.source.startswith("guessed")


def test_a_measurement_of_the_same_texts_is_believed_more(lineage: Lineage, tmp_path: Path) -> None:
    store = Store(tmp_path)
    known = with_another_seed(lineage.measurements[0].summary)
    table = summary(["a", "a", "b", "b"], entropy=[1.0, 3.0, 5.0, 9.0], steps=24)
    put_study(store, [member("m0", known)], {known: table})
    found = expected_precision(lineage, store)
    assert [one.source for one in found] == ["estimated from a summaries artifact"] * 2
    assert found[0].error == pytest.approx((10 / EXAMPLES + 5 / EXAMPLES) ** 0.5)
