"""From a checkpoint to a `Language`: the one adapter to transformers.

Only torch and transformers are imported, so that it runs on a bare GPU machine. On load the
chunked projection is compared with the model's own logits; where they differ (soft-capped or
scaled heads) the model's own forward is used.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    GgufConfig,
    PreTrainedModel,
    modeling_gguf_pytorch_utils,
)
from transformers.utils import logging as transformers_logging

from calibration.engine.language import Batch, Generation, predicting
from calibration.errors import ModelError
from storage.caches import preallocated

if TYPE_CHECKING:  # it brings libraries that a machine with weights alone need not have
    from storage.weights import Checkpoint

# Largest difference of log probabilities by which two ways to the same logits may differ: rounding
# in the model's own head, which 16-bit weights leave in 16 bits and we do not.
PROJECTION_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.25, torch.float16: 0.05}
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")
PROBE_TOKENS = 32  # of arbitrary ids: enough to meet a soft cap or a scale


class Network:
    """A causal language model of transformers, as a `Language`."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model.eval()  # type: ignore[no-untyped-call]
        self._backbone: Callable[..., Any] = model.base_model
        self._project: Callable[[Tensor], Tensor] = _float32_projection(model)
        if not self._projection_agrees():
            self._backbone = _WholeModel(model)
            self._project = torch.Tensor.float

    @property
    def vocabulary(self) -> int:
        return int(self._model.get_output_embeddings().weight.shape[0])

    @property
    def parameters(self) -> int:
        """How many numbers the network has learned; tied ones count once."""
        return int(self._model.num_parameters())

    @property
    def context(self) -> int | None:
        """Tokens the network can see; None where its configuration states no limit."""
        config = self._model.config.get_text_config()
        found = (getattr(config, key, None) for key in CONTEXT_KEYS)
        return next((int(limit) for limit in found if limit), None)

    @property
    def device(self) -> torch.device:
        return torch.device(self._model.device)

    def states(self, batch: Batch) -> Tensor:
        output = self._backbone(input_ids=batch.ids, use_cache=False, **_placement(batch.mask))
        return output.last_hidden_state  # type: ignore[no-any-return]

    def logits(self, states: Tensor) -> Tensor:
        return self._project(states)

    def generation(self, batch: Batch, steps: int) -> Generation:
        return _Generation(self._backbone, batch, steps)

    @torch.inference_mode()
    def _projection_agrees(self) -> bool:
        ids = torch.arange(PROBE_TOKENS, device=self.device).remainder(self.vocabulary)
        own = self._model(input_ids=ids.unsqueeze(0), use_cache=False).logits.float()
        ours = self.logits(self.states(Batch(ids.unsqueeze(0), None)))
        if own.isnan().any():
            raise ValueError("its logits are not finite numbers")
        difference = (own.log_softmax(-1) - ours.log_softmax(-1)).abs().nan_to_num(0.0).max()
        return bool(difference <= PROJECTION_TOLERANCE[self._model.dtype])


class _Generation:
    """A batch under way, with transformers' own cache."""

    def __init__(self, backbone: Callable[..., Any], batch: Batch, steps: int) -> None:
        self._backbone = backbone
        self._cache = preallocated(batch.ids.shape[1] + steps)
        self._mask = batch.mask
        if batch.mask is not None:
            ahead = batch.mask.new_ones(len(batch.mask), steps)
            self._mask = torch.cat([batch.mask, ahead], dim=1)
        self._length = batch.ids.shape[1]
        output = backbone(
            input_ids=batch.ids,
            past_key_values=self._cache,
            use_cache=True,
            **_placement(batch.mask),
        )
        states: Tensor = output.last_hidden_state
        self._states = states[:, predicting(self._length, 1)].squeeze(1)

    def states(self) -> Tensor:
        return self._states

    def extend(self, tokens: Tensor) -> None:
        self._length += 1
        mask = None if self._mask is None else self._mask[:, : self._length]
        placement = _placement(mask)
        if "position_ids" in placement:
            placement["position_ids"] = placement["position_ids"][:, -1:]
        output = self._backbone(
            input_ids=tokens.unsqueeze(1),
            past_key_values=self._cache,
            use_cache=True,
            **placement,
        )
        self._states = output.last_hidden_state[:, -1]


class _WholeModel:
    """A model whose logits stand for its hidden states: its head is more than a projection."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model

    def __call__(self, **inputs: Any) -> Any:  # noqa: ANN401
        output = self._model(**inputs)
        output.last_hidden_state = output.logits
        return output


def load_network(checkpoint: "Checkpoint", *, precision: str) -> Network:
    """The model of a checkpoint, in evaluation mode, on the GPU when there is one.

    The weights of a GGUF file are unpacked into `precision`, like any others. Raises ModelError
    when there is no model that transformers can load, or one whose weights do not give numbers.
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
        )
        model, report = loaded
        if report["missing_keys"]:  # transformers would fill them with random numbers
            raise ValueError(f"its files lack {', '.join(sorted(report['missing_keys'])[:3])}")
        return Network(model.to("cuda" if torch.cuda.is_available() else "cpu"))
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
    # An absolute path: a file of that name in the working directory would come first.
    file = Path(checkpoint.directory, checkpoint.file).absolute()
    return {"gguf_file": str(file), "quantization_config": GgufConfig(dequantize=True)}


def _placement(mask: Tensor | None) -> dict[str, Any]:
    if mask is None:
        return {}
    positions = mask.long().cumsum(-1).sub(1).clamp(min=0)
    return {"attention_mask": mask.long(), "position_ids": positions}


def _float32_projection(model: PreTrainedModel) -> Callable[[Tensor], Tensor]:
    head: Any = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    weight, bias = head.weight.detach().float(), getattr(head, "bias", None)
    offset = None if bias is None else bias.detach().float()
    return lambda states: torch.nn.functional.linear(states.float(), weight, offset)
