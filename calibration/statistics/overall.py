"""One exponent for many families: what a further family would show on average.

A family's series on several data sets are of the same models, so they are averaged first; families
are what is independent. Taking every family on every data set for independent covers .67 to .91.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from statsmodels.stats.meta_analysis import combine_effects

from calibration.statistics.intervals import LEVEL, critical_value

FAMILIES_NEEDED = 2  # with one, the spread between families cannot be seen
METHOD = "random effects over families (Paule-Mandel), Hartung-Knapp interval"


class FamilyExponent(NamedTuple):
    """The exponent of one family on one data set."""

    family: str
    exponent: float
    standard_error: float


@dataclass(frozen=True)
class OverallExponent:
    """The mean exponent over `families`; without two families there is none."""

    families: int
    df: int
    exponent: float | None = None
    low: float | None = None
    high: float | None = None
    scatter: float | None = None  # standard deviation of the exponent between families


def overall_exponent(found: Sequence[FamilyExponent], *, level: float = LEVEL) -> OverallExponent:
    """The exponent over families with its interval, t_{F-1}, from one value a series.

    Within a family exponents are averaged, and so are their standard errors, as if they were one
    measurement: the same models scatter the same way on every data set. Between families:
    Paule and Mandel (1982), J. Res. NBS 87; Hartung and Knapp (2001), Stat. Med. 20. Families that
    agree by chance would make the interval of so few vanish, so that it is never narrower than the
    normal one of the same weights.
    """
    families = _averaged(found)
    degrees = len(families) - 1
    if len(families) < FAMILIES_NEEDED:
        return OverallExponent(len(families), max(degrees, 0))
    values = np.array([value for value, _ in families.values()])
    variances = np.array([error**2 for _, error in families.values()])
    combined = combine_effects(values, variances, method_re="iterated", use_t=True)
    exponent = float(combined.mean_effect_re)
    low, high = combined.conf_int(alpha=1 - level, use_t=True)[3]  # re-scaled by the residuals
    half = max((high - low) / 2, critical_value(level) * float(combined.sd_eff_w_re))
    return OverallExponent(
        families=len(families),
        df=degrees,
        exponent=exponent,
        low=exponent - half,
        high=exponent + half,
        scatter=math.sqrt(max(0.0, float(combined.tau2))),
    )


def _averaged(found: Sequence[FamilyExponent]) -> Mapping[str, tuple[float, float]]:
    families: dict[str, list[FamilyExponent]] = {}
    for one in found:
        families.setdefault(one.family, []).append(one)
    return {
        family: (
            float(np.mean([one.exponent for one in series])),
            float(np.mean([one.standard_error for one in series])),
        )
        for family, series in families.items()
    }
