"""From a checkpoint to a `Language`: the one adapter to transformers.

Only torch and transformers are imported, so that it runs on a bare GPU machine. On load the
chunked projection is compared with the model's own logits; where they differ (soft-capped or
scaled heads) the model's own forward is used.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from calibration.engine.branching import Branches, DecoderBranches
from calibration.engine.decoder import Decoder
from calibration.engine.generation import DecoderGeneration
from calibration.engine.graphs import WindowedGeneration
from calibration.engine.language import Batch, Generation
from calibration.engine.projection import Projection, projection_of
from calibration.engine.rereading import RereadBranches
from storage.decoders import decoder_of, head_width
from storage.library_generation import LibraryGeneration, placement

LOG = logging.getLogger("calibration")

# Largest difference of log probabilities by which two ways to the same logits may differ: rounding
# in the model's own head, which 16-bit weights leave in 16 bits and we do not.
PROJECTION_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.25, torch.float16: 0.05}
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")
PROBE_TOKENS = 32  # of arbitrary ids: enough to meet a soft cap or a scale

Project = Callable[[Tensor], Tensor]
Begin = Callable[..., Generation]


class Network:
    """A causal language model of transformers, as a `Language`."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model.eval()  # type: ignore[no-untyped-call]
        self._backbone: Callable[..., Any] = model.base_model
        head: Any = model.get_output_embeddings()  # type: ignore[no-untyped-call]
        # Logits are wanted where tokens are, and a head is moved once, they at every step.
        projection = projection_of(head.weight.to(model.device), getattr(head, "bias", None))
        self._project: Project = projection.logits
        self._generation: Begin = self._through_library
        self._branches: Branches = RereadBranches(self)
        if not self._projection_agrees():
            self._backbone = _WholeModel(model)
            self._project = self._in_float32
            return
        decoder = decoder_of(model)
        if decoder is not None:
            self._generation = self._chosen(decoder, projection)
            if self._generation != self._through_library:
                self._branches = DecoderBranches(decoder, projection)

    @property
    def vocabulary(self) -> int:
        return int(self._model.get_output_embeddings().weight.shape[0])

    @property
    def parameters(self) -> int:
        """How many numbers the network has learned; tied ones count once."""
        return int(self._model.num_parameters())

    @property
    def facts(self) -> dict[str, float | int | str | bool | None]:
        """What a manifest says of it."""
        return {"vocabulary": self.vocabulary, "parameters": self.parameters}

    @property
    def context(self) -> int | None:
        """Tokens the network can see; None where its configuration states no limit."""
        config = self._model.config.get_text_config()
        found = (getattr(config, key, None) for key in CONTEXT_KEYS)
        return next((int(limit) for limit in found if limit), None)

    @property
    def cache_bytes(self) -> int:
        """What the keys and values of one token of one text take."""
        config = self._model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        numbers = 2 * config.num_hidden_layers * heads * head_width(config)
        return int(numbers * self._model.dtype.itemsize)

    @property
    def device(self) -> torch.device:
        return torch.device(self._model.device)

    @property
    def branches(self) -> Branches:
        """The way to try candidates for a next token."""
        return self._branches

    @property
    def rereads(self) -> bool:
        """Whether each candidate takes the work of a whole text."""
        return isinstance(self._branches, RereadBranches)

    def states(self, batch: Batch) -> Tensor:
        output = self._backbone(input_ids=batch.ids, use_cache=False, **placement(batch.mask))
        states: Tensor = output.last_hidden_state
        return states

    def logits(self, states: Tensor) -> Tensor:
        return self._project(states)

    def generation(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        return self._generation(batch, steps=steps, tiles=tiles)

    def _through_library(self, batch: Batch, *, steps: int, tiles: list[int]) -> Generation:
        return LibraryGeneration(self._backbone, self._project, batch, steps=steps, tiles=tiles)

    def _probe(self) -> Tensor:
        length = min(PROBE_TOKENS, self.context or PROBE_TOKENS)
        return torch.arange(length, device=self.device).remainder(self.vocabulary).unsqueeze(0)

    @torch.inference_mode()
    def _projection_agrees(self) -> bool:
        ids = self._probe()
        own = self._model(input_ids=ids, use_cache=False).logits.float()
        ours = self.logits(self.states(Batch(ids, None)))
        if own.isnan().any():
            raise ValueError("its logits are not finite numbers")
        return self._are_close(own.log_softmax(-1), ours.log_softmax(-1))

    def _chosen(self, decoder: Decoder, projection: Projection) -> Begin:
        """The fastest way to continue texts that is seen to give what the library's modules do."""
        ways: list[Begin] = [partial(DecoderGeneration, decoder, projection)]
        if self.device.type == "cuda":
            ways.insert(0, partial(WindowedGeneration, decoder, projection))
        return next((way for way in ways if self._agrees(way)), self._through_library)

    @torch.inference_mode()
    def _agrees(self, way: Begin) -> bool:
        """Whether a way to continue texts gives the logits of reading them."""
        ids = self._probe()
        try:
            generation = way(Batch(ids[:, :-2], None), steps=2, tiles=[1])
            for column in ids[:, -2:].T:
                generation.extend(column)
            ours = generation.logits()[0].log_softmax(-1)
        except RuntimeError as error:  # a device may lack what a recording needs
            LOG.warning("a way to sample is not used, because it fails here: %s", error)
            return False
        own = self.logits(self.states(Batch(ids, None))[:, -1]).log_softmax(-1)
        return self._are_close(own, ours)

    def _are_close(self, own: Tensor, ours: Tensor) -> bool:
        # Equal ones first: -inf less -inf is no number, and any other such must not pass.
        difference = torch.where(own == ours, 0.0, (own - ours).abs()).max()
        return bool(difference <= PROJECTION_TOLERANCE[self._model.dtype])

    def _in_float32(self, states: Tensor) -> Tensor:
        return states.float().to(self.device)


class _WholeModel:
    """A model whose logits stand for its hidden states: its head is more than a projection."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model

    def __call__(self, **inputs: Any) -> Any:  # noqa: ANN401
        output = self._model(**inputs)
        output.last_hidden_state = output.logits
        return output
