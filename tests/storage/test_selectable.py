"""What is kept of a stream of texts: as little as can be, and all that a selection needs."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from small_recipes import TEXTS, changed

from calibration.text import SourceText, selected
from storage.selectable import Selectable


def words(seed: int, count: int) -> str:
    generator = random.Random(seed)
    return " ".join(f"w{generator.randrange(4000)}" for _ in range(count))


@settings(deadline=None, derandomize=True, max_examples=120)
@given(
    drawn=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), max_size=60),
    examples=st.integers(1, 8),
    seed=st.integers(0, 3),
    independent=st.sampled_from([None, "passages"]),
    spans=st.sampled_from([None, "first"]),
    shortest=st.sampled_from([None, 50, 100]),
)
def test_a_selection_of_what_is_kept_is_the_selection_of_everything(
    drawn: list[tuple[int, int]],
    examples: int,
    seed: int,
    independent: str | None,
    spans: str | None,
    shortest: int | None,
) -> None:
    asked = {"examples": examples, "seed": seed, "span_bytes": 24, "independent": independent}
    wanted = changed(TEXTS, **asked, spans=spans, shortest=shortest, longest_context=10)
    texts = [
        SourceText(f"c{cluster}", "Q" * (place % 12), words(place, 5 * length))
        for place, (cluster, length) in enumerate(drawn)
    ]
    kept, asked_first = Selectable(wanted), Selectable(wanted)
    for text in texts:
        kept.add(text)
        if asked_first.wants(text.cluster):
            asked_first.add(text)
    assert selected(kept.texts(), wanted).equals(selected(texts, wanted))
    assert asked_first.texts() == kept.texts()
    if independent is None:
        assert len({one.cluster for one in kept.texts()}) <= examples


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    drawn=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=60),
    examples=st.integers(1, 8),
    measured=st.integers(1, 8),
    independent=st.sampled_from([None, "passages"]),
)
def test_a_selection_apart_from_another_finds_all_that_it_needs(
    drawn: list[tuple[int, int]], examples: int, measured: int, independent: str | None
) -> None:
    asked = {"span_bytes": 24, "independent": independent}
    first = changed(TEXTS, **asked, examples=measured)
    wanted = changed(TEXTS, **asked, examples=examples, apart=first)
    texts = [
        SourceText(f"c{cluster}", "", words(place, 5 * length))
        for place, (cluster, length) in enumerate(drawn)
    ]
    without = set(selected(texts, first)["cluster"])
    kept = Selectable(wanted)
    for text in texts:
        kept.add(text)
    found = selected(kept.texts(), wanted, without=without)
    assert found.equals(selected(texts, wanted, without=without))
    assert not set(found["cluster"]) & without


def test_a_cluster_that_is_not_wanted_never_is_again() -> None:
    kept = Selectable(changed(TEXTS, examples=3))
    names = [f"c{number}" for number in range(40)]
    refused: set[str] = set()
    for name in names:
        refused |= {other for other in names if not kept.wants(other)}
        assert not any(kept.wants(other) for other in refused)
        kept.add(SourceText(name, "", words(1, 9)))
    assert len(refused) >= 37 - 1
