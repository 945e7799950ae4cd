"""What calibration by looking ahead costs, and what it gains, on the ladder.

    python benchmarks/lookahead.py cost --models 60k 172k --batches 1 8 --json cost.json
    python benchmarks/lookahead.py plane --models 172k --json plane.json

`cost`: one-step look-ahead against plain sampling, per token, in turn; medians of paired ratios.
Beside them the least that they can be here: plain sampling and nothing but the multiplications of
the tried tokens, at the rate of this machine's large products.
`plane`: log loss, EntCE and drift of each way to calibrate, on speeches held out, with clustered
intervals; everything fitted was fitted on the split `stop`, which shares no speech with them. For
each way, its log loss less that of the temperature at which EntCE is the same on the same texts,
negative where looking ahead is better, as the reports of studies have it: all random numbers
common, jackknife over speeches, and what the curve through the temperatures is off by.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine import matmul_rate

from calibration.encoding import encoded
from calibration.engine.blind import Blind
from calibration.engine.candidates import Reach
from calibration.engine.decoding import Decoding, Ending
from calibration.engine.foresight import Adjusted, Foresight, Form
from calibration.engine.future import FutureEntropy, Head, Learning, errors_of, learned
from calibration.engine.language import Language
from calibration.engine.lookahead import OneStepAhead
from calibration.engine.rollouts import Labels, Rollouts, labels_of
from calibration.engine.sampling import Block, Prompt, sample
from calibration.engine.scoring import Score, Text, score
from calibration.engine.strength import fitted
from calibration.engine.uniforms import uniforms
from calibration.engine.values import token_labels, value_labels, value_of
from calibration.recipes import ExamplesRecipe, SourceIdentity, TextsRecipe
from calibration.statistics.ent_ce import COLUMNS
from calibration.statistics.equal_ent_ce import Gain, gain
from calibration.statistics.intervals import Interval, jackknife
from calibration.statistics.ragged import Floats
from calibration.text import selected
from storage.loading import load_network
from storage.networks import Network
from storage.speeches import Split, speeches
from storage.vocabulary import read_vocabulary
from storage.weights import Checkpoint

ENDING = Ending("continue", (0,))
PROMPT, SPAN_BYTES = 32, 2048
TEMPERATURES = (1.03, 1.0, 0.98, 0.96, 0.93, 0.9)  # about those at which EntCE is 0
REACH = Reach(64, 8)
DISTILLED = Reach(32, 16)
LEARNING = Learning(rank=32, epochs=30, rate=3e-3, seed=0)
SEED = 0


class Texts(NamedTuple):
    """Spans of one split, and which speech each is of."""

    texts: list[Text]
    clusters: list[str]


@dataclass(frozen=True)
class Way:
    """One way to decode, measured: totals a speech (speeches, 4)."""

    name: str
    sums: Floats  # entropy on own text, log loss, entropy on human text, steps


def texts_of(split: Split, checkpoint: Checkpoint, *, count: int, steps: int) -> Texts:
    """Spans of a split under the tokenizer of a model."""
    source = SourceIdentity(kind="speeches", content="benchmark", split=split)
    texts = TextsRecipe(source=source, span_bytes=SPAN_BYTES, examples=count, seed=SEED)
    recipe = ExamplesRecipe(
        texts=texts, tokenizer="ladder", prompt=PROMPT, continuation=steps, unit="tokens"
    )
    made = encoded(selected(speeches(split), texts), read_vocabulary(checkpoint), recipe).examples
    pairs = zip(made["prompt_ids"].to_list(), made["continuation_ids"].to_list(), strict=True)
    return Texts([Text(*pair) for pair in pairs], made["cluster"].to_list())


def ways_of(
    language: Language, texts: Texts, decodings: Sequence[Decoding], names: Sequence[str]
) -> list[Way]:
    """Own text and human text of some decodings of a model."""
    prompts = [
        Prompt(one.prompt, uniforms(SEED, "plane", example=row, steps=len(one.continuation)))
        for row, one in enumerate(texts.texts)
    ]
    blocks = [Block(prompts, decoding) for decoding in decodings]
    own = sample(language, blocks, ending=ENDING, progress=lambda rows: None)
    human = score(language, texts.texts, decodings=decodings, ending=ENDING)
    return [
        Way(name, _sums([one.entropy for one in made], scores, texts.clusters))
        for name, made, scores in zip(names, own, human, strict=True)
    ]


def _sums(own: list[np.ndarray], human: list[Score], clusters: list[str]) -> Floats:
    rows = np.array(
        [
            [h.sum(), one.log_loss.sum(), one.entropy.sum(), len(h)]
            for h, one in zip(own, human, strict=True)
        ],
        dtype=np.float64,
    )
    names, place = np.unique(clusters, return_inverse=True)
    sums = np.zeros((len(names), rows.shape[1]))
    np.add.at(sums, place, rows)
    return sums


def ent_ce(totals: Floats) -> Floats:
    return (totals[..., 0] - totals[..., 1]) / totals[..., 3]


def drift(totals: Floats) -> Floats:
    return (totals[..., 0] - totals[..., 2]) / totals[..., 3]


def log_loss(totals: Floats) -> Floats:
    return totals[..., 1] / totals[..., 3]


def calibrated_temperature(path: Sequence[Way]) -> float:
    """The temperature at which EntCE is 0, along those that were measured."""
    found = [float(ent_ce(way.sums.sum(0))) for way in path]
    return float(_along(np.array(found), np.array(TEMPERATURES), 0.0))


def _along(values: Floats, others: Floats, aim: float) -> float:
    """What a path has where its values are `aim`: of a parabola, which chance bends less."""
    return float(np.polyval(np.polyfit(values - aim, others, 2), 0.0))


def against_temperature(way: Way, path: Sequence[Way]) -> Gain:
    """Log loss less that of the temperature of the same EntCE, itself not counted."""
    return gain(_examples(way), [_examples(one) for one in path if one is not way])


def _examples(way: Way) -> pl.DataFrame:
    """SUMMARY_EXAMPLES, as far as they are known, with a row a speech."""
    own, human, teacher, steps = way.sums.T
    known = {"entropy": own, "log_loss": human, "teacher_entropy": teacher}
    columns = {name: known.get(name, steps)[:, None].tolist() for name in COLUMNS}
    rows = range(len(way.sums))
    return pl.DataFrame({"cluster": [str(row) for row in rows], "example": rows} | columns)


def plane(name: str, options: argparse.Namespace) -> dict[str, object]:
    """Every way of one model."""
    checkpoint = Checkpoint(str(Path(__file__).parents[1] / "models/ladder" / name))
    network = load_network(checkpoint, precision="float32")
    fitting = texts_of("stop", checkpoint, count=options.fitting, steps=options.steps)
    held_out = texts_of("held-out", checkpoint, count=options.texts, steps=options.steps)
    print(
        f"{name}: fitted on {len(fitting.texts)} texts of {len(set(fitting.clusters))} speeches, "
        f"measured on {len(held_out.texts)} of {len(set(held_out.clusters))}",
        flush=True,
    )
    at = [Decoding(temperature=one) for one in TEMPERATURES]
    labels = [f"temperature {one}" for one in TEMPERATURES]
    cooled = calibrated_temperature(ways_of(network, fitting, at, labels))
    path = ways_of(network, held_out, at, labels)
    least = fitted(Blind(network), fitting.texts, form="future-entropy", ending=ENDING)
    sharpest = 1 / (1 + least.alphas[0])
    found = ways_of(
        network,
        held_out,
        [Decoding(temperature=cooled), Decoding(temperature=sharpest)],
        [f"temperature {cooled:.3f}, EntCE 0", f"temperature {sharpest:.3f}, least log loss"],
    )
    rows = [told(one, path) for one in (*path, *found)]
    if "one-step" in options.ways:
        rows += one_step(network, fitting, held_out, path)
    if "future" in options.ways:
        rows += future(network, fitting, held_out, path, options)
    return {"ways": rows}


def one_step(
    network: Network, fitting: Texts, held_out: Texts, path: Sequence[Way]
) -> list[dict[str, object]]:
    """One step of look-ahead, at the network's own temperature and at one fitted with it."""
    ahead, rows = OneStepAhead(network, reach=REACH, seed=SEED, ending=ENDING), []
    forms: dict[Form, str] = {"one-step": "one step", "future-entropy": "future entropy of 1"}
    for form, words in forms.items():
        adjustment = fitted(ahead, fitting.texts, form=form, ending=ENDING)
        title = f"{words}, α {adjustment.alphas[0]:+.3f}"
        found = ways_of(Adjusted(ahead, adjustment), held_out, [Decoding()], [title])
        rows.append(told(found[0], path))
    return rows


