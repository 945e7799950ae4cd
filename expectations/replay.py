"""What must be true of a replay: texts that were sampled, scored again as if they were human.

The gate of every Samples table. The statistics and their thresholds are those of
`calibration.statistics.consistency`; here they become rules in words.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from calibration.edges import DIFFERENCE, MOST, edge_difference, has_edge
from calibration.engine.decoding import Decoding
from calibration.engine.replay import REPLAYED
from calibration.methods import Method
from calibration.recipes import WeightPrecision
from calibration.statistics.consistency import (
    FLOAT32_DIFFERENCE,
    PERCENTILE,
    REFUSED_Z,
    WARNED_Z,
    ReplayConsistency,
    agrees_in_16_bits,
    agrees_in_32_bits,
    allowed_bias,
    mean_entropy_error,
    refuses,
    replay_consistency,
    warns,
)
from calibration.tables import REPLAY
from expectations.rules import (
    EXAMPLE,
    Offenders,
    Rule,
    Severity,
    each_within,
    every_row,
    in_words,
    within,
)
from expectations.steps import same_length

VALUES = tuple(name for name, kind in REPLAY.items() if kind == pl.List(pl.Float32))
OUTSIDE = "replayed_log_prob"  # where a pure sampler's token may be found outside
# Nats, of a single text. In 16 bits two passes round logits near 20 by up to .06 each; a prompt
# seen differently moves the entropy of some text by far more.
FIRST_STEP: dict[WeightPrecision, float] = {
    "float32": FLOAT32_DIFFERENCE,
    "bfloat16": 0.2,
    "float16": 0.2,
    "four-bit": 0.2,  # which computes in 16 bits
}


@dataclass(frozen=True)
class _Finding:
    """One decision of the gate, and the numbers it rests on."""

    name: str
    statement: str
    holds: Callable[[ReplayConsistency], bool]
    words: Callable[[ReplayConsistency], str]
    severity: Severity = "fail"


def beside_samples(replay: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """The replayed rows, each with `sampled_entropy` and `sampled_log_prob` of its text.

    Of several texts of one example, that with the same log probabilities; of one alone, that one.
    """
    key = ["example"] if samples["example"].is_unique().all() else ["example", "log_prob"]
    sampled = samples.select(
        *key,
        pl.col("entropy").alias("sampled_entropy"),
        pl.col("log_prob").alias("sampled_log_prob"),
    )
    # Two draws may be one text.
    return replay.join(sampled.unique(key), on=key, how="left", maintain_order="left")


def replay_rules(
    replay: pl.DataFrame,
    samples: pl.DataFrame,
    *,
    precision: WeightPrecision,
    decoding: Decoding,
    method: Method | None = None,
    draws: int | None = None,
) -> tuple[Rule, ...]:
    """The rules of a replay of some of the SAMPLES, beside them (`beside_samples`).

    `method` is how the decoding was fitted, None where it was written; `draws` how often each
    example was continued, None for once. Tokens at the edge of what a truncation allows, or a look
    ahead tries, are few, and no more is asked of them. Where a replay has no token, or values of
    unequal length, the gate has nothing to decide by and does not pass.
    """
    asked = method or decoding
    consistency = None
    if _comparable(replay) and not samples.is_empty():
        # What matters is a bias beside the error of the whole, which is smaller than the replay's.
        error = mean_entropy_error(samples)
        edge = edge_difference(asked, precision)
        consistency = replace(replay_consistency(replay, edge=edge), entropy_se=error)
    return (
        Rule(
            "enough-replayed",
            "enough texts are replayed",
            pl.len(),
            low=min(REPLAYED, len(samples)),
        ),
        every_row(
            "replayed-once",
            "no text is replayed twice",
            holds=pl.len().over("example") <= (draws or 1),
            words=EXAMPLE,
        ),
        every_row(
            "replayed-as-sampled",
            "every replayed text is one of the samples, with its entropies and log probabilities",
            holds=(pl.col("entropy") == pl.col("sampled_entropy"))
            & (pl.col("log_prob") == pl.col("sampled_log_prob")),
            words=EXAMPLE,
        ),
        same_length("one-replayed-value-a-step", VALUES),
        _finite(decoding),
        *([_decided(_few_edges(precision), consistency, None)] if has_edge(asked) else []),
        _decided(_agreement(precision), consistency, _disagreeing(precision)),
        _decided(_first_step(FIRST_STEP[precision]), consistency, None),
        *(_decided(finding, consistency, None) for finding in _martingale()),
    )


def gate_rules(*, labels: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of what the gate found: SUMMARY_GATE, or GATE with the labels of its models."""
    texts, tokens = pl.col("texts"), pl.col("tokens")
    of = in_words(", ".join("{}" for _ in labels) or "the gate", *map(pl.col, labels))
    return (
        every_row(
            "gate-replayed-something",
            "the gate has replayed a text, and a token of each, and counted no more at the edge",
            holds=(texts >= 1) & (tokens >= texts) & pl.col("edges").is_between(0, tokens),
            words=in_words(
                "{}: {} texts, {} tokens, {} at the edge", of, texts, tokens, pl.col("edges")
            ),
        ),
        every_row(
            "gate-finite",
            "what the gate found is finite, and what it could have found not negative",
            holds=pl.all_horizontal(
                *(within(pl.col(name), None, None) for name in ("bias", "z", "covariance_z")),
                *(within(pl.col(name), 0, None) for name in ("detectable", "largest_difference")),
            ),
            words=in_words(
                "{}: bias {} at z {}, covariance z {}, detectable {}, largest difference {}",
                of,
                *map(pl.col, ("bias", "z", "covariance_z", "detectable", "largest_difference")),
            ),
        ),
    )


