"""Which texts count as one, on texts whose likeness is known by construction."""

import random

from calibration.clusters import COMMONPLACE, joined, kindred, near_identical, united
from calibration.text import SourceText, place_of_cluster


def words(seed: int, count: int) -> list[str]:
    generator = random.Random(seed)
    return [f"w{generator.randrange(5000)}" for _ in range(count)]


def edited(text: list[str], *, every: int) -> list[str]:
    return [f"new{at}" if at % every == 0 else word for at, word in enumerate(text)]


def as_texts(*texts: list[str]) -> list[str]:
    return [" ".join(text) for text in texts]


def test_different_texts_are_clusters_of_their_own() -> None:
    assert near_identical(as_texts(*(words(n, 400) for n in range(20)))) == list(range(20))


def test_near_identical_texts_share_the_cluster_of_the_first() -> None:
    one, other = words(1, 3000), words(2, 3000)
    assert near_identical(as_texts(one, other, edited(one, every=100))) == [0, 1, 0]


def test_texts_that_share_few_runs_are_apart() -> None:
    one = words(1, 3000)
    assert near_identical(as_texts(one, edited(one, every=8))) == [0, 1]
    quoting = [*words(2, 3000), *one[:200], *words(3, 3000)]
    assert near_identical(as_texts(one, quoting)) == [0, 1]


def test_a_chain_of_edits_is_one_cluster() -> None:
    first = words(1, 3000)
    chain = [first]
    for step in range(1, 6):
        start = 500 * (step - 1)
        chain.append([*chain[-1][:start], *words(10 + step, 500), *chain[-1][start + 500 :]])
    assert near_identical(as_texts(*chain)) == [0] * 6
    assert near_identical(as_texts(chain[0], chain[-1])) == [0, 1]


def test_order_does_not_matter() -> None:
    texts = as_texts(words(1, 900), words(2, 900), edited(words(1, 900), every=90))
    together = near_identical(texts[::-1])
    assert together == [0, 1, 0]


def test_white_space_does_not_matter() -> None:
    text = words(1, 300)
    assert near_identical([" ".join(text), "\n\n".join(text)]) == [0, 0]


def test_short_texts_match_only_word_for_word() -> None:
    assert near_identical(["yes", "no", "yes", "yes sir", "", ""]) == [0, 1, 0, 3, 4, 4]


def test_many_copies_are_one_cluster() -> None:
    copies = as_texts(*[words(1, 200)] * (COMMONPLACE + 10))
    assert near_identical([*copies, "another text"]) == [0] * len(copies) + [len(copies)]


def test_boilerplate_joins_nothing() -> None:
    licence = words(0, 300)
    texts = [[*licence, *words(n, 200)] for n in range(1, COMMONPLACE + 2)]
    assert near_identical(as_texts(*texts)) == list(range(len(texts)))


def test_no_texts_have_no_clusters() -> None:
    assert near_identical([]) == []


def test_items_that_share_a_label_of_any_kind_are_one() -> None:
    assert united("abcab") == [0, 1, 2, 0, 1]
    assert united("abcd", "xxyz") == [0, 0, 2, 3]
    assert united("abcb", "xyxz") == [0, 1, 0, 1]
    assert united("abcb", "xyxx") == [0, 0, 0, 0]
    assert united("", "") == []


def test_texts_whose_contexts_are_near_identical_are_one() -> None:
    texts = as_texts(*(words(n, 200) for n in range(4)))
    contexts = [" ".join(words(n, 30)) for n in (10, 11, 10, 12)]
    assert kindred(texts, [*contexts[:2], f"{contexts[2]} again", contexts[3]]) == [0, 1, 0, 3]


def test_what_all_contexts_begin_and_end_with_joins_nothing() -> None:
    texts = as_texts(*(words(n, 200) for n in range(3)))
    begun, ended = " ".join(words(20, 60)), " ".join(words(21, 60))
    assert kindred(texts, [f"{begun} {name} {ended}" for name in ("cat", "dog", "owl")]) == [
        0,
        1,
        2,
    ]
    assert kindred(texts, [f"{begun} {name} {ended}" for name in ("cat", "dog", "cat")]) == [
        0,
        1,
        0,
    ]
    assert kindred(texts, [begun] * 3) == [0, 1, 2]
    assert kindred(texts, [""] * 3) == [0, 1, 2]


def test_near_identical_texts_are_one_whatever_they_answer() -> None:
    text = words(1, 3000)
    texts = as_texts(text, words(2, 200), edited(text, every=100))
    assert kindred(texts, as_texts(words(5, 40), words(6, 40), words(7, 40))) == [0, 1, 0]


def test_texts_that_belong_together_get_the_earliest_of_their_clusters() -> None:
    text = words(1, 3000)
    asked = [" ".join(words(n, 40)) for n in range(30, 34)]
    texts = [
        SourceText("a", asked[0], " ".join(text)),
        SourceText("b", asked[1], " ".join(edited(text, every=100))),
        SourceText("b", asked[1], " ".join(words(3, 200))),
        SourceText("c", asked[2], " ".join(words(4, 200))),
        SourceText("d", f"{asked[2]} again", " ".join(words(5, 200))),
        SourceText("e", asked[3], " ".join(words(6, 200))),
    ]
    for seed in range(4):
        first = {
            pair: min(pair, key=lambda name: place_of_cluster(name, seed)) for pair in ("ab", "cd")
        }
        found = joined(texts, seed)
        assert [one.cluster for one in found] == [first["ab"]] * 3 + [first["cd"]] * 2 + ["e"]
        assert [one._replace(cluster="") for one in found] == [
            one._replace(cluster="") for one in texts
        ]
