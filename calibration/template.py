"""The study file that `calibration init` writes: a small study that runs, and every key explained.

A key that a study may have and this text does not name is a mistake; the tests look for each.
"""

import json
import re
import shlex
from typing import Final

TEMPLATE: Final = """\
# A study: models × data sets × decodings. Adding a model or a text is adding a line.
#
#   calibration plan {file}      what a run would make, and how precise it will be
#   calibration run {file}       make what is missing, and print what was found
#   calibration export {file} --out export
#
# Lines that begin with # are comments: take the # away to use one.

# `extends: other.yaml` begins with another study, a path relative to this file. Keys written here
# replace; a list of models or data sets keeps what it names of the other file's, each changed as
# written, and adds the rest; null takes a key away.
name: my-study
seed: 0                 # of everything random: the same seed gives the same numbers
# root: .               # what relative paths below are relative to; itself to where you stand

models:                 # `name` is a label of your choice, each once; models of one `family`
                        # share a scaling law, which needs three of them
  - {{name: ladder-60k, path: {ladder_60k}, family: ladder}}
  - {{name: ladder-172k, path: {ladder_172k}, family: ladder}}
  - {{name: ladder-431k, path: {ladder_431k}, family: ladder}}

  # A model of the Hugging Face hub; `revision` is a branch, a tag or a commit. `precision` is
  # float32 unless stated: bfloat16 and float16 are for a GPU.
  # - {{name: Qwen2.5-0.5B, hub: Qwen/Qwen2.5-0.5B, revision: main, family: qwen2.5,
  #    precision: bfloat16}}

  # A GGUF file: a path to it, or `file` inside a directory or a repository of the hub.
  # - {{name: smollm2-q4, path: models/smollm2/model.gguf, family: smollm2}}
  # - {{name: smollm2-q8, hub: org/SmolLM2-135M-GGUF, file: smollm2-q8_0.gguf, family: smollm2}}

  # What may be said of any model. `parameters` are counted from the weights unless stated.
  # - name: mine-7B
  #   path: /models/mine-7B         # config.json, safetensors and a tokenizer
  #   family: mine
  #   parameters: 7000000000        # what laws over size are fitted to
  #   tokens: 2000000000000         # it was trained on
  #   gpus: 2                       # that share its layers, where one does not hold them
  #   trained_until: 2024           # year: results are also given for texts written after it
  #   distilled: true               # taught by another model: laws are also given without it
  #   chat: true                    # a chat or instruct model, and the model it was made from:
  #   base: mine-7B-base
  #   decodings:                    # those of the study when left out
  #     - {{temperature: 1.0}}
  #   shape:                        # for a plan of a model that cannot be read yet
  #     parameters: 7000000000
  #     layers: 32
  #     width: 4096
  #     key_value_width: 1024       # of all heads of keys together
  #     vocabulary: 128256
  #     context: 8192
  #     tied: false               # its head is its embedding

datasets:
  - name: speeches
    source: {{kind: speeches, split: held-out}}   # State of the Union messages; the ladder models
                                                # were trained on `train`, stopped by `stop`
    prompt: 32            # given as context
    continuation: 224     # measured
    examples: 64          # spans, drawn from the source texts in turn; 192 take three times as
                          # long and give intervals about a third narrower
    # unit: tokens        # of prompt and continuation. `bytes` gives every tokenizer the same
                          # spans of text, which models of different families need: ask for about
                          # four times as many (prompt: 128, continuation: 896)
    # span_bytes: 2048    # text drawn for an example; eight bytes a token unless stated
    # independent: texts  # what intervals count as independent. `passages` is for a single long
                          # text: the intervals then speak of that text alone
    # samples_per_prompt: 1   # continuations drawn of each prompt
    # shortest: 4600          # bytes of a text; one with fewer is left out, and counted
    # longest_context: 1200   # bytes of what a text answers; with more it is left out, and counted
    # calibration:            # texts that fitted decodings are fitted on: of source texts that are
    #   examples: 256         # not measured, of the same source unless another is named
    #   source: {{kind: speeches, split: stop}}

  # Your own files. A .txt file is one text; .jsonl, .csv and .parquet hold one a row.
  # - name: mine
  #   source:
  #     kind: files
  #     path: texts/*.jsonl         # ** is any folders
  #     column: text                # the column of the text
  #     context: question           # a column: what the text answers. It stands before the prompt,
  #                                 # for chat models in their template, and only the beginning
  #                                 # of each text is taken
  #     cluster: author             # a column: rows that share it are not independent
  #     year: published             # a column: when each text was written
  #   prompt: 32
  #   continuation: 224
  #   examples: 512

  # A data set of the Hugging Face hub, or a local directory laid out as one; `column`, `context`,
  # `cluster` and `year` as above. `split: all` is train, validation and test one after the other.
  # - name: wikitext-test
  #   source:
  #     kind: hub
  #     dataset: Salesforce/wikitext
  #     subset: wikitext-103-raw-v1  # where it has several configurations
  #     split: test
  #     revision: main
  #   prompt: 128
  #   continuation: 1000
  #   examples: 5000

  # The three published data sets, read as they were; `dataset` may be a local copy, `revision` and
  # `split` may be given. A story answers its prompt, a solution its problem.
  # - name: wikitext
  #   source: {{kind: wikitext}}
  #   prompt: 512
  #   continuation: 4000
  #   unit: bytes
  #   shortest: 4600
  #   examples: 5000
  # - name: writingprompts
  #   source: {{kind: writingprompts}}
  #   prompt: 512
  #   continuation: 4000
  #   unit: bytes
  #   shortest: 4600
  #   longest_context: 1200
  #   examples: 5000
  # - name: codecontests
  #   source: {{kind: codecontests}}
  #   prompt: 384
  #   continuation: 3000
  #   unit: bytes
  #   shortest: 3450
  #   longest_context: 1800
  #   examples: 5000

  # Python's standard library, a module a text.
  # - name: python
  #   source: {{kind: python-source}}
  #   prompt: 128
  #   continuation: 896
  #   unit: bytes
  #   examples: 512

decodings:              # each is measured whole: what samples is what is scored
  - {{kind: plain, temperature: 1.0}}    # `kind: plain` may be left out
  # - {{temperature: 0.9}}

  # Truncations are top_k, top_p, min_p, epsilon, eta and typical; of several, all must allow a
  # token. Human text goes outside, where its loss would be infinite: `mixture` is the share given
  # to the distribution before the truncation. A list is a path, a decoding each; 0 is the sampler
  # itself, of which entropy and drift are known, and no EntCE.
  # - {{top_p: 0.95, mixture: [0.1, 0.01, 0.001, 0]}}
  # - {{temperature: 0.8, top_k: 40, mixture: 0.01}}
  # - {{min_p: 0.1, mixture: 0.01}}         # at least a tenth of the likeliest token's probability
  # - {{epsilon: 0.0006, mixture: 0.01}}    # at least so much
  # - {{eta: 0.002, mixture: 0.01}}         # at least so much, or less where entropy is high
  # - {{typical: 0.95, mixture: 0.01}}      # those about as surprising as the entropy says

  # Fitted ones: the temperature at which EntCE is 0, or that of least log loss; next tokens weighed
  # by the entropy of the next step, or by a prediction of that of the next `horizon` steps. They
  # are fitted on texts that are not measured (`calibration` of each data set); `block: 32`
  # fits an α for 32 positions each, and `rank: 32` is that of the predictor.
  # - {{kind: temperature, fit: ent_ce}}
  # - {{kind: temperature, fit: log_loss}}
  # - {{kind: one_step, likeliest: 64, tail: 8}}
  # - {{kind: future_entropy, horizon: 16, likeliest: 32, tail: 16, places: 16, rounds: 2}}

at_end: continue        # what an end-of-text token means: `continue` takes it out of the
                        # distribution, so that lengths are equal; `stop` ends the text there, as
                        # published; `natural` lets human texts end as well, where they do

# as_published: []      # of the published protocol, what is otherwise repaired: `slip` reads log
                        # losses one token late; `selection` chooses texts by their tokens, so that
                        # every tokenizer has others; `four-bit` scores with weights in 4 bits
"""


RUNGS: Final = ("60k", "172k", "431k")
PLAIN: Final = re.compile(r"[\w./-]+")  # what YAML takes for text without quotes, anywhere


def template(*, file: str, ladder: str) -> str:
    """The study file; `ladder` is where the ladder models lie, `file` what it will be called."""
    paths = {f"ladder_{rung}": _scalar(f"{ladder}/{rung}") for rung in RUNGS}
    return TEMPLATE.format(file=shlex.quote(" ".join(file.split())), **paths)


def _scalar(text: str) -> str:
    return text if PLAIN.fullmatch(text) else json.dumps(text)
