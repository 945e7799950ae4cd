"""A predictor of future entropy, learned from a model's own text: rounds of rollouts and of heads.

Each round labels places of human texts by rollouts of the model that the last round made, learns a
value of states from them, from that a head with one output a token, and fits α on human text. A
fifth of the source texts stops the learning, and a fifth is kept out of it to judge the head by:
what is left of EntCE is bounded by what it is wrong by there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from calibration.diagnostics import Diagnostic, root_mean_square
from calibration.engine.branching import BranchingLanguage
from calibration.engine.candidates import Reach
from calibration.engine.decoding import Ending
from calibration.engine.foresight import Adjusted, Adjustment
from calibration.engine.future import FutureEntropy, Head, Learning, learned, squares_of
from calibration.engine.language import Language
from calibration.engine.rollouts import Labels, Rollouts, labels_of, only
from calibration.engine.values import token_labels, value_labels
from calibration.errors import ModelError, TextError
from calibration.fitted_strength import HumanTexts, strength
from calibration.fitting_work import FIFTHS, JUDGED_PLACES, JUDGED_TOKENS
from calibration.methods import FutureEntropy as Method

# On the ladder the error on texts kept out is least after 5 to 25 of these.
EPOCHS: Final = 30
RATE: Final = 3e-3


class Foretold(NamedTuple):
    """A head and its strength, and what both rest on."""

    adjustment: Adjustment
    head: Head
    diagnostics: list[Diagnostic]


def foretold(
    network: BranchingLanguage,
    human: HumanTexts,
    method: Method,
    *,
    seed: int,
    ending: Ending,
    told: Callable[[str], object],
) -> Foretold:
    """The head and α of the last round.

    Diagnostics of each round: `predictor_error` and, beside it, `labels_spread`, root mean squares
    in nats on texts that the heads have not seen; `alpha`; `log_loss_change`. Raises TextError
    for too few source texts, ModelError where the context has no room for the horizon.
    """
    _require_room(network, human, method)
    parts = _parts(human.clusters)
    language: Language = network
    diagnostics: list[Diagnostic] = []
    for number in range(1, method.rounds + 1):
        one = _Round(network, language, human, parts, method, seed, ending, f"round {number}")
        value, of_value = one.value()
        told(f"{one.name}: a value of states is learned, {_in_words(of_value)}")
        head, of_head = one.head(value)
        told(f"{one.name}: a head of tokens is learned, {_in_words(of_head)}")
        foresight = FutureEntropy(network, head)
        found = strength(
            foresight,
            human,
            form="future-entropy",
            ending=ending,
            block=method.block,
            at=one.name,
        )
        diagnostics += [*of_value, *of_head, *found.diagnostics]
        language = Adjusted(foresight, found.adjustment)
    return Foretold(found.adjustment, head, diagnostics)


class _Parts(NamedTuple):
    """Numbers of texts, no source text in two parts."""

    learning: list[int]
    stopping: list[int]
    judging: list[int]


@dataclass(frozen=True)
class _Round:
    """One round: a language whose futures are foretold, and the network that foretells them."""

    network: BranchingLanguage
    language: Language
    human: HumanTexts
    parts: _Parts
    method: Method
    seed: int
    ending: Ending
    name: str

    def value(self) -> tuple[Head, list[Diagnostic]]:
        """A value of states, learned from rollouts, and how wrong it is on others."""
        rollouts = Rollouts(self.method.places, self.method.horizon, self.seed)
        labels = value_labels(self.network, self.language, self.human.texts, rollouts, self.ending)
        value = self._learned(labels, outputs=1)
        judged = only(labels, self.parts.judging)
        return value, self._errors(value, judged, of="states")[:2]

    def head(self, value: Head) -> tuple[Head, list[Diagnostic]]:
        """A head of tokens, learned from a value, and how wrong it is on rollouts and on that."""
        reach = Reach(self.method.likeliest, self.method.tail)
        labels = token_labels(
            self.network, value, self.human.texts, reach=reach, seed=self.seed, ending=self.ending
        )
        head = self._learned(labels, outputs=self.network.vocabulary)
        head = head.without(self.ending.stopping)
        judged = only(labels, self.parts.judging)
        return head, [
            *self._errors(head, judged, of="tokens, of the value"),
            *self._errors(head, self._rollouts(), of="tokens, of rollouts"),
        ]

    def _learned(self, labels: Labels, *, outputs: int) -> Head:
        return learned(
            only(labels, self.parts.learning),
            stopping=only(labels, self.parts.stopping),
            vocabulary=outputs,
            learning=Learning(self.method.rank, EPOCHS, RATE, self.seed),
        )

    def _rollouts(self) -> Labels:
        """Labels that no head has learned from."""
        texts = [self.human.texts[number] for number in self.parts.judging]
        # Random numbers of their own, or the same text would be judged that a value is of.
        rollouts = Rollouts(JUDGED_PLACES, self.method.horizon, self.seed + 1, tokens=JUDGED_TOKENS)
        labels = labels_of(self.network, self.language, texts, rollouts, self.ending)
        return labels.numbered(self.parts.judging)

    def _errors(self, head: Head, labels: Labels, *, of: str) -> list[Diagnostic]:
        squares, texts = squares_of(head, labels), labels.numbers()
        at = f"{self.name}, {of}"
        named = (
            ("predictor_error", at),
            ("labels_spread", at),
            ("predictor_error", f"{at}, within a place"),
            ("labels_spread", f"{at}, within a place"),
        )
        return [
            root_mean_square(name, where, column, texts=texts, clusters=self.human.clusters)
            for (name, where), column in zip(named, squares.T, strict=True)
        ]


def _parts(clusters: Sequence[str]) -> _Parts:
    names = np.unique(clusters)
    if len(names) < FIFTHS:
        raise TextError(
            f"at least {FIFTHS} source texts were expected to learn a predictor of future entropy "
            f"from, found {len(names)}: give the data set's `calibration` more texts"
        )
    fifth = np.searchsorted(names, clusters) % FIFTHS
    kept = (fifth > 1, fifth == 0, fifth == 1)
    return _Parts(*(np.flatnonzero(one).tolist() for one in kept))


def _require_room(network: Language, human: HumanTexts, method: Method) -> None:
    longest = max(len(text.prompt) for text in human.texts)
    wanted = longest + 2 * method.horizon
    if network.context is not None and wanted > network.context:
        raise ModelError(
            f"room for two horizons of {method.horizon} steps after prompts of up to {longest} "
            f"tokens was expected in the context, found {network.context} tokens in all: make "
            "`horizon` or `prompt` smaller"
        )


def _in_words(found: Sequence[Diagnostic]) -> str:
    error, spread = found[-2:]
    return f"off by {error.value:.3f} nats where labels vary by {spread.value:.3f}"
