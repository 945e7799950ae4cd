"""A network that tells of every token it reads or writes, as it does: how far a fit is.

A fit asks for human text, rollouts and tokens that are tried, in an order and a number that hang on
what it finds. What they have in common is the network. Padding counts, since it takes time; a
prompt that several temperatures share counts once for each, though it is read once, and a token
that is tried counts as one, though a network that is no plain decoder reads its text again.
"""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from calibration.engine.branching import Branches, Branching, BranchingLanguage
from calibration.engine.language import Batch, Generation, Over

Told = Callable[[int], object]


class Metered(Over):
    """A `BranchingLanguage` like the one it is made of."""

    def __init__(self, network: BranchingLanguage, told: Told) -> None:
        super().__init__(network)
        self._network, self._told = network, told

    @property
    def branches(self) -> "MeteredBranches":
        return MeteredBranches(self._network.branches, self._told)

    def states(self, batch: Batch) -> Tensor:
        self._told(batch.ids.numel())
        return self._network.states(batch)

    def logits(self, states: Tensor) -> Tensor:
        return self._network.logits(states)

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> "MeteredGeneration":
        self._told(batch.ids.numel())
        begun = self._network.generation(batch, steps=steps, tiles=tiles)
        return MeteredGeneration(begun, self._told)


class MeteredGeneration:
    """A batch that is being continued."""

    def __init__(self, generation: Generation, told: Told) -> None:
        self._generation, self._told = generation, told

    def logits(self) -> Sequence[Tensor]:
        return self._generation.logits()

    def extend(self, tokens: Tensor) -> None:
        self._told(len(tokens))
        self._generation.extend(tokens)

    def keep(self, rows: Tensor, tiles: list[int]) -> None:
        self._generation.keep(rows, tiles)


class MeteredBranches:
    """The way to try candidates."""

    def __init__(self, branches: Branches, told: Told) -> None:
        self._branches, self._told = branches, told

    def generation(
        self, batch: Batch, *, steps: int, tiles: list[int], candidates: int
    ) -> "MeteredBranching":
        self._told(batch.ids.numel())
        begun = self._branches.generation(batch, steps=steps, tiles=tiles, candidates=candidates)
        return MeteredBranching(begun, self._told)

    def along(self, batch: Batch, candidates: Tensor) -> Iterator[tuple[int, Tensor]]:
        self._told(batch.ids.numel())
        for place, states in self._branches.along(batch, candidates):
            self._told(candidates[:, place].numel())
            yield place, states


class MeteredBranching(MeteredGeneration):
    """A batch that is being continued, whose next tokens are tried."""

    def __init__(self, branching: Branching, told: Told) -> None:
        super().__init__(branching, told)
        self._branching = branching

    def states(self) -> Sequence[Tensor]:
        return self._branching.states()

    def after(self, candidates: Sequence[Tensor]) -> Sequence[Tensor]:
        self._told(sum(ids.numel() for ids in candidates))
        return self._branching.after(candidates)
