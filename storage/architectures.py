"""Whether transformers knows the kind of network that a configuration names; no code is loaded.

A repository may bring code of its own. It is never run: it could do anything on this machine, and
what it computes is no part of a model's identity.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from calibration.errors import ModelError


def require_known(name: str, config: Mapping[str, Any], *, title: str) -> None:
    """Raises ModelError for a configuration whose network transformers does not know."""
    kind = config.get("model_type")
    if isinstance(kind, str) and _is_known(kind):
        return
    who = f"model {name!r}: a network that transformers knows was expected in {title}, found "
    found = f"the `model_type` {kind!r}" if kind else "no `model_type`"
    if config.get("auto_map"):
        raise ModelError(
            f"{who}{found} and code that the model brings itself (`auto_map` in config.json), "
            "which is never run: install a newer transformers, if one knows it, or measure a "
            "model that needs no code of its own"
        )
    if not kind:
        raise ModelError(
            f"{who}{found} in config.json: save the model there with `model.save_pretrained`"
        )
    raise ModelError(
        f"{who}{found} in config.json: install a newer transformers, if one knows it, or measure "
        "another model"
    )


def _is_known(kind: str) -> bool:
    # Most kinds have a folder of their name, which is seen without seconds of imports.
    spec = find_spec("transformers")
    if kind.isidentifier() and spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "models" / kind
        if (folder / f"configuration_{kind}.py").is_file():
            return True
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    return kind in CONFIG_MAPPING_NAMES
