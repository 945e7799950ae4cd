"""What a network takes for what is asked of it: operations, bytes, seconds, memory and GPUs.

The sums follow the engine step by step: prompts enter once for all decodings, each step of writing
reads the weights once for a whole batch and the cache of every row, one pass over the human texts
serves all decodings, and some of what was written is read again. Products with weights, attention
and the measuring of logits come one after the other; each takes what the slower of memory and
arithmetic needs, at the share of a data sheet that is reached, and telling the device takes its
own time. Knows no study and no disk.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from calibration.engine.memory import (
    CHUNK_LOGITS,
    LOGIT_ARRAYS,
    PROMPT_TOKENS,
    TOKENS_AT_ONCE,
    WEIGHTS_SHARE,
    rows_that_fit,
)
from calibration.engine.replay import REPLAYED
from calibration.estimates import BYTES
from calibration.hardware import Gpu
from calibration.recipes import Precision
from calibration.study import Shape

# Of what a device can move or compute: sampling with 135 million parameters reached .48 to .51 of
# the copies and products of a machine with two cores (benchmarks/engine.py). GPUs were not at hand.
EFFICIENCY: Final = 0.5
# Times that the logits of a step are read or written until a token is drawn and its entropy known,
# counted in the operations of `measured`, `entropy` and `draw`: masked, shifted, exponentiated,
# multiplied, summed.
LOGIT_PASSES: Final = 16
# Bytes a second from a disk to a device: a fast local disk; a network's disk is slower.
LOADING: Final = 1e9
LOADS: Final = 2  # to sample and to score
PART_ROWS: Final = 64  # a batch's rows come in as many: with fewer, weights are read for few
MOST_GPUS: Final = 1024  # no machine has more; what fits nowhere is said to need as many


class Overhead(NamedTuple):
    """Seconds that telling a device takes, whatever the sizes."""

    layer: float  # of a step, through the engine's own arrays
    library_layer: float  # of a pass, through a library's modules
    step: float  # to draw a token for each row and measure it


# Counted for a GPU, since none was at hand: a layer is some fifteen kernels, of which one that was
# recorded takes 2 to 3 µs however little it does; through modules it is forty calls, as is a draw,
# of 10 to 15 µs each.
OVERHEAD: Final = Overhead(layer=40e-6, library_layer=500e-6, step=500e-6)


class Machine(NamedTuple):
    """Where it runs."""

    gpu: Gpu
    overhead: Overhead = OVERHEAD


class Network(NamedTuple):
    """What the cost of a model goes by."""

    shape: Shape
    precision: Precision
    gpus: int = 1  # at least

    @property
    def each(self) -> int:
        """Bytes of a weight."""
        return int(BYTES[self.precision])

    @property
    def weight_bytes(self) -> int:
        return self.shape.parameters * self.each

    @property
    def cache_bytes(self) -> int:
        """Of the keys and values of one token."""
        return 2 * self.shape.layers * self.shape.key_value_width * self.each

    @property
    def head(self) -> int:
        """Weights that project onto the vocabulary: as many as the embedding has."""
        return self.shape.vocabulary * self.shape.width

    @property
    def inner(self) -> int:
        """Weights of the layers. An embedding is looked up, and no product."""
        embeddings = self.head if self.shape.tied else 2 * self.head
        return max(0, self.shape.parameters - embeddings)


class Asked(NamedTuple):
    """What is asked of a model on one data set, in tokens."""

    examples: int
    draws: int  # continuations of each prompt under each decoding
    prompt: int  # with the instruction before it
    continuation: int
    decodings: int
    rescored: bool = False  # what was written is read by other weights, such as those of 4 bits
    tried: int = 0  # next tokens read beside each token, over all decodings that look ahead
    fitting: int = 0  # tokens read or written to fit decodings

    @property
    def rows(self) -> int:
        """Continuations to write."""
        return self.examples * self.draws * self.decodings

    @property
    def length(self) -> int:
        return self.prompt + self.continuation


class Outlay(NamedTuple):
    """What some work takes."""

    tokens: int  # read or written by the network
    flops: float
    bytes: float  # of the device's memory, read or written
    seconds: float


class _Kernel(NamedTuple):
    """Work that waits for the work before it."""

    flops: float
    bytes: float


class Placement(NamedTuple):
    """How a network lies on GPUs."""

    gpus: int
    rows: int  # of a batch
    memory: int  # bytes, on all of them together: weights, the cache of a batch, its logits


def placement(network: Network, asked: Sequence[Asked], gpu: Gpu) -> Placement:
    """The fewest GPUs, a power of two or what is stated, that hold weights and rows enough.

    Enough is one part of 64 rows, or half of what an empty GPU would hold where that is less: with
    fewer, the weights that a step reads serve so few rows that a further GPU pays for itself.
    """
    positions = max(one.length for one in asked)
    needed = 1
    while needed < MOST_GPUS and not _holds(network, positions, gpu, needed):
        needed *= 2
    gpus = max(needed, network.gpus)
    rows = min(_rows(network, positions, gpu, gpus), max(one.rows for one in asked))
    a_row = positions * network.cache_bytes + LOGIT_ARRAYS * 4 * network.shape.vocabulary
    return Placement(gpus, rows, network.weight_bytes + rows * a_row)


def outlay(network: Network, asked: Asked, machine: Machine, placed: Placement) -> Outlay:
    """What one data set takes."""
    spread = placed.gpus > 1
    parts = [
        prompts(network, asked, machine, rows=placed.rows),
        sampling(network, asked, machine, rows=placed.rows, spread=spread),
        scoring(network, asked, machine),
        replay(network, asked, machine),
        rescoring(network, asked, machine),
        looking_ahead(network, asked, machine, rows=placed.rows),
        fitting(network, asked, machine),
    ]
    return together(parts)


def loading(network: Network) -> Outlay:
    """Its weights from a disk, once to sample and once to score."""
    moved = LOADS * network.weight_bytes
    return Outlay(0, 0.0, float(moved), moved / LOADING)


def together(parts: Iterable[Outlay]) -> Outlay:
    """The sums."""
    tokens, flops, moved, seconds = zip(*parts, strict=True)
    return Outlay(sum(tokens), sum(flops), sum(moved), sum(seconds))


def prompts(network: Network, asked: Asked, machine: Machine, *, rows: int) -> Outlay:
    """Prompts on their way in, once for the decodings that share a batch."""
    texts = asked.examples * asked.draws
    parts = max(1, rows // min(PART_ROWS, texts))  # of a batch
    times = math.ceil(asked.decodings / parts)
    tokens = texts * asked.prompt
    passes = times * math.ceil(tokens / PROMPT_TOKENS)
    kernels = [
        _Kernel(2 * times * network.inner * tokens, passes * network.inner * network.each),
        _Kernel(times * texts * _attention(network, asked.prompt), 0),
    ]
    overhead = passes * network.shape.layers * machine.overhead.layer
    return _timed(network, machine, kernels, tokens=tokens, overhead=overhead)


def sampling(
    network: Network, asked: Asked, machine: Machine, *, rows: int, spread: bool
) -> Outlay:
    """Continuations, all of full length: those that end early make it less."""
    batches = math.ceil(asked.rows / _sharing(network, asked, rows))
    steps, tokens = batches * asked.continuation, asked.rows * asked.continuation
    weights = network.inner + network.head
    seen = asked.rows * _seen(asked)  # tokens in the cache, over all steps
    shape = network.shape
    kernels = [
        _Kernel(2 * weights * tokens, steps * weights * network.each),
        _Kernel(4 * shape.layers * shape.width * seen, seen * network.cache_bytes),
        _logits(network, tokens),
    ]
    told = machine.overhead
    layer = told.library_layer if spread else told.layer  # layers that are spread are a library's
    overhead = steps * (shape.layers * layer + told.step)
    return _timed(network, machine, kernels, tokens=tokens, overhead=overhead)


def scoring(network: Network, asked: Asked, machine: Machine) -> Outlay:
    """Human texts, each read once for all decodings."""
    return _read(network, asked, machine, texts=asked.examples, decodings=asked.decodings)


def replay(network: Network, asked: Asked, machine: Machine) -> Outlay:
    """The gate: some texts under each decoding read again. Its tokens are not those of the study's
    tables, and not counted."""
    texts = asked.decodings * min(REPLAYED, asked.examples * asked.draws)
    return _read(network, asked, machine, texts=texts, decodings=1)._replace(tokens=0)


def rescoring(network: Network, asked: Asked, machine: Machine) -> Outlay:
    """What was written, read by other weights where that is asked; unpacking is not counted."""
    texts = asked.rows if asked.rescored else 0
    return _read(network, asked, machine, texts=texts, decodings=1)


def looking_ahead(network: Network, asked: Asked, machine: Machine, *, rows: int) -> Outlay:
    """Next tokens that are tried, each time with the whole vocabulary's probabilities after them.

    One step holds all that are tried of a batch, so that weights are read once for them; along
    human text as while writing.
    """
    texts = asked.examples * (asked.draws + 1)
    tokens = texts * asked.continuation * asked.tried
    steps = math.ceil(texts / rows) * asked.continuation if asked.tried else 0
    return _products(network, asked, machine, tokens=tokens, passes=steps)


def fitting(network: Network, asked: Asked, machine: Machine) -> Outlay:
    """Decodings that are fitted, on texts of their own, a batch of tokens a pass, at most.

    As if each token had its logits measured, which those that a cache takes in have not.
    """
    passes = math.ceil(asked.fitting / TOKENS_AT_ONCE)
    return _products(network, asked, machine, tokens=asked.fitting, passes=passes)


def _products(
    network: Network, asked: Asked, machine: Machine, *, tokens: int, passes: int
) -> Outlay:
    """Tokens of which each has its logits measured."""
    weights, shape = network.inner + network.head, network.shape
    seen = tokens * (asked.prompt + asked.continuation // 2)  # by each, of those before it
    kernels = [
        _Kernel(2 * weights * tokens, passes * weights * network.each),
        _Kernel(4 * shape.layers * shape.width * seen, 0),
        _logits(network, tokens),
    ]
    overhead = passes * (shape.layers * machine.overhead.library_layer + machine.overhead.step)
    return _timed(network, machine, kernels, tokens=tokens, overhead=overhead)


def _read(
    network: Network, asked: Asked, machine: Machine, *, texts: int, decodings: int
) -> Outlay:
    """A pass over whole texts, of whose continuations every logit is measured."""
    tokens, measured = texts * asked.length, texts * asked.continuation
    passes = math.ceil(tokens / TOKENS_AT_ONCE)
    chunks = math.ceil(measured * network.shape.vocabulary / CHUNK_LOGITS)
    weights = (passes * network.inner + chunks * network.head) * network.each
    kernels = [
        _Kernel(2 * (network.inner * tokens + network.head * measured), weights),
        _Kernel(texts * _attention(network, asked.length), 0),
        _logits(network, measured * decodings),
    ]
    told = machine.overhead
    overhead = passes * network.shape.layers * told.library_layer + chunks * decodings * told.step
    return _timed(network, machine, kernels, tokens=tokens, overhead=overhead)


def _timed(
    network: Network,
    machine: Machine,
    kernels: Sequence[_Kernel],
    *,
    tokens: int,
    overhead: float,
) -> Outlay:
    gpu = machine.gpu
    rate = gpu.float32_rate if network.precision == "float32" else gpu.rate
    needed = sum(max(one.bytes / gpu.bandwidth, one.flops / rate) for one in kernels)
    return Outlay(
        tokens,
        float(sum(one.flops for one in kernels)),
        float(sum(one.bytes for one in kernels)),
        needed / EFFICIENCY + overhead,
    )


def _attention(network: Network, length: int) -> int:
    """Operations of each token looking at those before it: twice a product over half of all."""
    return 2 * network.shape.layers * network.shape.width * length**2


def _seen(asked: Asked) -> int:
    """Tokens that one row looks at, over all its steps."""
    return asked.continuation * asked.prompt + asked.continuation**2 // 2


def _logits(network: Network, positions: int) -> _Kernel:
    """Measuring the logits of some positions: what is computed is little beside what is moved."""
    return _Kernel(0, LOGIT_PASSES * 4 * network.shape.vocabulary * positions)


def _sharing(network: Network, asked: Asked, rows: int) -> int:
    """Rows of a batch. In float32 the parts of one index share one, and whole parts make it."""
    if network.precision == "float32":
        rows = min(rows, asked.decodings * PART_ROWS)
    return rows if rows < PART_ROWS else rows // PART_ROWS * PART_ROWS


def _holds(network: Network, positions: int, gpu: Gpu, gpus: int) -> bool:
    if network.weight_bytes > WEIGHTS_SHARE * gpus * gpu.memory:
        return False
    empty = _fitting(network, positions, gpu.memory)
    return _rows(network, positions, gpu, gpus) >= min(PART_ROWS, empty // 2)


def _rows(network: Network, positions: int, gpu: Gpu, gpus: int) -> int:
    # As the engine counts them: whole rows in what is free on one of the GPUs.
    return _fitting(network, positions, gpu.memory - network.weight_bytes // gpus)


def _fitting(network: Network, positions: int, free: int) -> int:
    return rows_that_fit(
        max(0, free),
        cache_bytes=network.cache_bytes,
        positions=positions,
        vocabulary=network.shape.vocabulary,
    )
