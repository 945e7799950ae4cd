"""A law of the registry fitted to a table: estimates, honest intervals, or the reason for none.

y_i = μ(x_i) + error. Errors that grow with the value are the rule for losses and error rates (1 %
is 1 % at 2 nats and at 4), so that the scatter of most laws is relative: its variance is τ² μ²,
with μ the curve and not the noisy value. That keeps the fit unbiased on the raw scale, where values
may be negative; logarithms would need them positive, and the errors small.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from calibration.statistics.amplitudes import LARGEST_LOG, far_origin, require_writable
from calibration.statistics.forms import Placed
from calibration.statistics.intervals import LEVEL, critical_value
from calibration.statistics.laws import Law
from calibration.statistics.outliers import DEGREES_NEEDED, MOST, Judged, judged, judged_table
from calibration.statistics.projection import TINY, fitted, jacobian, projected
from calibration.statistics.ragged import Floats
from calibration.statistics.regions import Region, Sought, Unbounded, ends, envelope, region
from calibration.statistics.table_checks import (
    Rows,
    Table,
    UnusableTable,
    checked,
    listed,
    repeated,
)
from calibration.statistics.weighting import EXACT, ErrorModel, Scatter, Settled, settled

# Of unit columns of the Jacobian. Beyond, rounding in double precision reaches the intervals.
MOST_COLLINEAR = 1e7


class Undetermined(UnusableTable):
    """The table cannot tell the parameters of the law; the message says what would."""


class Estimated(NamedTuple):
    """A parameter with the ends of its profile likelihood interval."""

    estimate: float
    low: float
    high: float


class Line(NamedTuple):
    """The fitted law at some x, its pointwise interval, and where it lies beyond its reach."""

    fitted: Floats
    low: Floats
    high: Floats
    beyond: Rows


@dataclass(frozen=True)
class LawFit:
    """A law fitted to a table, whose rows are counted from 1.

    `scatter` is the standard deviation around the law beyond the errors given: relative to the
    fitted value, or in the unit of the values, as `scatter_kind` says. `q` is the weighted squared
    residual a degree of freedom, where errors are given: about 1.
    """

    law: Law
    rows: int
    df: int  # rows kept - parameters
    level: float
    parameters: dict[str, Estimated]  # in the order of the law
    scatter: float
    scatter_kind: Scatter
    q: float | None
    outliers: tuple[int, ...]  # rows left out
    warnings: tuple[str, ...]
    curve: Floats = field(repr=False, compare=False)  # fitted values, of every row
    x: Floats = field(repr=False, compare=False)
    _region: Region = field(repr=False, compare=False)

    def at(self, x: Sequence[Sequence[float]] | Floats) -> Line:
        """The law at x (m, v) with the profile interval of its curve, which is not of a new value.

        A law in positive x reaches from the smallest x over `reach` to the largest times `reach`,
        another over its range alone; what lies beyond is marked.
        """
        at = np.asarray(x, dtype=np.float64).reshape(-1, len(self.law.variables))
        problem = self._region.problem
        low, high = envelope(self._region, _curves(problem.placed, at)).T
        reach = self.law.reach if self.law.positive else 1.0
        beyond = (at < self.x.min(axis=0) / reach) | (at > self.x.max(axis=0) * reach)
        return Line(fitted(problem, self._region.best, at), low, high, beyond.any(axis=1))


def fit_law(
    law: Law,
    x: Sequence[Sequence[float]] | Floats,
    values: Sequence[float] | Floats,
    *,
    covariance: Floats | None = None,
    level: float = LEVEL,
) -> LawFit:
    """The parameters of a law, each with its interval, from x (n, v) and values (n,).

    Without `covariance` the errors are independent, with a standard deviation τ |μ| (or τ, as the
    law says) that the residuals give; rows that this cannot explain are left out and named, see
    `outliers`. With it, variances (n,) or a matrix (n, n) of sampling errors, they are
    N(0, V + τ² diag(μ²)), τ by restricted likelihood, and every row is kept: who states an error
    vouches for it.

    Intervals are of the profile likelihood: {ψ: Q(ψ) - Q_min ≤ t²_{n-p} q}, q = Q_min / (n - p),
    or max(t² q, z²) with errors given, weights frozen at the fit. They follow the likelihood where
    it is bent, which a standard error does not, and do not depend on how a parameter is written.

    Raises UnusableTable where the law cannot be fitted, or its amplitudes not be written, and
    Undetermined, which is one, where an interval has no end: then the table holds no estimate of
    that parameter, and none is given.
    """
    if not 0 < level < 1:
        raise UnusableTable(f"a level between 0 and 1 was expected, found {level:g}")
    table = checked(law, x, values, covariance)
    typical = float(np.sqrt((table.values**2).mean()))
    model = ErrorModel(law.place(table.x), _scatter_kind(law, table), typical)
    found = (
        judged_table(model, table, parameters=len(law.parameters)) if covariance is None else None
    )
    kept = np.ones(len(table.values), dtype=np.bool_) if found is None else found.kept
    fit = settled(model, table.only(kept))
    _require_regular(law, fit)
    best = _region(law, fit, level=level, errors_given=covariance is not None)
    require_writable(law, table.x, fit.problem.placed.log_scale(best.theta(best.points)))
    q = fit.misfit / fit.degrees
    return LawFit(
        law=law,
        rows=len(table.values),
        df=fit.degrees,
        level=level,
        parameters=_parameters(law, best),
        scatter=_scatter(fit, table, model),
        scatter_kind=model.scatter,
        q=None if covariance is None else q,
        outliers=_numbers(~kept),
        warnings=_warnings(law, table, model=model, fit=fit, found=found),
        curve=fitted(fit.problem, fit.theta, table.x),
        x=table.x,
        _region=best,
    )


def _scatter_kind(law: Law, table: Table) -> Scatter:
    """What the law says; constant where values of both signs leave nothing to be relative to."""
    if table.sampling is None and table.values.min() <= 0:
        return "constant"
    return law.scatter


def _scatter(fit: Settled, table: Table, model: ErrorModel) -> float:
    tau = fit.tau if table.sampling is not None else float(np.sqrt(fit.misfit / fit.degrees))
    if model.scatter == "relative":
        return tau
    return tau * model.typical


def _require_regular(law: Law, fit: Settled) -> None:
    steep = jacobian(fit.problem, fit.theta)
    condition = float(np.linalg.cond(steep / np.maximum(np.linalg.norm(steep, axis=0), TINY)))
    if condition > MOST_COLLINEAR:
        raise Undetermined(
            f"{law.name}: parameters that do different things to the curve were expected, found "
            f"some that cannot be told apart (condition number {condition:.1g}): " + _remedy(law)
        )


def _region(law: Law, fit: Settled, *, level: float, errors_given: bool) -> Region:
    """Everything about as likely as the fit. Raises Undetermined."""
    spread = max(fit.misfit / fit.degrees, EXACT)
    allowed = critical_value(level, fit.degrees) ** 2 * spread
    # A misfit that is small by chance is no knowledge beyond the errors given.
    allowed = max(allowed, critical_value(level) ** 2) if errors_given else allowed
    try:
        return region(fit.problem, fit.theta, allowed=allowed)
    except Unbounded as fault:
        names = [law.nonlinear[one] for one in fault.directions] or law.linear
        raise _endless(law, names) from None


def _endless(law: Law, names: Sequence[str]) -> Undetermined:
    intervals = "its interval has" if len(names) == 1 else "their intervals have"
    return Undetermined(
        f"{law.name}: {' and '.join(names)} cannot be told from this table, since {intervals} no "
        f"end: {_remedy(law)}"
    )


def _remedy(law: Law) -> str:
    return (
        f"add rows over a wider range of {' and '.join(law.variables)}, measure with smaller "
        "errors, or choose a law with fewer parameters"
    )


def _parameters(law: Law, best: Region) -> dict[str, Estimated]:
    sought = _written(best.problem.placed)
    theta = best.best[None]
    found = projected(best.problem, theta)
    centres, _ = sought(theta, found.coefficients, found.root)
    named = {
        name: Estimated(float(estimate), float(low), float(high))
        for name, estimate, (low, high) in zip(
            (*law.nonlinear, *law.linear), centres[0], ends(best, sought), strict=True
        )
    }
    return {name: named[name] for name in law.parameters}


def _written(placed: Placed) -> Sought:
    """The parameters as people write them: nonlinear ones, then linear ones."""

    def sought(theta: Floats, coefficients: Floats, root: Floats) -> tuple[Floats, Floats]:
        searched = placed.written(theta)
        # Points around the region, which are tried as well, may lie farther out than it does.
        factor = np.exp(np.clip(-placed.log_scale(theta), -LARGEST_LOG, LARGEST_LOG))
        centres = np.concatenate([searched, coefficients * factor], axis=1)
        errors = np.linalg.norm(root, axis=2) * factor
        return centres, np.concatenate([np.zeros_like(searched), errors], axis=1)

    return sought


def _curves(placed: Placed, at: Floats) -> Sought:
    """The curve at some x (m, v)."""

    def sought(theta: Floats, coefficients: Floats, root: Floats) -> tuple[Floats, Floats]:
        columns = placed.columns(theta, at)
        curves = (columns @ coefficients[:, :, None])[:, :, 0]
        errors: Floats = np.linalg.norm(columns @ root, axis=2)
        return curves, errors

    return sought


def _warnings(
    law: Law, table: Table, *, model: ErrorModel, fit: Settled, found: Judged | None
) -> tuple[str, ...]:
    said = []
    if table.sampling is not None:
        said += _far_rows(fit)
    elif found is None:
        said.append(
            f"more than {MOST:.0%} of the rows lie apart from {law.name}, so that none was left "
            "out: another law may fit all of them"
        )
    else:
        said += _left_out(found)
    if model.scatter != law.scatter:
        below = _numbers(table.values <= 0)
        said.append(
            f"{listed(below)} not above 0, so that errors are taken to be equal instead of "
            "relative to the value"
        )
    origin = far_origin(law, table.x)
    if origin is not None:
        said.append(origin)
    alike = repeated(table.x)
    if alike:
        said.append(f"{listed(alike[0])} have the same {' and '.join(law.variables)}: each counts")
    return tuple(said)


def _left_out(found: Judged) -> list[str]:
    rows = _numbers(~found.kept)
    if not rows:
        return []
    nearest = float(found.distance[~found.kept].min())
    return [
        f"{listed(rows)} left out: {nearest:.1f} standard deviations or more from the law of the "
        "others; see whether the table is right there"
    ]


def _far_rows(fit: Settled) -> list[str]:
    """Rows that lie far from the law for the errors given; they are kept."""
    if fit.degrees < DEGREES_NEEDED:
        return []
    problem = fit.problem
    residual = problem.values - fitted(problem, fit.theta, problem.x)
    whitened = problem.whitened(residual[:, None])[:, 0]
    everything = np.ones(len(residual), dtype=np.bool_)
    rows = _numbers(~judged(whitened, jacobian(problem, fit.theta), everything).kept)
    if not rows:
        return []
    return [
        f"{listed(rows)} farther from the law than the errors given and the scatter explain; kept, "
        "since an error is given"
    ]


def _numbers(rows: Rows) -> tuple[int, ...]:
    return tuple(int(row) + 1 for row in np.flatnonzero(rows))
