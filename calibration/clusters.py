"""Which texts count as one: near-identical texts share a cluster.

The unit of statistical independence is the source text. Two texts that share most of their
eight-word runs (a speech as delivered and as printed) are one source text, whatever their names.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

SHINGLE_WORDS = 8  # long enough that a shared run is quotation and not idiom
SAMPLED_ONE_IN = 16  # shingles kept; a 5,000-word text still has about 300
IDENTICAL_SHARE = 0.5  # of the shorter text's shingles
COMMONPLACE = 50  # a shingle found in more texts than this is boilerplate and says nothing


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