def future(
    network: Network,
    fitting: Texts,
    held_out: Texts,
    path: Sequence[Way],
    options: argparse.Namespace,
) -> list[dict[str, object]]:
    """Predictors of the network's own text, and of that of the model which they made."""
    rows: list[dict[str, object]] = []
    language: Language = network
    for number in range(1, options.rounds + 1):
        value, head, errors = predictors(network, language, fitting, options)
        print(f"  round {number}: {errors}", flush=True)
        ahead = OneStepAhead(
            network, reach=REACH, seed=SEED, ending=ENDING, value=partial(value_of, value)
        )
        foretelling = FutureEntropy(network, head)
        foresights: dict[str, Foresight] = {"foretold": foretelling, "tried": ahead}
        for words in options.foresights:
            adjustment = fitted(
                foresights[words], fitting.texts, form="future-entropy", ending=ENDING
            )
            title = (
                f"future entropy of {options.horizon} {words}, round {number}, "
                f"α {adjustment.alphas[0]:+.3f}"
            )
            model = Adjusted(foresights[words], adjustment)
            way = ways_of(model, held_out, [Decoding()], [title])[0]
            rows.append(told(way, path) | {"errors": errors})
            if words == "foretold":
                language = model
    return rows


def predictors(
    network: Network, language: Language, texts: Texts, options: argparse.Namespace
) -> tuple[Head, Head, dict[str, dict[str, float]]]:
    """A value of states and a head of tokens, learned on most of the texts, judged on others."""
    started = time.process_time()
    rollouts = Rollouts(places=options.places, horizon=options.horizon, seed=SEED)
    parts = parted(value_labels(network, language, texts.texts, rollouts, ENDING), texts)
    value = learned(parts[0], stopping=parts[1], vocabulary=1, learning=LEARNING)
    errors = {"value": errors_of(value, parts[2])._asdict()}
    few = Texts(*(column[: options.distilled] for column in texts))
    tokens = token_labels(network, value, few.texts, reach=DISTILLED, seed=SEED, ending=ENDING)
    parts = parted(tokens, few)
    head = learned(parts[0], stopping=parts[1], vocabulary=network.vocabulary, learning=LEARNING)
    errors["tokens, of the value"] = errors_of(head, parts[2])._asdict()
    direct = Rollouts(places=4, horizon=options.horizon, seed=SEED + 1, tokens=4)
    judged = parted(labels_of(network, language, texts.texts, direct, ENDING), texts)[2]
    errors["tokens, of rollouts"] = errors_of(head, judged)._asdict()
    print(f"  learned in {time.process_time() - started:.0f} s of the processor", flush=True)
    return value, head, errors


