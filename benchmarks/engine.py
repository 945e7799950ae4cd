"""How fast the engine measures, against what people use now and against the hardware's floor.

    python benchmarks/engine.py --shape 172k --batch 128 --json 172k.json

Needs torch, numpy and transformers alone; weights are random. The reference path is transformers'
`generate`, then one forward pass with full logits and `log_softmax` over what was generated, and
another over the human text, once for each temperature. Both run in turn, several times; what is
printed is the median of the paired ratios, with the smallest and the largest. The floor is what
the machine itself needs: bytes moved at its copy bandwidth, or operations at its matrix rate.
"""

import argparse
import gc
import json
import multiprocessing
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from calibration.engine.decoding import Decoding, Ending
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Text, score
from storage.networks import Network

TEMPERATURES = (1.0, 0.95, 0.9, 0.85, 0.8)  # the paper's
ENDING = Ending("continue", (0,))
# Vocabulary, width, inner width, layers, heads, heads of keys and values.
SHAPES = {
    "172k": (1024, 64, 168, 2, 2, 2),  # of the ladder
    "135m": (49152, 576, 1536, 30, 9, 3),
    "1b": (128256, 2048, 8192, 16, 32, 8),
    "7b": (152064, 3584, 18944, 28, 28, 4),
}


@dataclass(frozen=True)
class Setup:
    """What is measured."""

    architecture: str
    shape: str
    batch: int
    prompt: int
    steps: int
    precision: str
    threads: int


@dataclass(frozen=True)
class Work:
    """A model and the texts it is measured on."""

    model: PreTrainedModel
    network: Network
    ids: Tensor  # (batch, prompt + steps): prompts and human continuations
    prompt: int
    uniforms: list[np.ndarray]

    @property
    def steps(self) -> int:
        return self.ids.shape[1] - self.prompt

    @property
    def prompts(self) -> Tensor:
        return self.ids[:, : self.prompt]


def reference_sample(work: Work, temperature: float) -> None:
    """Generate, then score what was generated: entropy and log probability of every step."""
    made = work.model.generate(
        work.prompts,
        attention_mask=torch.ones_like(work.prompts),
        do_sample=True,
        temperature=temperature,
        top_k=0,
        top_p=1.0,
        min_new_tokens=work.steps,
        max_new_tokens=work.steps,
        pad_token_id=0,
    )
    rescored(work, made, temperature)


def reference_score(work: Work, temperature: float) -> None:
    """Score the human text under one temperature."""
    rescored(work, work.ids, temperature)


