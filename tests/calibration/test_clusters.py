"""Which texts count as one, on texts whose likeness is known by construction."""

import random

from calibration.clusters import COMMONPLACE, near_identical


def words(seed: int, count: int) -> list[str]:
    generator = random.Random(seed)
    return [f"w{generator.randrange(5000)}" for _ in range(count)]


def edited(text: list[str], *, every: int) -> list[str]:
    return [f"new{at}" if at % every == 0 else word for at, word in enumerate(text)]


def joined(*texts: list[str]) -> list[str]:
    return [" ".join(text) for text in texts]


def test_different_texts_are_clusters_of_their_own() -> None:
    assert near_identical(joined(*(words(n, 400) for n in range(20)))) == list(range(20))


def test_near_identical_texts_share_the_cluster_of_the_first() -> None:
    one, other = words(1, 3000), words(2, 3000)
    assert near_identical(joined(one, other, edited(one, every=100))) == [0, 1, 0]


def test_texts_that_share_few_runs_are_apart() -> None:
    one = words(1, 3000)
    assert near_identical(joined(one, edited(one, every=8))) == [0, 1]
    quoting = [*words(2, 3000), *one[:200], *words(3, 3000)]
    assert near_identical(joined(one, quoting)) == [0, 1]


def test_a_chain_of_edits_is_one_cluster() -> None:
    first = words(1, 3000)
    chain = [first]
    for step in range(1, 6):
        start = 500 * (step - 1)
        chain.append([*chain[-1][:start], *words(10 + step, 500), *chain[-1][start + 500 :]])
    assert near_identical(joined(*chain)) == [0] * 6
    assert near_identical(joined(chain[0], chain[-1])) == [0, 1]


def test_order_does_not_matter() -> None:
    texts = joined(words(1, 900), words(2, 900), edited(words(1, 900), every=90))
    together = near_identical(texts[::-1])
    assert together == [0, 1, 0]


def test_white_space_does_not_matter() -> None:
    text = words(1, 300)
    assert near_identical([" ".join(text), "\n\n".join(text)]) == [0, 0]


def test_short_texts_match_only_word_for_word() -> None:
    assert near_identical(["yes", "no", "yes", "yes sir", "", ""]) == [0, 1, 0, 3, 4, 4]


def test_many_copies_are_one_cluster() -> None:
    copies = joined(*[words(1, 200)] * (COMMONPLACE + 10))
    assert near_identical([*copies, "another text"]) == [0] * len(copies) + [len(copies)]


def test_boilerplate_joins_nothing() -> None:
    licence = words(0, 300)
    texts = [[*licence, *words(n, 200)] for n in range(1, COMMONPLACE + 2)]
    assert near_identical(joined(*texts)) == list(range(len(texts)))


def test_no_texts_have_no_clusters() -> None:
    assert near_identical([]) == []