def one_gate(texts: int) -> Rule:
    """A summary has one row of what the gate found, on no more texts than it sums."""
    return Rule(
        "one-gate",
        f"there is one account of the gate, of at most {texts} texts: texts replayed",
        pl.when(pl.len() == 1).then(pl.col("texts").sum()),
        high=texts,
    )


def _finite(decoding: Decoding) -> Rule:
    known = {name: each_within(name, None, None) for name in VALUES}
    if decoding.is_pure:
        number = within(pl.element(), None, None) | (pl.element() == -math.inf)
        possible = pl.col(OUTSIDE).list.eval(number.fill_null(value=False)).list.all()
        known[OUTSIDE] = possible
    or_outside = ", or that of a token outside" if decoding.is_pure else ""
    return every_row(
        "replay-finite",
        f"every replayed value is a finite number{or_outside}",
        holds=pl.all_horizontal(known.values()),
        words=EXAMPLE,
    )


def _few_edges(precision: WeightPrecision) -> _Finding:
    return _Finding(
        "few-at-the-edge",
        f"sampled and replayed values of at most {100 * MOST[precision]:g} % of the tokens differ "
        f"by more than {DIFFERENCE[precision]:g} nats, as at the edge of what is allowed or tried",
        lambda found: found.edges <= MOST[precision] * found.tokens,
        lambda found: f"{found.edges} of {found.tokens} tokens",
    )


def _comparable(replay: pl.DataFrame) -> bool:
    lengths = [pl.col(name).list.len().fill_null(0) for name in VALUES]
    alike = pl.all_horizontal(lengths[0] == length for length in lengths)
    whole = alike.all() & (lengths[0].sum() > 0) & pl.col("cluster").is_not_null().all()
    return bool(replay.select(whole).item())


def _decided(
    finding: _Finding, consistency: ReplayConsistency | None, offenders: Offenders | None
) -> Rule:
    refused = None if consistency is None else float(not finding.holds(consistency))
    return Rule(
        finding.name,
        finding.statement,
        aggregate=pl.lit(refused, dtype=pl.Float64),
        low=0,
        high=0,
        severity=finding.severity,
        offenders=None if consistency is None else offenders,
        reads="" if consistency is None else finding.words(consistency),
    )


