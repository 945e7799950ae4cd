"""What a study does otherwise than the published protocol of Cao, Valiant and Liang (2025)."""

from calibration.study import Study

PUBLISHED_PROMPT = 128  # tokens of the text given as context
PUBLISHED_CONTINUATION = 1_000  # steps analysed
PUBLISHED_EXAMPLES = 5_000


def differences(study: Study) -> list[str]:
    """Each deliberate difference and its reason, a sentence each; what this study chose first."""
    return [*_of_lengths(study), *_of_end(study), *ALWAYS]


ALWAYS = (
    "Log losses and entropies are read at the same positions; the published code scores the "
    "reference one position late, which drops its first token.",
    "The weights that generate are the weights that score, in one precision; the published code "
    "samples in 16 bits and scores in 4.",
    "A generation is as long as the human continuation it stands beside, so that every position "
    "weighs the same on both sides.",
    "Texts are selected by bytes, without looking at a tokenizer, so that every model sees the "
    "same ones.",
    "EntCE is fitted as it is, with a sign; the published fit takes its logarithm and gives no "
    "interval.",
)


def _of_lengths(study: Study) -> list[str]:
    return [
        f"{one.name}: {one.examples:,} examples of {one.prompt} + {one.continuation:,} tokens were "
        f"asked for; the paper has {PUBLISHED_EXAMPLES:,} of {PUBLISHED_PROMPT} + "
        f"{PUBLISHED_CONTINUATION:,}."
        for one in study.datasets
        if (one.prompt, one.continuation, one.examples)
        != (PUBLISHED_PROMPT, PUBLISHED_CONTINUATION, PUBLISHED_EXAMPLES)
    ]


def _of_end(study: Study) -> list[str]:
    if study.at_end == "stop":
        return []
    return [
        "The end-of-text token is taken out of the distribution; the published protocol stops at "
        "it, which makes a perfect model measure too much entropy where texts end."
    ]