def parted(labels: Labels, texts: Texts) -> list[Labels]:
    """Labels to learn from, to stop on and to judge on, by speech."""
    names = sorted(set(texts.clusters))
    place = np.array([names.index(one) % 5 for one in texts.clusters])[labels.texts.numpy()]
    return [only(labels, kept) for kept in (place > 1, place == 0, place == 1)]


def only(labels: Labels, kept: np.ndarray) -> Labels:
    rows = torch.from_numpy(kept.nonzero()[0])
    return Labels(*(column[rows] for column in labels))


def told(way: Way, path: Sequence[Way]) -> dict[str, object]:
    """Print what was measured of one way; the same as numbers."""
    against = against_temperature(way, path)
    found = {
        "log_loss": jackknife(way.sums, log_loss),
        "ent_ce": jackknife(way.sums, ent_ce),
        "drift": jackknife(way.sums, drift),
        "against_temperature": against.difference,
    }
    words = ", ".join(f"{name} {_written(one)}" for name, one in found.items())
    print(f"  {way.name}: {words}, off by {against.path_error:.4f}", flush=True)
    numbers = {name: asdict(one) for name, one in found.items()}
    path_error = {"path_error": against.path_error}
    return {"name": way.name, "sums": way.sums.tolist()} | numbers | path_error


