"""A plan: every artifact of a study with its state, why it would be made, and what that takes.

A statement is what is said of a study even where its models and texts cannot be looked at: its
cost, and with it the plan where there is one.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from calibration.estimates import Estimate
from calibration.expected import Expected
from calibration.model_costs import CostTotals, ModelCost, StudyCost, cost_totals

State = Literal["complete", "partial", "missing"]


class Planned(NamedTuple):
    """One artifact of a study."""

    kind: str
    title: str
    address: str
    model: str | None  # that it is measured of
    state: State
    parts: int
    parts_made: int
    why: str | None  # it would be made; of a complete one, why it might be
    tokens: int  # that a network would read or write for it, at most
    estimate: Estimate

    @property
    def is_to_make(self) -> bool:
        return self.state != "complete"


class Totals(NamedTuple):
    """What some artifacts take together."""

    artifacts: int
    to_make: int
    tokens: int
    seconds: float  # of those whose time is known
    unknown: int  # artifacts to make whose time is not


class Plan(NamedTuple):
    """What a run of a study on a store would do."""

    study: str
    store: str
    artifacts: tuple[Planned, ...]  # parents first, each table followed by its verdict
    precision: tuple[Expected, ...]


class Unread(NamedTuple):
    """A model or a data set that could not be looked at, and why, in a sentence."""

    name: str
    why: str


class Statement(NamedTuple):
    """What a study costs, and what a run of it would do as far as that can be told."""

    study: str
    models: tuple[str, ...]  # their names, in the study's order
    cost: StudyCost
    unread: tuple[Unread, ...]
    plan: Plan | None  # None where nothing could be looked at


class ModelTotals(NamedTuple):
    """What one model takes, over all that is measured of it."""

    model: str
    totals: Totals
    memory_bytes: int | None  # the most that anything of it takes; None is unknown
    memory_at_least: bool
    source: str | None  # where the time of most of it is known from


def totals(artifacts: Sequence[Planned]) -> Totals:
    """The sums over some artifacts."""
    to_make = [one for one in artifacts if one.is_to_make]
    known = [one.estimate.seconds for one in to_make if one.estimate.seconds is not None]
    tokens = sum(one.tokens for one in to_make)
    return Totals(len(artifacts), len(to_make), tokens, sum(known), len(to_make) - len(known))


def model_totals(artifacts: Iterable[Planned]) -> list[ModelTotals]:
    """The sums of every model of which something is to be made, in the study's order."""
    groups: dict[str, list[Planned]] = {}
    for one in artifacts:
        if one.model is not None and one.is_to_make:
            groups.setdefault(one.model, []).append(one)
    return [_model_totals(model, group) for model, group in groups.items()]


def record(statement: Statement) -> dict[str, Any]:
    """A statement as values that JSON has, with keys in a fixed order; what is unknown is null."""
    plan, cost = statement.plan, statement.cost
    artifacts = plan.artifacts if plan else ()
    costs = {one.name: one for one in cost.models}
    left = {one.model: one for one in model_totals(artifacts)}
    return {
        "study": statement.study,
        "store": plan.store if plan else None,
        "gpu": cost.gpu._asdict(),
        "unread": [one._asdict() for one in statement.unread],
        "artifacts": [_artifact(one) for one in artifacts],
        "totals": _sums(cost_totals(cost.models)) | _left(totals(artifacts) if plan else None),
        "models": [_model(name, costs.get(name), left.get(name)) for name in statement.models],
        "precision": [_precision(one) for one in plan.precision] if plan else [],
    }


def _model_totals(model: str, group: Sequence[Planned]) -> ModelTotals:
    measured = [one.estimate for one in group if one.estimate.memory_bytes is not None]
    most = max(measured, key=lambda one: one.memory_bytes or 0, default=None)
    longest = max(group, key=lambda one: (one.estimate.seconds or 0.0, bool(one.tokens)))
    return ModelTotals(
        model,
        totals(group),
        most.memory_bytes if most else None,
        most.memory_at_least if most else False,
        longest.estimate.source,
    )


def _artifact(one: Planned) -> dict[str, Any]:
    estimate = one.estimate
    return {
        "kind": one.kind,
        "title": one.title,
        "address": one.address,
        "state": one.state,
        "parts": one.parts,
        "parts_made": one.parts_made,
        "why": one.why,
        "tokens": one.tokens,
        "seconds": _rounded(estimate.seconds),
        "memory_bytes": estimate.memory_bytes,
        "memory_at_least": estimate.memory_at_least,
        "estimate_from": estimate.source,
    }


def _model(name: str, cost: ModelCost | None, left: ModelTotals | None) -> dict[str, Any]:
    return {
        "name": name,
        "parameters": cost.parameters if cost else None,
        **_sums(cost_totals([cost]) if cost else None),
        "weight_bytes": cost.fetched if cost else None,
        "artifact_bytes": cost.stored if cost else None,
        **_left(left.totals if left else None),
        "measured_memory_bytes": _measured_memory(left),
    }


def _measured_memory(left: ModelTotals | None) -> int | None:
    """What a process of the model once held, where it was measured on this store."""
    return None if left is None or left.memory_at_least else left.memory_bytes


def _sums(sums: CostTotals | None) -> dict[str, Any]:
    """What the whole study takes, whatever of it is there."""
    return {
        "tokens": sums.tokens if sums else None,
        "flops": sums.flops if sums else None,
        "bytes": sums.bytes if sums else None,
        "gpu_hours": sums.gpu_hours if sums else None,
        "memory_bytes": sums.memory if sums else None,
        "gpus": sums.gpus if sums else None,
        "disk_bytes": sums.disk if sums else None,
    }


def _left(sums: Totals | None) -> dict[str, Any]:
    """What is to be made yet, and the time that earlier work tells of it."""
    return {
        "artifacts": sums.artifacts if sums else None,
        "to_make": sums.to_make if sums else None,
        "tokens_to_make": sums.tokens if sums else None,
        "seconds": _rounded(sums.seconds) if sums else None,
        "unknown": sums.unknown if sums else None,
    }


def _precision(one: Expected) -> dict[str, Any]:
    return {
        "dataset": one.dataset,
        "decoding": one.decoding,
        "unit": one.unit,
        "examples": one.design.examples,
        "clusters": one.design.clusters,
        "counted": one.design.counted,
        "standard_error": one.error,
        "half_width": one.half_width if math.isfinite(one.half_width) else None,
        "needed_examples": one.needed.examples,
        "needed_clusters": one.needed.clusters,
        "source": one.source,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
