"""The tables of the theory for texts that are drawn: two data sets, two tokenizers."""

from functools import cache

import numpy as np
from zipf_texts import ZipfTexts

from calibration.theory import Counted, TheoryTables, theory_tables

DATASETS = ("speeches", "code <&>")
TOKENIZERS = ("ladder-60k", "SmolLM2-135M-Instruct")
ALPHAS = {"words": 0.9, "tokens": 1.2, "2-grams": 0.7, "3-grams": 0.6}
LABEL = "assumes m ∝ N; not a test of the theory for ladder (training tokens are not stated)"


@cache
def made_up_theory() -> TheoryTables:
    """Words of α .9, and tokens and their runs under each tokenizer, with 1.2, .7 and .6."""
    generator = np.random.default_rng(0)
    counted = []
    for dataset in DATASETS:
        for tokenizer, units in [
            (None, ("words",)),
            *((name, tuple(ALPHAS)[1:]) for name in TOKENIZERS),
        ]:
            for unit in units:
                texts = ZipfTexts(ALPHAS[unit], 3_000)
                counts = texts.documents(48, 300, generator, repeated=0.1)
                steps = None if unit == "words" else 224.0
                counted.append(Counted(dataset, tokenizer, unit, counts, steps, LABEL))
    return theory_tables(counted, seed=0)
