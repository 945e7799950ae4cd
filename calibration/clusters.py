"""Which texts count as one: near-identical texts share a cluster.

The unit of statistical independence is the source text. Two texts that share most of their
eight-word runs (a speech as delivered and as printed) are one source text, whatever their names;
and so are two answers to what is nearly one question.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from itertools import combinations, takewhile

import numpy as np
from numpy.typing import NDArray

from calibration.text import SourceText, place_of_cluster

SHINGLE_WORDS = 8  # long enough that a shared run is quotation and not idiom
SAMPLED_ONE_IN = 16  # shingles kept; a 5,000-word text still has about 300
IDENTICAL_SHARE = 0.5  # of the shorter text's shingles
COMMONPLACE = 50  # a shingle found in more texts than this is boilerplate and says nothing


def joined(texts: Sequence[SourceText], seed: int) -> list[SourceText]:
    """The texts, those that belong together under one cluster: their earliest in a seed's order.

    Together are texts of one cluster, and those that are near-identical or answer what is.
    """
    order = sorted(range(len(texts)), key=lambda one: place_of_cluster(texts[one].cluster, seed))
    ordered = [texts[index] for index in order]
    firsts = united(
        [one.cluster for one in ordered],
        kindred([one.text for one in ordered], [one.context for one in ordered]),
    )
    cluster = {index: ordered[first].cluster for index, first in zip(order, firsts, strict=True)}
    return [text._replace(cluster=cluster[index]) for index, text in enumerate(texts)]


def kindred(texts: Sequence[str], contexts: Sequence[str]) -> list[int]:
    """The cluster of each text: the smallest index among those it is joined to.

    Texts are joined that are near-identical, or whose contexts are; an empty context joins none.
    """
    return united(near_identical(texts), _of_contexts(contexts))


def united(*kinds: Sequence[Hashable]) -> list[int]:
    """The smallest index among the items that share a label of any kind, directly or in a chain."""
    pairs = []
    for labels in kinds:
        first_of: dict[Hashable, int] = {}
        pairs += [(first_of.setdefault(label, index), index) for index, label in enumerate(labels)]
    return _components(len(kinds[0]), pairs)


def _of_contexts(contexts: Sequence[str]) -> list[int]:
    own = _own_words(contexts)
    told = [index for index, words in enumerate(own) if words]
    found = near_identical([own[index] for index in told])
    cluster = {index: told[first] for index, first in zip(told, found, strict=True)}
    return [cluster.get(index, index) for index in range(len(contexts))]


def _own_words(contexts: Sequence[str]) -> list[str]:
    """What each says beyond what all begin and end with: an instruction that all share is none."""
    words = [context.split() for context in contexts]
    begun = _shared(words)
    rests = [one[begun:] for one in words]
    ended = _shared([one[::-1] for one in rests])
    return [" ".join(one[: len(one) - ended]) for one in rests]


def _shared(words: Sequence[Sequence[str]]) -> int:
    """How many words all begin with."""
    same = takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False))
    return sum(1 for _ in same)


def near_identical(texts: Sequence[str]) -> list[int]:
    """The cluster of each text: the smallest index among the texts it is near-identical to.

    Near-identical is transitive here (connected components), so that a chain of lightly
    edited versions is one cluster.
    """
    # Copies first: what many copies share would pass for boilerplate.
    first_of: dict[str, int] = {}
    copied = [first_of.setdefault(text, index) for index, text in enumerate(texts)]
    different = list(first_of)
    firsts = list(first_of.values())
    cluster = dict(zip(firsts, _near_identical(different), strict=True))
    return [firsts[cluster[index]] for index in copied]


def _near_identical(texts: Sequence[str]) -> list[int]:
    shingles = [_sampled_shingles(text) for text in texts]
    texts_with: dict[int, list[int]] = defaultdict(list)
    for index, hashes in enumerate(shingles):
        for shingle in hashes.tolist():
            texts_with[shingle].append(index)
    shared: Counter[tuple[int, int]] = Counter()
    for holders in texts_with.values():
        if len(holders) <= COMMONPLACE:
            shared.update(combinations(holders, 2))
    return _components(
        len(texts),
        [
            pair
            for pair, count in shared.items()
            if count >= IDENTICAL_SHARE * min(len(shingles[pair[0]]), len(shingles[pair[1]]))
        ],
    )


def _sampled_shingles(text: str) -> NDArray[np.uint64]:
    words = np.array([zlib.crc32(word.encode()) for word in text.split()], dtype=np.uint64)
    width = min(SHINGLE_WORDS, len(words))
    if width == 0:
        return words
    count = len(words) - width + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for offset in range(width):
        mixed = (mixed ^ words[offset : offset + count]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    unique = np.unique(mixed)
    sampled = unique[unique % np.uint64(SAMPLED_ONE_IN) == 0]
    # A short text could lose every shingle to sampling, and then match nothing, itself included.
    return sampled if len(sampled) >= 8 else unique


def _components(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return [root(index) for index in range(count)]