def _agreement(precision: WeightPrecision) -> _Finding:
    if precision == "float32":
        return _Finding(
            "replay-agrees",
            f"sampled and replayed values of every token agree to {FLOAT32_DIFFERENCE:g} nats",
            agrees_in_32_bits,
            _differences,
        )
    return _Finding(
        "replay-agrees",
        "sampled and replayed values differ by less than .1 standard errors in the mean, "
        "without a trend over steps",
        agrees_in_16_bits,
        _differences,
    )


def _differences(found: ReplayConsistency) -> str:
    return (
        f"largest differences {found.largest_entropy_difference:.2g} in entropy and "
        f"{found.largest_log_prob_difference:.2g} in log probability, in the mean "
        f"{found.mean_entropy_difference:+.2g} and {found.mean_log_prob_difference:+.2g}, "
        f"{PERCENTILE:g}th percentile {found.percentile_difference:.2g}, trend "
        f"{found.trend:+.2g} at z {found.trend_z:+.1f}, standard error {found.entropy_se:.2g} nats"
    )


def _disagreeing(precision: WeightPrecision) -> Offenders | None:
    if precision != "float32":  # single tokens may differ there, only their mean may not
        return None
    differences = [
        (pl.col(name) - pl.col(f"replayed_{name}")).list.eval(pl.element().abs()).list.max()
        for name in ("entropy", "log_prob")
    ]
    words = "{}: up to {} nats in entropy, {} in log probability"
    return Offenders(
        pl.max_horizontal(differences) > FLOAT32_DIFFERENCE,
        in_words(words, EXAMPLE, *differences),
    )


def _first_step(tolerance: float) -> _Finding:
    return _Finding(
        "first-step-agrees",
        f"the first step, whose prefix is the prompt, has one entropy to {tolerance:g} nats",
        lambda found: found.first_step_difference <= tolerance,
        lambda found: f"a difference of {found.first_step_difference:.2g} nats",
    )


def _martingale() -> tuple[_Finding, ...]:
    mean = "surprise less entropy, replayed, is zero in the mean"
    covariance = "surprise less entropy, replayed, does not vary with entropy"
    return (
        _Finding("replay-mean", f"{mean}, |z| at most {REFUSED_Z:g}", _mean_kept, _mean),
        _Finding(
            "replay-mean-close",
            f"{mean}, |z| at most {WARNED_Z:g}",
            lambda found: not warns(found.mean_z, found.mean, standard_error=found.entropy_se),
            _mean,
            "warn",
        ),
        _Finding(
            "replay-covariance",
            f"{covariance}, |z| at most {REFUSED_Z:g}",
            _covariance_kept,
            _covariance,
        ),
        _Finding(
            "replay-covariance-close",
            f"{covariance}, |z| at most {WARNED_Z:g}",
            lambda found: (
                not warns(found.covariance_z, found.covariance, standard_error=found.entropy_se)
            ),
            _covariance,
            "warn",
        ),
    )


def _mean_kept(found: ReplayConsistency) -> bool:
    return not refuses(found.mean_z, found.mean, standard_error=found.entropy_se)


def _covariance_kept(found: ReplayConsistency) -> bool:
    return not refuses(found.covariance_z, found.covariance, standard_error=found.entropy_se)


def _mean(found: ReplayConsistency) -> str:
    return f"{found.mean:+.2g} nats at z {found.mean_z:+.1f}; {_power(found)}"


def _covariance(found: ReplayConsistency) -> str:
    return f"{found.covariance:+.2g} nats at z {found.covariance_z:+.1f}; {_power(found)}"


def _power(found: ReplayConsistency) -> str:
    return (
        f"a mean bias of {max(found.detectable, allowed_bias(found.entropy_se)):.2g} nats would be "
        f"refused, on {found.tokens} tokens of {found.clusters} source texts"
    )
