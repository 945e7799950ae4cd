"""What was read of a source: the texts that can be selected, and how many were left out and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from calibration.errors import TextError
from calibration.recipes import TextsRecipe
from calibration.text import SourceText, misfit

UNUSABLE: Final = "unusable"
REASONS: Final = {
    "short": "shorter than asked",
    "long_context": "with a longer context than asked",
    UNUSABLE: "not usable, such as without a context",
}


class Reading(NamedTuple):
    """Texts, and of how many they are what was left."""

    texts: list[SourceText]
    read: int
    left_out: dict[str, int]  # by reason

    @property
    def facts(self) -> dict[str, int]:
        """What a manifest states of it: nothing where nothing was left out."""
        counts = {f"left_out_{reason}": count for reason, count in self.left_out.items()}
        return {"texts_read": self.read, **counts} if counts else {}

    @property
    def words(self) -> str:
        """What was left out, to go on a sentence; empty where nothing was."""
        counts = [f"{count} {REASONS[reason]}" for reason, count in self.left_out.items()]
        return f"; left out of {self.read} read: {', '.join(counts)}" if counts else ""


class Sieve:
    """Lets through the texts that a recipe may take of, and counts the others."""

    def __init__(self, recipe: TextsRecipe) -> None:
        self._recipe = recipe
        self._read = 0
        self._left_out: Counter[str] = Counter()

    def passed(self, texts: Iterable[SourceText | None]) -> Iterator[SourceText]:
        """The texts that fit the recipe; None stands for one that could not be used."""
        for text in texts:
            self._read += 1
            reason = UNUSABLE if text is None else misfit(text, self._recipe)
            if text is not None and reason is None:
                yield text
            else:
                self._left_out[str(reason)] += 1

    def reading(self, texts: list[SourceText]) -> Reading:
        """The texts that were kept, beside what was counted until now."""
        left_out = {reason: self._left_out[reason] for reason in REASONS if self._left_out[reason]}
        return Reading(texts, self._read, left_out)


def require_some(reading: Reading, recipe: TextsRecipe, *, name: str) -> None:
    """Raises TextError where the lengths that a recipe asks for leave no text of a data set."""
    if reading.texts:
        return
    asked, remedies = [], []
    if "short" in reading.left_out:
        asked.append(f"of at least {recipe.shortest} bytes")
        remedies.append("lower `shortest`")
    if "long_context" in reading.left_out:
        asked.append(f"with a context of at most {recipe.longest_context} bytes")
        remedies.append("raise `longest_context`")
    if asked:
        raise TextError(
            f"data set {name!r}: texts {' and '.join(asked)} were expected, found none among "
            f"{reading.read}: {' or '.join(remedies)}"
        )
