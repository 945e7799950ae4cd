"""From the files of a checkpoint to a network on the devices it was given."""

import math
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    GgufConfig,
    PreTrainedModel,
    modeling_gguf_pytorch_utils,
)
from transformers.utils import logging as transformers_logging

from calibration.engine.memory import WEIGHTS_SHARE, rows_that_fit
from calibration.errors import ModelError
from storage.memory import free_memory, require_room
from storage.networks import Network
from storage.trust import FILES_ALONE

if TYPE_CHECKING:  # it brings libraries that a machine with weights alone need not have
    from storage.weights import Checkpoint

FOUR_BIT: Final = "four-bit"
# As Cao, Valiant and Liang (2025) scored: normal floats (Dettmers et al. 2023), their scales packed
# as well, products in bfloat16.
FOUR_BITS: Final[dict[str, Any]] = {
    "load_in_4bit": True,
    "bnb_4bit_quant_type": "nf4",
    "bnb_4bit_use_double_quant": True,
    "bnb_4bit_compute_dtype": torch.bfloat16,
}
PACKED_BITS: Final = 4 + 8 / 64 + 32 / (64 * 256)  # of a weight, with its share of the scales


def load_network(checkpoint: "Checkpoint", *, precision: str) -> Network:
    """The model of a checkpoint, in evaluation mode, on a GPU when there is one.

    Where it states several GPUs, its layers are spread over them. The weights of a GGUF file are
    unpacked into `precision`, like any others; `four-bit` packs them (`FOUR_BITS`). Raises
    ModelError when there is no model that transformers can load, one whose weights do not give
    numbers, or one that does not fit.
    """
    require_loadable(checkpoint, precision=precision)
    # Loading is seconds; our own progress counts tokens.
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        spread = _spread(checkpoint, precision)
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            checkpoint.directory,
            dtype=_computed_in(precision),
            output_loading_info=True,
            **FILES_ALONE,
            **_format(checkpoint, precision),
            **spread,
        )
        model, report = loaded
        if report["missing_keys"]:  # transformers would fill them with random numbers
            raise ValueError(f"its files lack {', '.join(sorted(report['missing_keys'])[:3])}")
        return Network(model if "device_map" in spread else _placed(model))
    except (OSError, ValueError, KeyError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        kind = "in safetensors" if checkpoint.file is None else f"in {checkpoint.file}"
        raise ModelError(
            f"{checkpoint.directory}: a causal language model {kind} was expected, but it does not "
            f"load ({reason}): save it there with `model.save_pretrained`"
        ) from error


def require_loadable(checkpoint: "Checkpoint", *, precision: str) -> None:
    """Raises ModelError where weights cannot be had in a precision, before anything is loaded."""
    if precision != FOUR_BIT:
        return
    if checkpoint.file is not None:
        raise ModelError(
            f"{checkpoint.directory}: weights in safetensors were expected for `as_published: "
            f"[{FOUR_BIT}]`, found the GGUF file {checkpoint.file}: leave the model out"
        )
    if find_spec("bitsandbytes") is None:
        raise ModelError(
            f"{checkpoint.directory}: the package bitsandbytes was expected, which packs weights "
            f"into 4 bits for `as_published: [{FOUR_BIT}]`, and was not found: pip install -e "
            f"'.[{FOUR_BIT}]'"
        )


def _computed_in(precision: str) -> torch.dtype:
    found: torch.dtype = torch.bfloat16 if precision == FOUR_BIT else getattr(torch, precision)
    return found


def _format(checkpoint: "Checkpoint", precision: str) -> dict[str, Any]:
    if precision == FOUR_BIT:
        packing = BitsAndBytesConfig(**FOUR_BITS)  # type: ignore[no-untyped-call]
        return {"use_safetensors": True, "quantization_config": packing}
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
        # Packed weights are packed where they stay.
        return {"device_map": {"": _device()}} if precision == FOUR_BIT else {}
    if find_spec("accelerate") is None:
        raise ModelError(
            f"{checkpoint.directory}: the package accelerate was expected, which spreads a model "
            f"over `gpus: {gpus}`, and was not found: pip install -e '.[gpus]'"
        )
    share = {number: int(WEIGHTS_SHARE * room) for number, room in enumerate(free[:gpus])}
    return {"device_map": "auto", "max_memory": {**share, "cpu": 0}}


def _weight_bytes(checkpoint: "Checkpoint", precision: str) -> int:
    file = {} if checkpoint.file is None else {"gguf_file": _absolute(checkpoint)}
    config = AutoConfig.from_pretrained(checkpoint.directory, **FILES_ALONE, **file)
    with torch.device("meta"):  # shapes alone
        shapes: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    numbers, each = int(shapes.num_parameters()), _computed_in(precision).itemsize
    if precision != FOUR_BIT:
        return numbers * each
    packed = numbers - _whole_numbers(shapes)
    return math.ceil(packed * PACKED_BITS / 8) + (numbers - packed) * each


def _whole_numbers(shapes: Any) -> int:  # noqa: ANN401
    """How many weights stay as they are where the others are packed: embeddings and the head."""
    ends = (shapes.get_input_embeddings().weight, shapes.get_output_embeddings().weight)
    return sum(one.numel() for one in {id(one): one for one in ends}.values())


def rows_together(network: Network, *, positions: int, gpus: int, candidates: int = 0) -> int:
    """How many texts of `positions` tokens a network continues together where it lies.

    `candidates` next tokens of each are tried at every step.
    """
    return rows_that_fit(
        min(free_memory()[:gpus]),
        cache_bytes=network.cache_bytes,
        positions=positions,
        vocabulary=network.vocabulary,
        candidates=candidates,
    )


def _placed(model: PreTrainedModel) -> PreTrainedModel:
    return model.to(_device())  # type: ignore[arg-type,no-any-return]


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
