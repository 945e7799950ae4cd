"""From the files of a checkpoint to a network on the devices it was given."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GgufConfig,
    PreTrainedModel,
    modeling_gguf_pytorch_utils,
)
from transformers.utils import logging as transformers_logging

from calibration.errors import ModelError
from storage.memory import WEIGHTS_SHARE, free_memory, require_room
from storage.networks import Network

if TYPE_CHECKING:  # it brings libraries that a machine with weights alone need not have
    from storage.weights import Checkpoint


def load_network(checkpoint: "Checkpoint", *, precision: str) -> Network:
    """The model of a checkpoint, in evaluation mode, on a GPU when there is one.

    Where it states several GPUs, its layers are spread over them. The weights of a GGUF file are
    unpacked into `precision`, like any others. Raises ModelError when there is no model that
    transformers can load, one whose weights do not give numbers, or one that does not fit.
    """
    # Loading is seconds; our own progress counts tokens.
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            checkpoint.directory,
            dtype=getattr(torch, precision),
            local_files_only=True,
            output_loading_info=True,
            **_format(checkpoint),
            **_spread(checkpoint, precision),
        )
        model, report = loaded
        if report["missing_keys"]:  # transformers would fill them with random numbers
            raise ValueError(f"its files lack {', '.join(sorted(report['missing_keys'])[:3])}")
        return Network(_placed(model, checkpoint))
    except (OSError, ValueError, KeyError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        kind = "in safetensors" if checkpoint.file is None else f"in {checkpoint.file}"
        raise ModelError(
            f"{checkpoint.directory}: a causal language model {kind} was expected, but it does not "
            f"load ({reason}): save it there with `model.save_pretrained`"
        ) from error


def _format(checkpoint: "Checkpoint") -> dict[str, Any]:
    if checkpoint.file is None:
        return {"use_safetensors": True}
    # Its bar heeds no setting, and would stand between our own lines.
    bar: Any = modeling_gguf_pytorch_utils
    bar.tqdm = partial(bar.tqdm, disable=True)
    quantization = GgufConfig(dequantize=True)
    return {"gguf_file": _absolute(checkpoint), "quantization_config": quantization}


def _absolute(checkpoint: "Checkpoint") -> str:
    # A file of that name in the working directory would come first.
    return str(Path(checkpoint.directory, str(checkpoint.file)).absolute())


def _spread(checkpoint: "Checkpoint", precision: str) -> dict[str, Any]:
    """What transformers is told of devices, once it is clear that the weights fit."""
    gpus, free = checkpoint.gpus, free_memory()
    weights = _weight_bytes(checkpoint, precision)
    require_room(weights, free=free, gpus=gpus, where=checkpoint.directory)
    if gpus == 1:
        return {}
    if find_spec("accelerate") is None:
        raise ModelError(
            f"{checkpoint.directory}: the package accelerate was expected, which spreads a model "
            f"over `gpus: {gpus}`, and was not found: pip install -e '.[gpus]'"
        )
    share = {number: int(WEIGHTS_SHARE * room) for number, room in enumerate(free[:gpus])}
    return {"device_map": "auto", "max_memory": {**share, "cpu": 0}}


def _weight_bytes(checkpoint: "Checkpoint", precision: str) -> int:
    file = {} if checkpoint.file is None else {"gguf_file": _absolute(checkpoint)}
    config = AutoConfig.from_pretrained(checkpoint.directory, local_files_only=True, **file)
    with torch.device("meta"):  # shapes alone
        shapes: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    each: torch.dtype = getattr(torch, precision)
    return int(shapes.num_parameters()) * each.itemsize


def _placed(model: PreTrainedModel, checkpoint: "Checkpoint") -> PreTrainedModel:
    if checkpoint.gpus > 1:
        return model
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device)  # type: ignore[arg-type,no-any-return]
