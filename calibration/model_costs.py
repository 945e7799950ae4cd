"""What a study costs on a named GPU, a model at a time: from sizes alone, before anything is read.

Whoever asks brings the sizes of the models; a model whose sizes are not known has no cost.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from calibration.cost import asked_of
from calibration.engine.replay import REPLAYED
from calibration.hardware import Gpu
from calibration.outlay import Asked, Machine, Network, loading, outlay, placement, together
from calibration.study import ModelEntry, Shape, Study

HOUR: Final = 3600.0
# Bytes of a token in a store, compressed, from the quick start of five small models: the token
# takes two, and each of its three or four values the four that it has, less some of the exponent.
SAMPLE_BYTES: Final = 18
REPLAY_BYTES: Final = 21
SCORE_BYTES: Final = 16
# Of a summary, for each text and for each step: sums at 32 lengths, and moments.
SUMMARY_TEXT_BYTES: Final = 1000
SUMMARY_STEP_BYTES: Final = 170
STORED_BYTES: Final = 2  # of a weight in a repository that cannot be asked: 16 bits


class Sizes(NamedTuple):
    """What is known of a model that was not loaded."""

    shape: Shape
    fetched: int  # bytes of the files that a run fetches


class ModelCost(NamedTuple):
    """What one model takes over all data sets and decodings of a study."""

    name: str
    parameters: int
    tokens: int  # read or written by the network, at most
    flops: float
    bytes: float  # moved in the GPU's memory
    seconds: float
    memory: int  # bytes, on its GPUs together
    gpus: int
    fetched: int  # bytes of weights to fetch
    stored: int  # bytes of its artifacts

    @property
    def gpu_hours(self) -> float:
        """All its GPUs are held as long as it runs."""
        return self.gpus * self.seconds / HOUR

    @property
    def disk(self) -> int:
        return self.fetched + self.stored


class StudyCost(NamedTuple):
    """The costs of those models whose sizes are known, in the study's order."""

    gpu: Gpu
    models: tuple[ModelCost, ...]


class CostTotals(NamedTuple):
    """Sums over models that are measured one after another; of memory and GPUs the most."""

    tokens: int
    flops: float
    bytes: float
    gpu_hours: float
    memory: int
    gpus: int
    disk: int


def study_cost(study: Study, sizes: Mapping[str, Sizes], gpu: Gpu) -> StudyCost:
    """What a study costs, given the sizes of its models by name."""
    known = [model for model in study.models if model.name in sizes]
    return StudyCost(gpu, tuple(_model_cost(study, one, sizes[one.name], gpu) for one in known))


def cost_totals(models: Sequence[ModelCost]) -> CostTotals:
    """The sums over some models."""
    return CostTotals(
        tokens=sum(one.tokens for one in models),
        flops=sum(one.flops for one in models),
        bytes=sum(one.bytes for one in models),
        gpu_hours=sum(one.gpu_hours for one in models),
        memory=max((one.memory for one in models), default=0),
        gpus=max((one.gpus for one in models), default=0),
        disk=sum(one.disk for one in models),
    )


def _model_cost(study: Study, model: ModelEntry, sizes: Sizes, gpu: Gpu) -> ModelCost:
    network = Network(sizes.shape, model.precision, model.gpus)
    asked = [asked_of(study, model, dataset) for dataset in study.datasets]
    placed = placement(network, asked, gpu)
    work = [outlay(network, one, Machine(gpu), placed) for one in asked]
    whole = together([loading(network), *work])
    return ModelCost(
        name=model.name,
        parameters=model.parameters or sizes.shape.parameters,
        tokens=whole.tokens,
        flops=whole.flops,
        bytes=whole.bytes,
        seconds=whole.seconds,
        memory=placed.memory,
        gpus=placed.gpus,
        fetched=sizes.fetched,
        stored=stored_bytes(asked),
    )


def stored_bytes(asked: Iterable[Asked]) -> int:
    """What the artifacts of a model take in a store."""
    return sum(_stored(one) for one in asked)


def _stored(asked: Asked) -> int:
    each = asked.draws * SAMPLE_BYTES + SCORE_BYTES
    replayed = min(REPLAYED, asked.examples * asked.draws) * REPLAY_BYTES
    summary = asked.examples * SUMMARY_TEXT_BYTES + asked.continuation * SUMMARY_STEP_BYTES
    tables = asked.continuation * (asked.examples * each + replayed)
    return asked.decodings * (tables + summary)
