"""What the page says of every study: its terms, its intervals, its gate, and the paper."""

from typing import Final

from calibration.report.wording import CONFIDENCE

TERMS: Final = (
    (
        "L, log loss",
        "The mean of -log p(next token) on human text, in nats per token, or per byte where a "
        "data set is measured in bytes. It is what training lowers, and what diversity is read "
        "off.",
    ),
    (
        "H, entropy",
        "The mean entropy of the model's next-token distribution while it continues its own text.",
    ),
    (
        "H⁺, entropy on human text",
        "The same mean entropy when the text so far is the human one (teacher forced).",
    ),
    (
        "EntCE = H - L, entropy calibration error",
        "Above 0, the model's own text is more entropic than its log loss on human text; "
        "a calibrated model has 0. A uniform model has 0 too, so it is read beside the log loss.",
    ),
    (
        "drift = H - H⁺",
        "What the model's own text adds: the accumulation of errors. At the first step it is 0.",
    ),
    (
        "static = H⁺ - L",
        "Miscalibration that is there one step ahead, on human text. EntCE = drift + static.",
    ),
    (
        "looping, derailed",
        "Shares of a model's own texts whose mean entropy lies below the 5th, above the 95th "
        "percentile of the same model's entropies on the human texts: 5 % each where own and human "
        "texts spread alike. Loops lower H and derailed texts raise it, so that they can cancel.",
    ),
)
INTERVALS: Final = (
    f"All intervals are {CONFIDENCE}. Those of EntCE, drift and static take the source text, "
    "never the token, as the unit of independence; those of an exponent include the scatter of "
    "models around the fitted law. The measurement-only interval beside them holds for exactly "
    "these models and is not one for other models of the family."
)
GATE_MEANING: Final = (
    "The gate: generated texts of every measurement were scored again as if they were human, "
    "through the other path of the network, and each -log p had to agree on average with its "
    "entropy (bias, in nats a token, and its z), whatever the entropy was (z of covariance), and "
    "with what was sampled (largest difference). Nothing above was computed from samples that did "
    "not pass. Tokens at the edge of a truncation, where rounding decides what is inside, are "
    "counted, must be few, and are left out of the rest."
)
LEFT_OUT: Final = (
    "The study asks for these models too, and they could not be measured. Nothing on this page is "
    "of them: no law goes through them, and what is said of families is said without them."
)
UNSEEN: Final = (
    "Every result here is of all texts: for no model are there texts on both sides of the end of "
    "its training. To have the results with and without texts that a model may have seen, state "
    "`trained_until` (a year) of the model, and measure texts with years: the speeches have them, "
    "and `year` names their column in a source of kind files or hub."
)
SEEN_MEANING: Final = (
    "A text from after a model's training cannot have been in it; an earlier one may. Where a "
    "model has memorised, its log loss on the earlier texts is low, which raises EntCE there."
)
PAPER: Final = (
    "The paper: Cao, Valiant and Liang, On the Entropy Calibration of Language Models, "
    "NeurIPS 2025, arXiv 2511.11966."
)
TAKEN_AWAY: Final = (
    "Saved from this page itself, without a network: CSV in five significant digits. What "
    "`calibration export` writes has every row and digit, as Parquet too, and each figure as SVG, "
    "PNG and PDF."
)
NOTHING_TO_READ: Final = "No generations were kept to be read here."
MIXTURE: Final = (
    "A truncation gives most tokens no probability, so the log loss of human text is infinite as "
    "soon as one of its tokens is outside. What is measured is therefore a mixture of the "
    "truncated distribution with a share λ of the one before it; sampling, entropy and log loss "
    "are all of that mixture. A smaller λ is closer to what people sample from and pays about "
    "ln(1/λ) for each human token outside, so no single λ is the truncation's EntCE: read the "
    "path, and the pure sampler's entropy where it ends. Coverage is the share of human tokens "
    "inside."
)
