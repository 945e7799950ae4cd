"""What `calibration measure` takes where nothing else is said, each with its reason.

SmolLM2-135M in float32 generates about 300 and scores about 700 tokens a second on two CPU cores,
so that these take it about four minutes on one text: within ten on a slower machine. Imports
nothing of ours, so that the command line can show them at once.
"""

from typing import Final, Literal

# Past the first sentences of a text; four bytes a token of English.
PROMPT: Final[dict[Literal["tokens", "bytes"], int]] = {"tokens": 64, "bytes": 256}
# Drift shows within a few dozen steps; longer windows cost in proportion.
CONTINUATION: Final[dict[Literal["tokens", "bytes"], int]] = {"tokens": 192, "bytes": 768}
EXAMPLES: Final = 128  # two of the store's parts; a standard error of some .03 nats a token
TEMPERATURE: Final = 1.0  # the model's own distribution
