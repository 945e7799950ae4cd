"""Decodings whose settings are fitted on texts: what is written of them, before anything is fitted.

Each is a way to turn a network into a calibrated one (science: temperature; one step, Braverman et
al. 2020; future entropy, Cao, Valiant and Liang 2025). What is fitted is never written: a recipe
holds the method and the texts, and so fixes it.
"""

from typing import Annotated, Literal

from pydantic import Field

from calibration.entry import Entry


class FittedTemperature(Entry):
    """The temperature at which EntCE is 0, or the one of least log loss."""

    kind: Literal["temperature"]
    fit: Literal["ent_ce", "log_loss"]

    @property
    def label(self) -> str:
        return f"temperature of {'EntCE 0' if self.fit == 'ent_ce' else 'least log loss'}"


class OneStep(Entry):
    """Next tokens weighed by the entropy of what follows them."""

    kind: Literal["one_step"]
    # Log losses on the ladder change by less than .0001 nats from twice as many.
    likeliest: int = Field(default=64, ge=1)  # K, which are tried
    tail: int = Field(default=8, ge=1)  # R, of the rest: texts derail by unlikely tokens
    block: int | None = Field(default=None, ge=1)  # positions of an α each; None for one α

    @property
    def label(self) -> str:
        return f"one step ahead{_beside_defaults(self)}"


class FutureEntropy(Entry):
    """Next tokens weighed by a prediction of the entropy of all that follows them."""

    kind: Literal["future_entropy"]
    horizon: int = Field(default=16, ge=1)  # steps whose entropies are foreseen
    likeliest: int = Field(default=32, ge=1)
    tail: int = Field(default=16, ge=1)
    places: int = Field(default=16, ge=1)  # of each text that rollouts begin at
    rounds: int = Field(default=2, ge=1)  # of predictors, each from the text of the last
    rank: int = Field(default=32, ge=1)  # of the predictor
    block: int | None = Field(default=None, ge=1)

    @property
    def label(self) -> str:
        return f"future entropy of {self.horizon} steps{_beside_defaults(self, but='horizon')}"


def _beside_defaults(method: Entry, *, but: str | None = None) -> str:
    """Settings that are not the default, so that no two methods of a study have one label."""
    return "".join(
        f", {name} {getattr(method, name)}"
        for name, field in type(method).model_fields.items()
        if name not in ("kind", but) and getattr(method, name) != field.default
    )


Method = Annotated[FittedTemperature | OneStep | FutureEntropy, Field(discriminator="kind")]
