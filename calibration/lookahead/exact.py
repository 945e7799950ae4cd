"""Entropy calibrated without its price in log loss, exactly, where every string can be enumerated.

The adjusted model is p̃(y) ∝ exp(log p̂(y) + α s(y)) at every prefix, with s = log p̂ - F: a
temperature of 1/(1+α), and a penalty on what leads to futures F of high entropy (Cao, Valiant and
Liang 2025). α = 0 is the model itself, and the log loss on human text is convex in α.

Why it works. F is the entropy that the adjusted model has ahead of it, so that its own total H is
the F of the empty prefix. Writing H - L as a sum over the steps of a human text, step by step,

    EntCE = Σ_t E_human prefix [E_p̃ - E_human] (F - log p̃) = -Σ_t (1 + α_t) g_t,

because F - log p̃ = -(1 + α) s + a constant, with g_t = E [E_p̃ - E_human] s the slope of the log
loss at step t in α_t. Where every g_t is 0, or their sum under one α, the total EntCE is 0. The
EntCE of a single step need not be: what steps have too much, others have too little.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from calibration.engine.newton import Slope, least
from calibration.lookahead.strings import Floats, Strings, measures, require_alike, strings_of

WIDEST = 64.0  # of a shared α, or a factor of a temperature: far beyond what a usable model wants


class Adjusted(NamedTuple):
    """An adjusted model, and what it was adjusted by at each step."""

    model: Strings
    alphas: Floats  # (T,)


def by_step(
    base: Strings,
    human: Strings,
    *,
    horizon: int | None = None,
    errors: Sequence[Floats] | None = None,
) -> Adjusted:
    """An α for each step, and the adjusted model's own F: by induction from the last step back.

    `horizon` counts the steps that F looks ahead, all without it. `errors`, (V^t, V) for step t,
    are added to F, as by a predictor that is wrong by them: then EntCE = Σ_t E [E_p̃ - E_human] e_t,
    which `error_bound` bounds. α is not in the bound: at the slope's zero its terms vanish.
    """
    _require_positive(base)
    require_alike(base, human)
    prefixes = list(human.prefixes())

    def fitted(step: int, statistic: Floats) -> float:
        rows = base.log_conditionals[step]
        return least(_slopes([rows], [statistic], human, prefixes, first=step))

    return _induced(base, fitted, horizon=horizon, errors=errors)


def by_one(base: Strings, human: Strings, *, horizon: int | None = None) -> Adjusted:
    """One α for all steps, and the F of the very model that it makes: a fixed point.

    EntCE is 0 where `horizon` is None; the log loss is at most the model's own.
    """
    _require_positive(base)
    require_alike(base, human)

    def slope(alpha: float) -> float:
        made = _induced(base, lambda step, statistic: alpha, horizon=horizon)
        statistics = _statistics(base, futures(made.model, horizon=horizon))
        return _slope(made.model.conditionals, statistics, human)

    alpha = _root(slope)
    return _induced(base, lambda step, statistic: alpha, horizon=horizon)


def by_rounds(
    base: Strings, human: Strings, rounds: int, *, horizon: int | None = None
) -> Adjusted:
    """One α for all steps and the F of the round before: of the model itself in the first.

    What can be done where F must be learned from text that some model has written.
    """
    _require_positive(base)
    made = Adjusted(base, np.zeros(base.steps))
    for _ in range(rounds):
        made = _tilted(base, human, _statistics(base, futures(made.model, horizon=horizon)))
    return made


def one_step(base: Strings, human: Strings) -> Adjusted:
    """p̂ exp(-α h), h the model's entropy one step on, one α (Braverman et al. 2020)."""
    _require_positive(base)
    return _tilted(base, human, [-ahead for ahead in futures(base, horizon=1)])


def least_loss_temperature(base: Strings, human: Strings) -> Adjusted:
    """The temperature 1/(1+α) at which the log loss on human strings is least."""
    _require_positive(base)
    return _tilted(base, human, list(base.log_conditionals))


def calibrated_temperature(base: Strings, human: Strings) -> Adjusted:
    """The temperature 1/(1+α), nearest to 1, at which EntCE is 0."""
    _require_positive(base)
    logs = base.log_conditionals

    def at(sharpness: float) -> Strings:
        return strings_of([sharpness * rows for rows in logs])

    def ent_ce(log_sharpness: float) -> float:
        return measures(at(np.exp(log_sharpness)), human).mean_ent_ce

    sharpness = float(np.exp(_root(ent_ce, widest=float(np.log(WIDEST)))))
    return Adjusted(at(sharpness), np.full(base.steps, sharpness - 1))


def futures(model: Strings, *, horizon: int | None = None) -> list[Floats]:
    """The entropy that a model has ahead of it after each letter, nats.  # of step t: (V^t, V)

    Over the next `horizon` steps, or all that are left.
    """
    return _walked(model, horizon)