def _written(one: Interval) -> str:
    return f"{one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}]"


def cost(name: str, options: argparse.Namespace) -> dict[str, object]:
    """Time of one-step look-ahead over that of plain sampling, by batch."""
    checkpoint = Checkpoint(str(Path(__file__).parents[1] / "models/ladder" / name))
    network = load_network(checkpoint, precision="float32")
    ahead = OneStepAhead(network, reach=REACH, seed=SEED, ending=ENDING)
    texts = texts_of("stop", checkpoint, count=max(options.batches), steps=options.steps)
    adjustment = fitted(ahead, texts.texts[:8], form="one-step", ending=ENDING)
    rate = matmul_rate(torch.device("cpu"), torch.float32, 512, 512)
    tried = 2 * network.parameters * REACH.tried / rate
    result: dict[str, object] = {}
    for batch in options.batches:
        prompts = [
            Prompt(one.prompt, uniforms(SEED, "cost", example=row, steps=options.steps))
            for row, one in enumerate(texts.texts[:batch])
        ]
        pairs = [
            (seconds(network, prompts), seconds(Adjusted(ahead, adjustment), prompts))
            for _ in range(options.pairs + 1)
        ][1:]
        ratios = [theirs / ours for ours, theirs in pairs]
        middle = statistics.median(ratios)
        plain = statistics.median(ours for ours, _ in pairs) / (batch * options.steps)
        least = 1 + tried / plain
        print(
            f"  {name}, batch {batch}: {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
            f"at least {least:.2f}, plain {1e6 * plain:.0f} µs a token",
            flush=True,
        )
        result[str(batch)] = {
            "ratio": middle,
            "ratios": ratios,
            "least": least,
            "plain_seconds": plain,
        }
    return result


def seconds(language: Language, prompts: Sequence[Prompt]) -> float:
    """Processor time of one run, which other work on the machine disturbs less than the clock."""
    started = time.process_time()
    sample(language, [Block(prompts, Decoding())], ending=ENDING, progress=lambda rows: None)
    return time.process_time() - started


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    measure = cost if options.what == "cost" else plane
    result: dict[str, object] = {
        "machine": f"{platform.machine()}, {options.threads} threads",
        "torch": torch.__version__,
    }
    for name in options.models:
        result[name] = measure(name, options)
        if options.json:
            Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["cost", "plane"])
    parser.add_argument("--models", nargs="+", default=["172k"], help="rungs of the ladder")
    parser.add_argument("--steps", type=int, default=224, help="tokens of each continuation")
    parser.add_argument("--texts", type=int, default=256, help="that are measured on")
    parser.add_argument("--fitting", type=int, default=256, help="texts that are fitted on")
    ahead = ["foretold", "tried"]
    parser.add_argument("--foresights", nargs="+", choices=ahead, default=ahead)
    parser.add_argument("--distilled", type=int, default=64, help="texts that the head learns from")
    parser.add_argument(
        "--horizon", type=int, default=16, help="steps that a predictor looks ahead"
    )
    parser.add_argument(
        "--rounds", type=int, default=2, help="of predictors, each of the last's text"
    )
    parser.add_argument("--places", type=int, default=16, help="of each text that are labelled")
    ways = ["one-step", "future"]
    parser.add_argument("--ways", nargs="+", choices=ways, default=ways, help="beside temperature")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--pairs", type=int, default=5, help="of runs that count")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--json", help="a file for the numbers")
    return parser.parse_args()


if __name__ == "__main__":
    main()
