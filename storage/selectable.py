"""The texts that a selection can still use, of a stream of more than memory holds."""

import heapq

from calibration.recipes import TextsRecipe
from calibration.text import SourceText, misfit, place_of_cluster, selected


class Selectable:
    """The texts that a recipe can still select, of all that were added.

    A selection takes clusters in the order of their hash, at least one span of each, so that only
    the first `recipe.examples` clusters can have a part in it; where it is apart from others, so
    many beside those that the others can have.
    """

    def __init__(self, recipe: TextsRecipe) -> None:
        self._recipe = recipe
        self._clusters_wanted = recipe.examples + (recipe.apart.examples if recipe.apart else 0)
        self._first: list[int] = []  # the first clusters' places, negative: the last one on top
        self._known: set[int] = set()
        self._texts: list[tuple[int, SourceText]] = []
        self._full = 2 * self._clusters_wanted

    def wants(self, cluster: str) -> bool:
        """Whether a text of a cluster could still be selected."""
        # Passages are clusters of their own, whatever their text's is called.
        return self._recipe.independent == "passages" or self._within(self._place(cluster))

    def add(self, text: SourceText) -> None:
        """Keep a text if it can be selected."""
        places = [self._place(name) for name in self._clusters(text)]
        for place in places:
            self._enter(place)
        first = min(places, default=None)
        if first is not None and self._within(first):
            self._texts.append((first, text))
        if len(self._texts) > self._full:
            self._texts = [one for one in self._texts if self._within(one[0])]
            self._full = max(2 * len(self._texts), self._full)

    def texts(self) -> list[SourceText]:
        """What was kept, in the order it was added."""
        return [text for place, text in self._texts if self._within(place)]

    def _clusters(self, text: SourceText) -> list[str]:
        if self._recipe.independent == "passages":  # each passage is a cluster
            return selected([text], self._recipe)["cluster"].to_list()
        return [] if misfit(text, self._recipe) else [text.cluster]

    def _place(self, cluster: str) -> int:
        return place_of_cluster(cluster, self._recipe.seed)

    def _enter(self, place: int) -> None:
        if place in self._known or not self._within(place):
            return
        self._known.add(place)
        heapq.heappush(self._first, -place)
        if len(self._first) > self._clusters_wanted:
            self._known.remove(-heapq.heappop(self._first))

    def _within(self, place: int) -> bool:
        return len(self._first) < self._clusters_wanted or place <= -self._first[0]
