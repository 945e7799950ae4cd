"""A short real measurement of models whose speed is not known; nothing of it is kept.

A model of the hub that is not here yet is fetched, as a run would.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from calibration.cost import tokens_each
from calibration.decodings import PlainDecoding
from calibration.engine.decoding import Ending
from calibration.lineage import Lineage, Measurement
from calibration.measurement import Sizes, sampled_part, scored_part
from calibration.paces import MEASURED, Network, Pace
from calibration.planned import Plan
from calibration.probing import (
    Shape,
    few_steps,
    in_proportion,
    in_tokens,
    made_up_examples,
    sampling_rate,
    scoring_rate,
)
from calibration.recipes import SamplesRecipe
from flows.plan import parameters_of
from storage.loading import load_network
from storage.networks import Network as LoadedNetwork
from storage.parts import PART_ROWS
from storage.provenance import device_name, peak_memory
from storage.weights import checkpoint

TIMES = 3  # the quickest counts: the first warms up, and others use the machine too


def probed(lineage: Lineage, plan: Plan, *, say: Callable[[str], None]) -> list[Pace]:
    """How fast the models of a plan are that it knows no speed of. Raises ModelError."""
    unknown = _unmeasured(lineage, plan)
    found: list[Pace] = []
    for number, one in enumerate(unknown, start=1):
        say(f"probe {one.model.name} ({number} of {len(unknown)})")
        found += _paces(one, lineage)
    return found


def _unmeasured(lineage: Lineage, plan: Plan) -> list[Measurement]:
    """The longest measurement of each model that was never timed.

    The smallest model comes first: the most memory that a process held never falls.
    """
    lacking = {
        one.address
        for one in plan.artifacts
        if one.kind in MEASURED and one.is_to_make and not one.estimate.is_own
    }
    longest: dict[str, Measurement] = {}
    for one in sorted(lineage.measurements, key=lambda one: -tokens_each(one.samples)):
        of_network = one.samples.adjusted is None
        if of_network and lacking & {one.samples.address, one.scores.address}:
            longest.setdefault(one.model.name, one)
    sizes = parameters_of(lineage)
    return sorted(longest.values(), key=lambda one: sizes[one.samples.model.weights])


def _paces(one: Measurement, lineage: Lineage) -> list[Pace]:
    model = one.samples.model
    where = checkpoint(one.model, Path(lineage.study.root))
    network = load_network(where, precision=model.precision)
    rates = {
        "samples": _sampling_rate(one.samples, network),
        "scores": _scoring_rate(one, network, lineage),
    }
    size = Network(model.weights, model.precision, network.parameters)
    title = f"a probe of {one.model.name}"
    return [
        Pace(kind, size, rate, peak_memory(), device_name(), title) for kind, rate in rates.items()
    ]


def _sampling_rate(recipe: SamplesRecipe, network: LoadedNetwork) -> float:
    sizes: Sizes = np.zeros(network.vocabulary, dtype=np.int64)
    few = few_steps(recipe)

    def seconds(shape: Shape) -> float:
        rows = made_up_examples(recipe, shape, rows=PART_ROWS, vocabulary=network.vocabulary)
        return _seconds(
            lambda: sampled_part(
                rows, network, in_tokens(recipe), sizes=sizes, progress=lambda _: None
            )
        )

    first = seconds(few._replace(continuation=1))
    return sampling_rate(recipe, rows=PART_ROWS, first=first, few=seconds(few))


def _scoring_rate(one: Measurement, network: LoadedNetwork, lineage: Lineage) -> float:
    recipe = one.samples
    shape = in_proportion(recipe)
    rows = made_up_examples(recipe, shape, rows=PART_ROWS, vocabulary=network.vocabulary)
    written = lineage.study.decodings_of(one.model)
    plain = [entry.decoding for entry in written if isinstance(entry, PlainDecoding)]
    decodings = plain or [recipe.decoding]
    ending = Ending(recipe.at_end, recipe.end_ids)
    seconds = _seconds(lambda: scored_part(rows, network, decodings=decodings, ending=ending))
    return scoring_rate(recipe, rows=PART_ROWS, seconds=seconds)


def _seconds(work: Callable[[], object]) -> float:
    return min(_once(work) for _ in range(TIMES))


def _once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
