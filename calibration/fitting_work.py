"""What fitted decodings ask of a network, in tokens: to be fitted, and to look ahead.

A token is counted wherever the network reads or writes it: the tokens that are tried as the next
one are read too. The predictor of future entropy is not counted, which takes no more than the
network's projection.
"""

from typing import Final

from calibration.engine.decoding import Decoding
from calibration.fitted_temperature import AROUND, FIRST
from calibration.methods import FittedTemperature, FutureEntropy, Method, OneStep
from calibration.recipes import ExamplesRecipe

# Temperatures at which EntCE is measured until one has none: one line is enough as a rule.
TEMPERATURES: Final = len(FIRST) + len(AROUND)


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
            return 2 * TEMPERATURES * read  # human text and its own
        case OneStep():
            return read + examples * continuation * tried(method)
        case FutureEntropy():
            # Rollouts are written, and read for the value of their states; that value is read
            # after the tokens tried along the texts, of which the predictor is made.
            rollouts = 2 * examples * method.places * method.horizon
            labels = examples * continuation * (method.likeliest + method.tail)
            return method.rounds * (rollouts + labels + read)


def tokens_to_fit_on(method: Method, examples: ExamplesRecipe) -> int:
    """The same, of the examples of a recipe."""
    return tokens_to_fit(
        method,
        examples=examples.whole or examples.texts.examples,
        prompt=examples.prompt,
        continuation=examples.continuation,
    )
