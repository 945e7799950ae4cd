"""What fitted decodings ask of a network, in tokens: to be fitted, and to look ahead.

A token is counted where the network reads or writes it, as `engine.metered` does meanwhile: the
tokens that are tried as the next one are read too, and a text that they are tried along is read
twice, by the library and into a cache. The predictor of future entropy is not counted, neither
applying it, which takes no more than the network's projection, nor learning it.
"""

from functools import partial
from typing import Final

from calibration.engine.decoding import Decoding
from calibration.fitted_temperature import AROUND, FIRST
from calibration.methods import FittedTemperature, FutureEntropy, Method, OneStep
from calibration.recipes import ExamplesRecipe

# Temperatures at which EntCE is measured until one has none: one line is enough as a rule.
ROUNDS: Final = (FIRST, AROUND)
TEMPERATURES: Final = sum(map(len, ROUNDS))
# Texts on which other numbers of tried tokens are compared: each reads them anew.
COMPARED: Final = 32
# Of the source texts that a predictor is learned from, a fifth stops that and a fifth judges it.
FIFTHS: Final = 5
# Rollouts that judge a head: several tokens at a place, so that their differences are seen.
JUDGED_PLACES: Final = 4
JUDGED_TOKENS: Final = 4


def tried(asked: Decoding | Method) -> int:
    """Next tokens that are read beside each token of a continuation."""
    return asked.likeliest + asked.tail if isinstance(asked, OneStep) else 0


def tokens_to_fit(method: Method, *, examples: int, prompt: int, continuation: int) -> int:
    """Tokens that a network reads or writes to fit a method on some examples, as a rule."""
    read = examples * (prompt + continuation)
    match method:
        case FittedTemperature(fit="log_loss"):
            return read
        case FittedTemperature():
            # Human text once for all temperatures of a line, and its own of each.
            return (len(ROUNDS) + TEMPERATURES) * read
        case OneStep():
            along = partial(_tried_along, prompt=prompt, continuation=continuation)
            few = min(COMPARED, examples)
            others = sum(along(few, tried=sum(one)) for one in compared(method))
            return along(examples, tried=tried(method)) + others
        case FutureEntropy():
            candidates = method.likeliest + method.tail
            labels = _tried_along(
                examples, tried=candidates, prompt=prompt, continuation=continuation
            )
            before = prompt + continuation // 2  # a place, as a mean
            return method.rounds * (_rollouts(method, examples, before) + labels + read)


def compared(method: OneStep) -> list[tuple[int, int]]:
    """K and R as they are, and each halved and doubled."""
    likeliest, tail = method.likeliest, method.tail
    return [
        (likeliest, tail),
        (max(1, likeliest // 2), tail),
        (2 * likeliest, tail),
        (likeliest, max(1, tail // 2)),
        (likeliest, 2 * tail),
    ]


def _tried_along(examples: int, *, tried: int, prompt: int, continuation: int) -> int:
    return examples * (2 * (prompt + continuation) + continuation * tried)


def _rollouts(method: FutureEntropy, examples: int, before: int) -> int:
    """Two horizons after each place, one read again for the value of its states; then those that
    judge the head, whose texts are each a beginning and a token of its own.
    """
    learned = examples * method.places * (2 * before + 3 * method.horizon)
    each = before + JUDGED_TOKENS * (before + 1 + method.horizon)
    return learned + examples // FIFTHS * JUDGED_PLACES * each


def tokens_to_fit_on(method: Method, examples: ExamplesRecipe) -> int:
    """The same, of the examples of a recipe."""
    return tokens_to_fit(
        method,
        examples=examples.whole or examples.texts.examples,
        prompt=examples.prompt,
        continuation=examples.continuation,
    )
