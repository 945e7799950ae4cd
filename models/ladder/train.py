"""Train one rung of the ladder, by one fixed recipe: `python models/ladder/train.py 172k`.

The corpus is the speeches of the split `train`; the split `stop` chooses the step that is kept
and the scale of the logits; the split `held-out` is never read here. What makes static
miscalibration small at this scale: no weight decay on embeddings and norms, a learning rate
decayed to zero, and the loss-optimal scale of the logits, fitted by Newton on `stop` and folded
into the final norm.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from storage.speeches import Split, speeches

HERE = Path(__file__).parent
END_OF_TEXT = "<|endoftext|>"
VOCABULARY = 1_024  # small enough that the embedding does not swallow a 60k-parameter model
TOKENIZER_BYTES = 2_000_000  # of training text; more changes no merge that matters
CONTEXT = 256
BATCH = 16
EPOCHS = 3  # more overfits the largest rungs
WARM_UP_STEPS = 100
EVALUATE_EVERY = 200  # steps
STOPPING_WINDOWS = 256  # spread over the split `stop`
SEED = 0


class Rung:
    """One size of the ladder."""

    def __init__(self, name: str, width: int, layers: int, heads: int) -> None:
        self.name, self.width, self.layers, self.heads = name, width, layers, heads

    @property
    def learning_rate(self) -> float:
        return 4e-3 * math.sqrt(64 / self.width)


RUNGS = {
    rung.name: rung
    for rung in (
        Rung("60k", 32, 2, 2),
        Rung("172k", 64, 2, 2),
        Rung("431k", 96, 3, 3),
        Rung("935k", 128, 4, 4),
        Rung("2.4M", 192, 5, 6),
    )
}


def trained_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of 1,024 tokens, always the same one: training it is deterministic."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_first_bytes(TOKENIZER_BYTES), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END_OF_TEXT, model_max_length=CONTEXT
    )


def _first_bytes(limit: int) -> list[str]:
    # Every ninth speech, so that two centuries of spelling are in it.
    chosen, size = [], 0
    texts = [speech.text for speech in speeches("train")]
    for text in [text for start in range(9) for text in texts[start::9]]:
        if size > limit:
            break
        chosen.append(text)
        size += len(text.encode())
    return chosen


def token_stream(tokenizer: PreTrainedTokenizerFast, split: Split) -> Tensor:
    end = tokenizer.eos_token_id
    ids: list[int] = []
    for speech in speeches(split):
        ids += [*tokenizer.encode(speech.text, add_special_tokens=False), end]
    return torch.tensor(ids)


def windows(stream: Tensor) -> Tensor:
    """Windows of the context's length, spread evenly over the stream.  # (windows, context)"""
    whole = stream[: len(stream) // CONTEXT * CONTEXT].view(-1, CONTEXT)
    return whole[:: max(1, len(whole) // STOPPING_WINDOWS)]


def untrained(rung: Rung, end_id: int) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=rung.width,
            intermediate_size=rung.width * 8 // 3 // 8 * 8,
            num_hidden_layers=rung.layers,
            num_attention_heads=rung.heads,
            num_key_value_heads=rung.heads,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=end_id,
        )
    )


def optimizer(model: LlamaForCausalLM, rung: Rung) -> torch.optim.AdamW:
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rung.learning_rate, betas=(0.9, 0.95))


def mean_loss(model: LlamaForCausalLM, batches: Tensor) -> float:
    """Nats a token over whole windows."""
    with torch.inference_mode():
        losses = [
            model(batch, labels=batch).loss.item() * len(batch) for batch in batches.split(64)
        ]
    return sum(losses) / len(batches)


def optimal_scale(model: LlamaForCausalLM, batches: Tensor) -> float:
    """The factor on the logits with the least log loss, by Newton (convex in the factor)."""
    with torch.inference_mode():
        logits = torch.cat([model(batch).logits[:, :-1] for batch in batches.split(64)])
    targets = batches[:, 1:].unsqueeze(-1)
    scale = 1.0
    for _ in range(8):
        first = second = 0.0
        for rows, labels in zip(logits.split(16), targets.split(16), strict=True):
            probabilities = (rows * scale).softmax(-1)
            mean = (probabilities * rows).sum(-1)
            first += float((mean - rows.gather(-1, labels).squeeze(-1)).sum())
            second += float(((probabilities * rows * rows).sum(-1) - mean * mean).sum())
        scale -= first / second
    return scale


def train(rung: Rung) -> None:
    torch.manual_seed(SEED)
    started = time.time()
    tokenizer = trained_tokenizer()
    stream, stopping = token_stream(tokenizer, "train"), windows(token_stream(tokenizer, "stop"))
    model = untrained(rung, tokenizer.eos_token_id)
    adam = optimizer(model, rung)
    steps = EPOCHS * len(stream) // (BATCH * CONTEXT)
    generator = np.random.default_rng(SEED)
    best, best_step, best_weights = math.inf, 0, model.state_dict()
    for step in range(1, steps + 1):
        rate = min(step / WARM_UP_STEPS, (steps - step) / (steps - WARM_UP_STEPS))
        for group in adam.param_groups:
            group["lr"] = rung.learning_rate * rate
        starts = generator.integers(0, len(stream) - CONTEXT, BATCH)
        batch = torch.stack([stream[start : start + CONTEXT] for start in starts])
        model(batch, labels=batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        if step % EVALUATE_EVERY == 0 or step == steps:
            loss = mean_loss(model, stopping)
            spent = time.time() - started
            print(f"{rung.name} {step}/{steps}: stop loss {loss:.4f}, {spent:.0f} s", flush=True)
            if loss < best:
                best, best_step = loss, step
                best_weights = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_weights)
    scale = optimal_scale(model, stopping)
    with torch.no_grad():
        model.model.norm.weight.mul_(scale)
    model.half().save_pretrained(HERE / rung.name)
    tokenizer.save_pretrained(HERE / rung.name)
    stop_tokens, stop_bytes = stopping.numel(), len(tokenizer.decode(stopping.flatten()).encode())
    record = {
        "rung": rung.name,
        "parameters": model.num_parameters(),
        "tokens": best_step * BATCH * CONTEXT,
        "corpus_tokens": len(stream),
        "step": best_step,
        "steps": steps,
        "scale": round(scale, 5),
        "stop_loss": round(mean_loss(model.float(), stopping), 5),
        "bits_per_byte": round(
            mean_loss(model, stopping) / math.log(2) * stop_tokens / stop_bytes, 4
        ),
        "seconds": round(time.time() - started),
        "command": f"python models/ladder/train.py {rung.name}",
    }
    (HERE / rung.name / "training.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rung", choices=RUNGS, help="the size to train")
    train(RUNGS[parser.parse_args().rung])
