"""Plans made by hand, for what sums and what shows them."""

import math

from calibration.estimates import Estimate
from calibration.expected import Design, Expected
from calibration.hardware import GPUS
from calibration.model_costs import ModelCost, StudyCost
from calibration.planned import Plan, Planned, State, Statement, Unread
from calibration.statistics.precision import Needed

KNOWN = Estimate(10.0, 500, memory_at_least=False, source="before")
PRECISION = Expected(
    "letters",
    "temperature 1",
    "tokens",
    Design(16, 1),
    0.5,
    math.nan,
    Needed(None, 40),
    "guessed",
)
COST = ModelCost("small", 1000, 50, 3e15, 4e12, 3600.0, 10**9, 2, 6, 7)


def artifact(
    kind: str = "samples",
    state: State = "missing",
    *,
    model: str | None = "small",
    estimate: Estimate = KNOWN,
    why: str | None = "never made",
    title: str = "small on letters",
    parts_made: int = 0,
) -> Planned:
    address = f"{kind}/00/{'0' * 64}"
    return Planned(kind, title, address, model, state, 2, parts_made, why, 100, estimate)


def plan(*artifacts: Planned) -> Plan:
    return Plan("study", "here", artifacts, (PRECISION,))


def statement(found: Plan | None, *unread: Unread) -> Statement:
    """Of two models, of which the sizes of one are known."""
    return Statement("study", ("small", "large"), StudyCost(GPUS["h100"], (COST,)), unread, found)
