"""What a model's files may ask for besides themselves, and do not get.

A configuration can name other files of weights, an adapter stands for a model that lies elsewhere,
and attention can be code of another repository of the hub. None of it enters a model's identity.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from calibration.errors import ModelError

ADAPTER: Final = "adapter_config.json"
OTHER_WEIGHTS: Final = "transformers_weights"
IMPLEMENTATION: Final = ("_implementation", "_implementation_internal")


def require_own(
    name: str, config: Mapping[str, Any], *, beside: Collection[str], title: str
) -> None:
    """Raises ModelError for a configuration, or files beside it, that ask for something else."""
    who = f"model {name!r}: a model that is whole by itself was expected in {title}, found "
    if ADAPTER in beside:
        raise ModelError(
            f"{who}an adapter of another ({ADAPTER}): merge the two with `merge_and_unload`, save "
            "what comes out with `model.save_pretrained`, and measure that"
        )
    for key, value in _entries(config):
        if key == OTHER_WEIGHTS:
            raise ModelError(
                f"{who}`{key}` in config.json, which names other weights ({value!r}): leave the "
                "key out, and name the weights model.safetensors"
            )
        if key.endswith(IMPLEMENTATION) and "/" in str(value):
            raise ModelError(
                f"{who}`{key}` in config.json, which names code of the hub ({value!r}) and is "
                "never run: leave the key out"
            )


def _entries(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        yield key, value
        if isinstance(value, Mapping):
            yield from _entries(value)
