"""What a plan predicts of time, against the seconds that sampling and scoring then take.

    python benchmarks/outlay.py --rounds 7 --threads 1

This machine stands for a GPU: its copies and products are measured, and what a step costs whatever
its sizes is taken from networks so small that nothing else is left, which are none of those tested.
Then the models of the ladder are sampled and scored. Machine and models are measured in turn, in
seconds of the processor, since others use it too; what is printed is the median over rounds of
predicted over measured, with the smallest and the largest. Nothing is fitted to what is tested.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from engine import TEMPERATURES, Work, ours_sample, ours_score

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from calibration.hardware import Gpu
from calibration.outlay import Asked, Machine, Overhead, prompts, sampling, scoring, together
from calibration.outlay import Network as Sized
from calibration.study import ModelEntry
from storage.networks import Network
from storage.shapes import read_sizes

LADDER = ("60k", "172k", "431k", "935k", "2.4M")
TEXTS, PROMPT, STEPS = 64, 32, 224
FEW, MANY = 2, 10  # layers of the networks that show what a layer costs
SMALL_STEPS = 64
TRIES = 5
DTYPE = torch.float32


class Tested(NamedTuple):
    """A model, what a plan knows of it, and what it is measured on."""

    name: str
    sized: Sized
    work: Work


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    tested = [_ladder(name) for name in LADDER]
    small = {layers: _work(_small(layers), TEXTS, 1, SMALL_STEPS) for layers in (FEW, MANY)}
    for one in tested:  # libraries load what they need at first use
        _measured(one)
    ratios: dict[tuple[str, str], list[float]] = {}
    machines = []
    for _ in range(options.rounds):
        machines.append(_machine(small))
        for one in tested:
            found, expected = _measured(one), _predicted(one, machines[-1])
            for kind, took in found.items():
                ratios.setdefault((one.name, kind), []).append(expected[kind] / took)
    _say_machine(machines)
    for (name, kind), values in ratios.items():
        middle = statistics.median(values)
        print(f"  {name:<5} {kind:<9} {middle:5.2f}  ({min(values):.2f} to {max(values):.2f})")
    for kind in ("sampling", "scoring"):
        medians = [statistics.median(found) for key, found in ratios.items() if key[1] == kind]
        print(f"  all   {kind:<9} {statistics.median(medians):5.2f}")


def _measured(one: Tested) -> dict[str, float]:
    """Seconds of each kind of work."""
    return {
        "sampling": seconds(lambda: ours_sample(one.work, TEMPERATURES[:1])),
        "scoring": seconds(lambda: ours_score(one.work, TEMPERATURES)),
    }


def _predicted(one: Tested, machine: Machine) -> dict[str, float]:
    """The same as a plan says it."""
    alone = Asked(TEXTS, 1, PROMPT, STEPS, decodings=1)
    parts = [
        prompts(one.sized, alone, machine, rows=TEXTS),
        sampling(one.sized, alone, machine, rows=TEXTS, spread=False),
    ]
    all_of_them = alone._replace(decodings=len(TEMPERATURES))
    return {
        "sampling": together(parts).seconds,
        "scoring": scoring(one.sized, all_of_them, machine).seconds,
    }


def _machine(small: dict[int, Work]) -> Machine:
    """This machine as a GPU, and what it takes to tell it anything."""
    rate = _product_rate()
    gpu = Gpu("this", "this machine", 1 << 32, _copy_bandwidth(), rate, rate)
    few, many = (_quickest(lambda one=small[n]: ours_sample(one, [1.0])) for n in (FEW, MANY))
    layer = (many - few) / (MANY - FEW) / SMALL_STEPS
    passes = {n: _few_texts(small[n]) for n in (FEW, MANY)}
    reading = {n: _quickest(lambda one=passes[n]: ours_score(one, [1.0])) for n in (FEW, MANY)}
    library = (reading[MANY] - reading[FEW]) / (MANY - FEW)
    return Machine(gpu, Overhead(layer, library, max(0.0, few / SMALL_STEPS - FEW * layer)))


def seconds(run: Callable[[], object]) -> float:
    """Of the processor: torch has one thread of it."""
    started = time.process_time()
    run()
    return time.process_time() - started


def _copy_bandwidth() -> float:
    """Bytes a second that a large copy moves, reading and writing."""
    source = torch.ones(1 << 27, dtype=torch.uint8)
    target = torch.empty_like(source)
    return 2 * source.numel() / _quickest(lambda: target.copy_(source))


def _product_rate() -> float:
    """Operations a second of a product."""
    left, right = torch.ones(512, 1024), torch.ones(1024, 1024)
    return 2 * 512 * 1024 * 1024 / _quickest(lambda: left @ right)


def _quickest(run: Callable[[], object]) -> float:
    return min(seconds(run) for _ in range(TRIES))


def _few_texts(work: Work) -> Work:
    return Work(work.model, work.network, work.ids[:1, :2], 1, work.uniforms[:1])


def _ladder(name: str) -> Tested:
    path = f"models/ladder/{name}"
    entry = ModelEntry(name=name, family="ladder", path=path)
    model = AutoModelForCausalLM.from_pretrained(ROOT / path, dtype=DTYPE)
    sized = Sized(read_sizes(entry, ROOT).shape, "float32")
    return Tested(name, sized, _work(model, TEXTS, PROMPT, STEPS))


def _small(layers: int) -> PreTrainedModel:
    """A network whose arithmetic is nothing beside the calls it takes."""
    config = LlamaConfig(
        vocab_size=128,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=1,
        num_key_value_heads=1,
        max_position_embeddings=PROMPT + STEPS,
        eos_token_id=0,
    )
    return LlamaForCausalLM(config)


def _work(model: PreTrainedModel, texts: int, prompt: int, steps: int) -> Work:
    torch.manual_seed(0)
    ids = torch.randint(1, model.config.vocab_size, (texts, prompt + steps))
    generator = np.random.default_rng(0)
    uniforms = [generator.random(steps) for _ in range(texts)]
    return Work(model.eval(), Network(model), ids, prompt, uniforms)


def _say_machine(machines: list[Machine]) -> None:
    middle = {
        "copies, GB/s": [one.gpu.bandwidth / 1e9 for one in machines],
        "products, GFLOP/s": [one.gpu.rate / 1e9 for one in machines],
        "a layer of a step, µs": [one.overhead.layer * 1e6 for one in machines],
        "a layer of a library's pass, µs": [one.overhead.library_layer * 1e6 for one in machines],
        "a draw, µs": [one.overhead.step * 1e6 for one in machines],
    }
    for words, values in middle.items():
        print(f"  {words}: {statistics.median(values):.0f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    return parser.parse_args()


if __name__ == "__main__":
    main()
