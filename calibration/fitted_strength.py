"""How much a look ahead counts: α of least log loss on human text, with errors over clusters."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from calibration.diagnostics import Diagnostic, cluster_sums, clustered_mean, defined
from calibration.engine.decoding import Ending
from calibration.engine.foresight import Adjustment, Foresight, Form
from calibration.engine.scoring import Text
from calibration.engine.strength import Along, along, human_steps, strongest
from calibration.errors import TextError
from calibration.statistics.ragged import Floats


class HumanTexts(NamedTuple):
    """Human texts as token ids, and the source text of each."""

    texts: list[Text]
    clusters: list[str]

    def first(self, count: int) -> "HumanTexts":
        """The first so many."""
        return HumanTexts(self.texts[:count], self.clusters[:count])


class Strength(NamedTuple):
    """An adjustment, and what it rests on."""

    adjustment: Adjustment
    diagnostics: list[Diagnostic]


def strength(
    foresight: Foresight,
    human: HumanTexts,
    *,
    form: Form,
    ending: Ending,
    block: int | None,
    at: str = "",
) -> Strength:
    """The adjustment of least log loss on human texts, and how that changes with it.

    Diagnostics: `alpha`, of each block where there are blocks; `log_loss_change`, under the
    adjustment less without it, in nats a token. `at` says of what they are.
    Raises TextError where the texts fix no α.
    """
    steps = human_steps(foresight, human.texts)
    try:
        found = strongest(foresight, steps, form=form, ending=ending, block=block)
    except ValueError as error:
        raise TextError(
            f"the strength of a look ahead cannot be fitted on these texts: {error}: give the data "
            "set's `calibration` more texts, or the decoding a larger `block`"
        ) from error
    plain = along(foresight, steps, Adjustment(form, (0.0,)), ending)
    fitted = along(foresight, steps, found, ending)
    change = clustered_mean(
        "log_loss_change",
        at,
        fitted.log_loss - plain.log_loss,
        texts=fitted.texts,
        clusters=human.clusters,
    )
    return Strength(found, [*_alphas(found, fitted, human.clusters, at), change])


def _alphas(
    adjustment: Adjustment, fitted: Along, clusters: Sequence[str], at: str
) -> Iterator[Diagnostic]:
    for number, alpha in enumerate(adjustment.alphas):
        kept = fitted.blocks == number
        if not kept.any():
            continue  # before the first human token: its α is that of another block
        words = [at] if at else []
        if adjustment.block is not None:
            first = number * adjustment.block
            words.append(f"positions {first} to {first + adjustment.block - 1}")
        columns = (fitted.slope[kept], fitted.curvature[kept])
        sums = cluster_sums(np.stack(columns, axis=1), fitted.texts[kept], clusters)
        yield Diagnostic("alpha", ", ".join(words), alpha, defined(_error(sums)))


def _error(sums: Floats) -> float:
    """Of where the slope is 0, from slopes and curvatures of clusters: the sandwich.

    # (clusters, 2)
    """
    count, curvature = len(sums), sums[:, 1].sum()
    if count < 2 or curvature <= 0:
        return float("nan")
    return float(np.sqrt(count / (count - 1) * (sums[:, 0] ** 2).sum()) / curvature)