@torch.inference_mode()
def rescored(work: Work, ids: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Entropy and log loss of every continuation token, by full logits.  # (batch, steps)"""
    logits = work.model(ids).logits[:, work.prompt - 1 : -1].float() / temperature
    log_probs = torch.log_softmax(logits, dim=-1)
    entropy = -(log_probs.exp() * log_probs).sum(-1)
    loss = -log_probs.gather(-1, ids[:, work.prompt :].unsqueeze(-1)).squeeze(-1)
    return entropy.cpu(), loss.cpu()


def ours_sample(work: Work, temperatures: Sequence[float]) -> None:
    """Sample and measure under every temperature in one pass."""
    prompts = [
        Prompt(ids.tolist(), uniforms)
        for ids, uniforms in zip(work.prompts, work.uniforms, strict=True)
    ]
    blocks = [Block(prompts, Decoding(temperature=one)) for one in temperatures]
    sample(work.network, blocks, ending=ENDING, progress=lambda rows: None)


def ours_score(work: Work, temperatures: Sequence[float]) -> None:
    """Score the human text under every temperature from one pass."""
    texts = [Text(row[: work.prompt].tolist(), row[work.prompt :].tolist()) for row in work.ids]
    decodings = [Decoding(temperature=one) for one in temperatures]
    score(work.network, texts, decodings=decodings, ending=ENDING)


def all_scored(work: Work) -> None:
    """The reference path over the human text: once for each temperature."""
    for temperature in TEMPERATURES:
        reference_score(work, temperature)


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one run, the device's queue included."""
    synchronize()
    started = time.perf_counter()
    run()
    synchronize()
    return time.perf_counter() - started


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_bytes(run: Callable[[], object]) -> int:
    """The most memory held above what was held before."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    run()
    return max(1, _resident("VmHWM") - before)


def _resident(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def copy_bandwidth(device: torch.device) -> float:
    """Bytes a second that a large copy moves, reading and writing."""
    source = torch.ones(1 << 27, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * source.numel() / min(seconds(lambda: target.copy_(source)) for _ in range(7))


def matmul_rate(device: torch.device, dtype: torch.dtype, rows: int, width: int) -> float:
    """Operations a second of a product of the shape of one decode step."""
    left = torch.ones(rows, width, dtype=dtype, device=device)
    right = torch.ones(width, 4 * width, dtype=dtype, device=device)
    return 2 * rows * width * 4 * width / min(seconds(lambda: left @ right) for _ in range(15))


def floor_seconds(work: Work) -> float:
    """The least time that the machine needs to sample: bytes or operations, whichever is more."""
    config, weights = work.model.config, work.model.num_parameters()
    each = next(work.model.parameters()).element_size()
    rows, steps = work.ids.shape[0], work.steps
    head = config.hidden_size // config.num_attention_heads
    a_token = 2 * config.num_hidden_layers * config.num_key_value_heads * head * each
    cached = rows * a_token * (work.prompt + steps / 2)
    device, dtype = work.network.device, work.model.dtype
    moving = steps * (weights * each + cached) / copy_bandwidth(device)
    rate = matmul_rate(device, dtype, rows, config.hidden_size)
    return max(moving, 2 * weights * rows * steps / rate)


def made_work(setup: Setup) -> Work:
    """A model of an architecture and a shape with random weights, and random texts."""
    torch.manual_seed(0)
    vocabulary, width, inner, layers, heads, key_value_heads = numbers_of(setup.shape)
    length = setup.prompt + setup.steps
    config = AutoConfig.for_model(
        setup.architecture,
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_value_heads,
        max_position_embeddings=length,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(
            config, dtype=getattr(torch, setup.precision)
        ).eval()
    ids = torch.randint(1, vocabulary, (setup.batch, length), device=device)
    generator = np.random.default_rng(0)
    uniforms = [generator.random(setup.steps) for _ in range(setup.batch)]
    return Work(model, Network(model), ids, setup.prompt, uniforms)


def numbers_of(shape: str) -> tuple[int, ...]:
    """The numbers of a shape that is named, or given as six numbers."""
    if shape in SHAPES:
        return SHAPES[shape]
    numbers = tuple(int(one) for one in shape.split(","))
    if len(numbers) != 6:
        raise SystemExit(
            f"--shape {shape}: {', '.join(SHAPES)} or six numbers with commas were expected: "
            "vocabulary, width, inner width, layers, heads, heads of keys and values"
        )
    return numbers


def paired(pairs: int, reference: Callable[[], object], ours: Callable[[], object]) -> list[float]:
    """Reference time over ours, run in turn; the first pair warms both up and does not count."""
    ratios = []
    for _ in range(pairs + 1):
        theirs = seconds(reference)
        ratios.append(theirs / seconds(ours))
    return ratios[1:]


def said(name: str, ratios: Sequence[float]) -> float:
    """Print the median with its spread; the median."""
    middle = statistics.median(ratios)
    print(f"  {name:<14} {middle:6.2f}  ({min(ratios):.2f} to {max(ratios):.2f})", flush=True)
    return round(middle, 3)


def measured(setup: Setup, pairs: int) -> dict[str, float]:
    """Every ratio of one shape."""
    result = ratios(made_work(setup), setup, pairs)
    ours, theirs = (peak_of(setup, name) for name in ("ours", "theirs"))
    print(f"  score peak     {ours / 2**20:.0f} MiB above the weights, theirs {theirs / 2**20:.0f}")
    return result | {"memory_ratio": round(theirs / ours, 3)}


def ratios(work: Work, setup: Setup, pairs: int) -> dict[str, float]:
    """Times of theirs over ours, and the part of ours that the floor is."""
    one, size = TEMPERATURES[0], work.model.num_parameters()
    print(
        f"{setup.architecture} {setup.shape}: {size:,} parameters, batch {setup.batch}, "
        f"{setup.prompt} + {setup.steps} tokens, {setup.precision}"
    )
    runs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "sample_ratio": (lambda: reference_sample(work, one), lambda: ours_sample(work, [one])),
        "score_ratio": (lambda: all_scored(work), lambda: ours_score(work, TEMPERATURES)),
        "study_ratio": (lambda: reference_study(work), lambda: ours_study(work)),
    }
    found = {name: said(name, paired(pairs, *both)) for name, both in runs.items()}
    ours = [seconds(runs["sample_ratio"][1]) for _ in range(3)]
    fraction = floor_seconds(work) / statistics.median(ours)
    print(f"  floor_fraction {fraction:.2f}")
    return found | {"floor_fraction": round(fraction, 3)}


def peak_of(setup: Setup, name: str) -> int:
    """The most memory of one way to score, in a process that has done nothing else.

    A process keeps what it once needed, and would need no more for what takes less.
    """
    if torch.cuda.is_available():
        return scoring_peak(setup, name)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return int(pool.apply(scoring_peak, (setup, name)))


def scoring_peak(setup: Setup, name: str) -> int:
    """The same in this process: ours under every temperature, theirs under one."""
    if setup.threads:
        torch.set_num_threads(setup.threads)
    work = made_work(setup)
    few = replace(work, ids=work.ids[:2], uniforms=work.uniforms[:2])
    runs = {
        "ours": lambda texts: ours_score(texts, TEMPERATURES),
        "theirs": lambda texts: reference_score(texts, TEMPERATURES[0]),
    }
    runs[name](few)  # libraries load what they need at first use
    return peak_bytes(lambda: runs[name](work))


def reference_study(work: Work) -> None:
    """Five temperatures, as people do it now."""
    for temperature in TEMPERATURES:
        reference_sample(work, temperature)
    all_scored(work)


def ours_study(work: Work) -> None:
    """Five temperatures through the engine."""
    ours_sample(work, TEMPERATURES)
    ours_score(work, TEMPERATURES)


def main() -> None:
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    result: dict[str, object] = {"machine": _machine(), "torch": torch.__version__}
    for shape in options.shape:
        setup = Setup(
            options.architecture,
            shape,
            options.batch,
            options.prompt,
            options.steps,
            options.precision,
            options.threads,
        )
        result[shape] = measured(setup, options.pairs)
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


def _machine() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{platform.machine()}, {torch.get_num_threads()} threads"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--architecture", default="llama", help="as transformers names it")
    names = ", ".join(SHAPES)
    parser.add_argument("--shape", nargs="+", default=["172k"], help=f"{names}, or six numbers")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--prompt", type=int, default=32)
    parser.add_argument("--steps", type=int, default=224)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--pairs", type=int, default=5, help="of runs that count")
    parser.add_argument("--threads", type=int, default=0, help="of torch; all by default")
    parser.add_argument("--json", help="a file for the numbers")
    return parser.parse_args()


if __name__ == "__main__":
    main()
