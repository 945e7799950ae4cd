"""Which fields differ between two recipes, and how that is said."""

from collections.abc import Callable

import pytest
from small_recipes import (
    EXAMPLES,
    FIT,
    MEMBER,
    SAMPLES,
    SCORES,
    STUDY_FIT,
    SUMMARY,
    TEXTS,
    VERDICT,
    changed,
    forms,
)

from calibration.changes import Change, Comparison, Form, change_words
from calibration.engine.decoding import Decoding
from calibration.recipes import ExamplesRecipe, Recipe, SummaryRecipe


def changes(old: Recipe, new: Recipe) -> tuple[Change, ...]:
    return Comparison(forms([old, new]).get).changes(old.address, new.address)


def words(old: Recipe, new: Recipe) -> str:
    return change_words(changes(old, new))


def of_examples(examples: ExamplesRecipe) -> SummaryRecipe:
    samples, scores = (changed(one, examples=examples) for one in (SAMPLES, SCORES))
    return changed(SUMMARY, samples=samples, scores=scores)


LONGER = changed(EXAMPLES, prompt=64)
OTHER_WEIGHTS = changed(SAMPLES.model, weights="1" * 64)


def test_a_field_is_named_with_both_its_values() -> None:
    assert changes(EXAMPLES, LONGER) == (Change(("prompt",), 4, 64),)
    assert words(EXAMPLES, LONGER) == "recipe changed: prompt 4 → 64"


def test_a_field_of_an_ancestor_is_named_by_its_path() -> None:
    assert words(SAMPLES, changed(SAMPLES, examples=LONGER)) == (
        "recipe changed: examples.prompt 4 → 64"
    )


def test_what_reaches_a_recipe_by_two_ways_is_one_change() -> None:
    assert words(SUMMARY, of_examples(LONGER)) == ("recipe changed: samples.examples.prompt 4 → 64")


def test_equal_recipes_have_no_changes() -> None:
    assert changes(SUMMARY, of_examples(EXAMPLES)) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (SAMPLES, changed(SAMPLES, model=OTHER_WEIGHTS), "model.weights w0 → "),
        (SAMPLES, changed(SAMPLES, end_ids=(0,)), "end_ids [0, 7] → [0]"),
        (
            SAMPLES,
            changed(SAMPLES, decoding=Decoding(temperature=0.8)),
            "decoding.temperature 1.0 → 0.8",
        ),
        (TEXTS, changed(TEXTS, tails="all"), "tails unset → all"),
        (changed(TEXTS, tails="all"), TEXTS, "tails all → unset"),
        (VERDICT, changed(VERDICT, suite=2), "suite 1 → 2"),
    ],
)
def test_values_are_said_in_words(old: Recipe, new: Recipe, said: str) -> None:
    if said.startswith("model.weights"):  # a digest says nothing
        said = "model.weights changed"
    assert words(old, new) == f"recipe changed: {said}"


def test_another_version_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    known = forms([SAMPLES])
    old = SAMPLES.address
    monkeypatch.setattr(ExamplesRecipe, "VERSION", ExamplesRecipe.VERSION + 1)
    new = changed(SAMPLES, examples=changed(EXAMPLES))
    comparison = Comparison((known | forms([new])).get)
    assert change_words(comparison.changes(old, new.address)) == (
        f"recipe changed: examples.version {ExamplesRecipe.VERSION - 1} → {ExamplesRecipe.VERSION}"
    )


def test_members_are_compared_by_name() -> None:
    large = changed(MEMBER, name="large", parameters=900)
    both = changed(FIT, members=(large, MEMBER))
    assert words(FIT, both) == "recipe changed: members[large] added"
    assert words(both, FIT) == "recipe changed: members[large] removed"
    chat = changed(FIT, members=(changed(large, chat=True), MEMBER))
    assert words(both, chat) == "recipe changed: members[large].chat false → true"


def test_a_change_of_all_members_names_none_of_them() -> None:
    def fit(summary: SummaryRecipe) -> Recipe:
        members = [changed(MEMBER, name=name, summary=summary) for name in ("small", "large")]
        # Other weights, or the two would be one network.
        other = changed(SAMPLES.model, weights="w1")
        samples, scores = (changed(one, model=other) for one in (summary.samples, summary.scores))
        members[1] = changed(members[1], summary=changed(summary, samples=samples, scores=scores))
        return changed(FIT, members=tuple(members))

    assert words(fit(SUMMARY), fit(of_examples(LONGER))) == (
        "recipe changed: members.summary.samples.examples.prompt 4 → 64"
    )


def test_parents_in_a_list_are_compared_in_their_order_and_else_counted() -> None:
    tokens = changed(FIT, x="tokens")
    other = changed(STUDY_FIT, fits=(tokens,))
    assert words(STUDY_FIT, other) == "recipe changed: fits[1].x parameters → tokens"
    assert words(STUDY_FIT, changed(STUDY_FIT, fits=(FIT, tokens))) == "recipe changed: fits 1 → 2"


def test_an_ancestor_that_is_gone_is_told_from_one_that_is_equal() -> None:
    old, new = SAMPLES, changed(SAMPLES, examples=LONGER)
    known = forms([old, new])
    del known[EXAMPLES.address]
    found = Comparison(known.get).changes(old.address, new.address)
    assert change_words(found) == "recipe changed: examples changed"


def test_at_most_three_changes_are_named() -> None:
    other = changed(TEXTS, seed=3, examples=20, span_bytes=7, tails="all", independent="passages")
    assert words(TEXTS, other) == (
        "recipe changed: span_bytes 96 → 7; examples 16 → 20; seed 0 → 3 and 2 more"
    )


def test_the_nearest_recipe_differs_least_and_is_the_first_of_several() -> None:
    far = changed(TEXTS, seed=3, examples=20)
    first, second = changed(TEXTS, seed=1), changed(TEXTS, seed=2)
    known = forms([TEXTS, far, first, second])
    addresses = [one.address for one in (far, first, second)]
    assert Comparison(known.get).nearest(TEXTS.address, addresses) == (Change(("seed",), 1, 0),)


def test_ancestors_that_are_shared_are_compared_once() -> None:
    looked_up: list[str] = []
    known = forms([SUMMARY, of_examples(LONGER)])

    def counted(get: Callable[[str], Form | None]) -> Callable[[str], Form | None]:
        def form_of(address: str) -> Form | None:
            looked_up.append(address)
            return get(address)

        return form_of

    comparison = Comparison(counted(known.get))
    for _ in range(2):
        comparison.changes(SUMMARY.address, of_examples(LONGER).address)
    assert looked_up.count(EXAMPLES.address) == 1