def error_bound(adjusted: Strings, human: Strings, errors: Sequence[Floats]) -> float:
    """The largest |EntCE|, in nats a string, that a predictor with these errors can leave.

    |Σ_t E [E_p̃ - E_human] e_t| ≤ Σ_t E (max e_t - min e_t) |p̃ - p_human|/2: the total variation
    times the spread of the errors over the letters, since a constant moves no probability. With
    |e| ≤ δ everywhere it is at most 2 δ a step.
    """
    steps = zip(human.prefixes(), adjusted.conditionals, human.conditionals, errors, strict=True)
    return float(
        sum(
            prefix @ (np.ptp(error, axis=1) * np.abs(own - rows).sum(axis=1) / 2)
            for prefix, own, rows, error in steps
        )
    )


def _walked(model: Strings, horizon: int | None) -> list[Floats]:
    found, ahead = [], _nothing(model, horizon)
    for rows in reversed(model.conditionals):
        found.append(_seen(ahead, rows.shape))
        ahead = _earlier(ahead, rows, horizon)
    return found[::-1]


def _induced(
    base: Strings,
    choose: Callable[[int, Floats], float],
    *,
    horizon: int | None,
    errors: Sequence[Floats] | None = None,
) -> Adjusted:
    """The adjusted model from its last step back, with the α that is chosen for each statistic."""
    made, alphas, ahead = [], [], _nothing(base, horizon)
    for step in reversed(range(base.steps)):
        logs = base.log_conditionals[step]
        seen = _seen(ahead, logs.shape) + (0.0 if errors is None else errors[step])
        alphas.append(choose(step, logs - seen))
        made.append(special.softmax(logs + alphas[-1] * (logs - seen), axis=1))
        ahead = _earlier(ahead, made[-1], horizon)
    return Adjusted(Strings(tuple(made[::-1])), np.array(alphas[::-1]))


def _nothing(base: Strings, horizon: int | None) -> Floats:
    """The entropies of the next 1, 2, … steps after whole strings; of all steps in one row."""
    return np.zeros((1 if horizon is None else horizon, base.alphabet**base.steps))


def _seen(ahead: Floats, shape: tuple[int, ...]) -> Floats:
    return ahead[-1].reshape(shape) if len(ahead) else np.zeros(shape)


def _earlier(ahead: Floats, rows: Floats, horizon: int | None) -> Floats:
    """The same one step earlier, where the next letters have these probabilities."""
    after = ahead
    if horizon is not None:  # of the next k steps, k - 1 lie after the first
        after = np.concatenate([np.zeros((min(1, horizon), ahead.shape[1])), ahead[:-1]])
    found: Floats = special.entr(rows).sum(axis=1) + (
        rows * after.reshape(len(after), *rows.shape)
    ).sum(axis=-1)
    return found


def _tilted(base: Strings, human: Strings, statistics: Sequence[Floats]) -> Adjusted:
    """One α of least log loss along statistics that do not depend on it."""
    require_alike(base, human)
    logs = base.log_conditionals
    alpha = least(_slopes(logs, statistics, human, list(human.prefixes())))
    pairs = zip(logs, statistics, strict=True)
    made = strings_of([rows + alpha * statistic for rows, statistic in pairs])
    return Adjusted(made, np.full(base.steps, alpha))


def _statistics(base: Strings, ahead: Sequence[Floats]) -> list[Floats]:
    return [logs - seen for logs, seen in zip(base.log_conditionals, ahead, strict=True)]


def _slopes(
    logs: Sequence[Floats],
    statistics: Sequence[Floats],
    human: Strings,
    prefixes: Sequence[Floats],
    *,
    first: int = 0,
) -> Callable[[float], Slope]:
    """Slope and curvature in α of the log loss of some steps, from step `first` on."""

    def at(alpha: float) -> Slope:
        slope = curvature = 0.0
        for step, (rows, statistic) in enumerate(zip(logs, statistics, strict=True), first):
            own = special.softmax(rows + alpha * statistic, axis=1)
            mean = (own * statistic).sum(axis=1)
            human_mean = (human.conditionals[step] * statistic).sum(axis=1)
            spread = (own * (statistic - mean[:, None]) ** 2).sum(axis=1)
            slope += float(prefixes[step] @ (mean - human_mean))
            curvature += float(prefixes[step] @ spread)
        return Slope(slope, curvature)

    return at


def _slope(rows: Sequence[Floats], statistics: Sequence[Floats], human: Strings) -> float:
    terms = zip(human.prefixes(), rows, human.conditionals, statistics, strict=True)
    return float(
        sum(
            prefix @ ((own - letters) * statistic).sum(axis=1)
            for prefix, own, letters, statistic in terms
        )
    )


def _root(function: Callable[[float], float], *, widest: float = WIDEST) -> float:
    """Where a function of one number is 0, looked for ever farther from 0 on both sides."""
    here, reach = function(0.0), 0.05
    while reach <= widest:
        for end in (reach, -reach):
            if function(end) * here <= 0:
                return float(optimize.brentq(function, 0.0, end, xtol=1e-13))
        reach *= 2
    raise ValueError(
        f"a number within {widest:g} of 0 was expected at which the model is calibrated, found none"
    )


def _require_positive(base: Strings) -> None:
    if min(rows.min() for rows in base.conditionals) <= 0:
        raise ValueError(
            "a model that gives every letter a probability above 0 after every prefix was "
            "expected, found one that does not: it has no finite log loss to keep"
        )
