"""The fitted line with two bands: where the law lies, and where a further model would lie."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from calibration.statistics.arguments import finite, positive
from calibration.statistics.intervals import critical_value
from calibration.statistics.ragged import Floats
from calibration.statistics.scaling import PowerLawFit
from calibration.statistics.shrinkage import text_degrees

FORM_DEPENDENT = 3.0  # times the largest size; beyond, a wrong law is wrong by more than its band


def band(fit: PowerLawFit, sizes: Sequence[float] | Floats) -> pl.DataFrame:
    """The fitted line at `sizes`: columns size, fitted, low, high, prediction_low, _high.

    `low` and `high` are the pointwise interval of the line, by the delta method on the scale of
    the exponent's own interval. A new model scatters around the line too: its prediction interval
    is t_{K-2} |μ| sqrt(gᵀ C g + max(q, 1) τ²), g = (1, ln N/N₀), C the covariance of (ln A, b); it
    is of the value that endless texts would measure, and holds as far as the law does. Raises
    ValueError where the fit has no exponent.
    """
    if (
        fit.exponent is None
        or fit.amplitude is None
        or fit.scatter is None
        or fit.q is None
        or fit.model_covariance is None
        or fit.measurement_covariance is None
    ):
        raise ValueError("a fit with an exponent was expected, found one that is not identified")
    at = positive(finite(sizes, "size"))
    x = np.log(at / fit.reference_size)
    fitted = fit.amplitude * np.exp(fit.exponent * x)
    gradient = np.stack([np.ones_like(x), x])
    between = _variance(fit.model_covariance, gradient)
    measured = critical_value(fit.level, text_degrees(fit.clusters, fit.models)) * np.sqrt(
        _variance(fit.measurement_covariance, gradient)
    )
    models = critical_value(fit.level, fit.df)
    line = np.abs(fitted) * np.maximum(models * np.sqrt(between), measured)
    scattered = between + max(fit.q, 1.0) * fit.scatter**2
    new = np.maximum(np.abs(fitted) * models * np.sqrt(scattered), line)
    return pl.DataFrame(
        {
            "size": at,
            "fitted": fitted,
            "low": fitted - line,
            "high": fitted + line,
            "prediction_low": fitted - new,
            "prediction_high": fitted + new,
        }
    )


def _variance(covariance: Floats, gradient: Floats) -> Floats:
    variance: Floats = np.einsum("is,ij,js->s", gradient, covariance, gradient)
    return variance
