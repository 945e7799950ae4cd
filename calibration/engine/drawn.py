"""What a run has drawn so far, off the device: tokens with their values, and which rows go on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.engine.language import NotNumbers
from calibration.engine.stops import Stops


class Continuation(NamedTuple):
    """One generated continuation; every array has one value a step."""

    tokens: NDArray[np.int32]
    entropy: NDArray[np.float32]
    log_prob: NDArray[np.float32]
    end_probability: NDArray[np.float32]
    ended: bool


class Drawn:
    """Tokens, entropies, log probabilities and end probabilities of rows, a step after another."""

    def __init__(self, numbers: NDArray[np.int64], stops: Stops) -> None:
        steps = int(stops.steps.max())
        self._numbers, self._stops, self._done = numbers, stops, 0
        self._tokens = np.zeros((len(numbers), steps), dtype=np.int32)
        self._values = np.zeros((3, len(numbers), steps), dtype=np.float32)

    def append(
        self, rows: NDArray[np.int64], tokens: NDArray[np.int32], values: NDArray[np.float32]
    ) -> None:
        """Add steps of the rows of these numbers: tokens (rows, steps), values (3, rows, steps).

        Raises NotNumbers when one that counts is none.
        """
        steps = slice(self._done, self._done + tokens.shape[1])
        places = np.searchsorted(self._numbers, rows)
        self._tokens[places, steps], self._values[:, places, steps] = tokens, values
        self._done = steps.stop
        if not np.isfinite(values).all():
            self._refuse(steps.start)

    def going(self) -> NDArray[np.int64]:
        """The numbers of the rows that want another token."""
        return self._numbers[self._lengths() > self._done]

    def finished(self) -> dict[int, Continuation]:
        """Every row that wants no more, by its number, cut to the steps that count."""
        lengths = self._lengths()
        return {
            int(self._numbers[row]): self._continuation(int(row), int(lengths[row]))
            for row in np.flatnonzero(lengths <= self._done)
        }

    def _refuse(self, start: int) -> None:
        """Raise for the first value since `start` that is no number, before its row's end."""
        steps = np.arange(start, self._done)
        wrong = ~np.isfinite(self._values[:, :, start : self._done]).all(0)
        wrong &= steps < self._lengths()[:, None]
        if wrong.any():
            step = int(wrong.any(0).argmax())
            row = int(wrong[:, step].argmax())
            raise NotNumbers(row=int(self._numbers[row]), step=start + step)

    def _lengths(self) -> NDArray[np.int64]:
        return self._stops.lengths(self._tokens[:, : self._done])

    def _continuation(self, row: int, end: int) -> Continuation:
        tokens = self._tokens[row, :end]
        ended = bool(end and np.isin(tokens[-1], self._stops.ids))
        entropies, log_probs, end_probabilities = self._values[:, row, :end]
        return Continuation(tokens, entropies, log_probs, end_probabilities, ended)
