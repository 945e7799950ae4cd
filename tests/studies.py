"""A whole small study on disk: Markov checkpoints, texts, and the file that joins them."""

from pathlib import Path
from typing import Any

import yaml
from markov import chain, texts, write_checkpoint, write_texts

PROMPT, CONTINUATION, EXAMPLES = 4, 24, 100


def write_models(root: Path, *, count: int) -> None:
    """Checkpoints m0, m1, … of different chains."""
    for number in range(count):
        write_checkpoint(root / f"m{number}", chain(number), end_probability=0.001)


def model(number: int, **labels: object) -> dict[str, object]:
    """A study's entry for one of them; sizes are stated, since all chains have the same."""
    size = 1000 * 2**number
    return {
        "name": f"m{number}",
        "path": f"m{number}",
        "family": "chains",
        "parameters": size,
    } | labels


def write_study(root: Path, *, models: list[dict[str, object]], **changes: Any) -> Path:  # noqa: ANN401
    """The study file; texts are written beside it once."""
    data = root / "texts.jsonl"
    if not data.exists():
        lines = texts(chain(99), count=EXAMPLES, length=PROMPT + CONTINUATION, seed=5)
        write_texts(data, lines)
    study: dict[str, Any] = {
        "name": "chains",
        "root": str(root),
        "models": models,
        "datasets": [
            {
                "name": "letters",
                "source": {"kind": "files", "path": "texts.jsonl", "cluster": "cluster"},
                "prompt": PROMPT,
                "continuation": CONTINUATION,
                "examples": EXAMPLES,
            }
        ],
        "decodings": [{"temperature": 1.0}, {"temperature": 0.8}],
    } | changes
    path = root / "study.yaml"
    path.write_text(yaml.safe_dump(study))
    return path
