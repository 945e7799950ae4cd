"""Studies whose tables are made up from formulas: a small one, and one as large as they come.

EntCE falls with size as a power of -0.2 and drift grows over steps from 0, so that figures and
pages have something true to show.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import pairwise, product

import numpy as np
import polars as pl
from made_up_theory import DATASETS, TOKENIZERS, made_up_theory

from calibration import tables
from calibration.across_tables import OVERALL, TUNING
from calibration.record_tables import ANCESTRY
from calibration.report.contents import Provenance
from calibration.report.results import READINGS, ReportTables, read_measurements
from calibration.theory_tables import THEORY_TABLES

DATASET = "speeches"
DECODINGS = ("temperature 1.0", "temperature 0.9")
SIZES = {"ladder-60k": 61_440, "ladder-200k": 204_800, "ladder-700k": 712_704}
SIZES |= {"ladder-2m": 2_113_536, "ladder-6m": 6_389_760}
STEPS = 224
EXAMPLES = 512
PERCENTILES = {5: -1.64, 25: -0.67, 50: 0.0, 75: 0.67, 95: 1.64}  # of a normal spread
SPREAD_BINS = 8
CHAT = " chat"
TUNED = {"ent_ce": -0.16, "drift": -0.09, "log_loss": 0.22}  # what tuning adds to a base model
WORDS = (
    "the ",
    "people ",
    "of ",
    "our ",
    "nation",
    ", ",
    "and ",
    "I ",
    "trust",
    ".\n",
    "Congress ",
)


@dataclass(frozen=True)
class Study:
    tables: ReportTables
    provenance: Provenance

    def with_tables(self, **frames: pl.DataFrame) -> "Study":
        return replace(self, tables=replace(self.tables, **frames))

    def changed(self, **values: pl.Expr) -> "Study":
        """The same study with other values in every table of measurements with the columns."""
        return self.with_tables(
            **{
                name: frame.with_columns(
                    value.cast(frame.schema[column]).alias(column)
                    for column, value in values.items()
                    if column in frame.columns
                )
                for name, frame in vars(self.tables).items()
                if name not in THEORY_TABLES
            }
        )

    def renamed(self, old: str, new: str) -> "Study":
        """The same study with one model under another name."""
        return self.changed(model=pl.col("model").replace(old, new))

    def unidentified(self) -> "Study":
        """The same study where no fit can tell its quantity from 0."""
        pooled = [name for name in self.tables.fits.columns if name.startswith("pooled_")]
        return self.with_tables(
            fits=self.tables.fits.with_columns(
                pl.lit(None, self.tables.fits.schema[name]).alias(name) for name in pooled
            ).with_columns(identified=pl.lit(False))
        )

    def of_model(self, name: str) -> "Study":
        """One model alone, which no family can be fitted to."""
        alone = {
            table: frame.filter(pl.col("model") == name)
            for table, frame in vars(self.tables).items()
            if "model" in frame.columns
        }
        return self.with_tables(
            **alone,
            **{
                name: getattr(self.tables, name).clear()
                for name in ("fits", "bands", "leave_one_out", "horizons", "overall", "tuning")
            },
        )

    def twice(self, dataset: str) -> "Study":
        """The same results on a second data set."""
        return self.with_tables(
            **{
                name: pl.concat([frame, frame.with_columns(dataset=pl.lit(dataset))])
                for name, frame in vars(self.tables).items()
            }
        )


@cache
def made_up_study() -> Study:
    """The tables of five models under two decodings on one data set, as a report reads them."""
    return study_of({"ladder": SIZES}, datasets=(DATASET,), decodings=DECODINGS, steps=STEPS)


def study_of(
    families: Mapping[str, Mapping[str, int]],
    *,
    datasets: Sequence[str],
    decodings: Sequence[str],
    steps: int,
    tuned: Collection[str] = (),
) -> Study:
    """The tables of families of models (sizes by name) on every data set under every decoding.

    The `tuned` of them have a chat model for each model, measured under the first decoding.
    """
    series = list(product(families, datasets, decodings))
    series += [(_chat(one), dataset, decodings[0]) for one in tuned for dataset in datasets]
    families = {
        **families,
        **{_chat(one): {_chat(name): of for name, of in families[one].items()} for one in tuned},
    }
    rows = [
        _Row(model, size, family, dataset, decodings.index(decoding), decoding)
        for family, dataset, decoding in series
        for model, size in families[family].items()
    ]
    ent_ce = pl.DataFrame([_measured(row, steps) for row in rows], schema=tables.ENT_CE)
    shown = read_measurements(ent_ce)
    return Study(
        ReportTables(
            ent_ce=ent_ce,
            curves=pl.concat(_curve(row, steps) for row in rows),
            fits=pl.DataFrame(
                [
                    _fit(quantity, *one, len(families[one[0]]), plain=one[2] == decodings[0])
                    for one in series
                    for quantity in _QUANTITIES
                ],
                schema=tables.FITS,
            ),
            bands=pl.DataFrame(
                [
                    point
                    for one in series
                    for quantity in ("ent_ce", "drift")
                    for point in _band(
                        quantity, *one, decodings.index(one[2]), families[one[0]].values()
                    )
                ],
                schema=tables.BANDS,
            ),
            points=pl.DataFrame(
                [
                    point
                    for one in series
                    for quantity in _QUANTITIES
                    for point in _points(quantity, *one, decodings.index(one[2]), families[one[0]])
                ],
                schema=tables.POINTS,
            ),
            leave_one_out=pl.DataFrame(
                [
                    without
                    for one in series
                    if len(families[one[0]]) > 3
                    for quantity in _QUANTITIES
                    for without in _without(quantity, *one, families[one[0]])
                ],
                schema=tables.LEAVE_ONE_OUT,
            ),
            horizons=pl.DataFrame(
                [
                    length
                    for one in series
                    for quantity in ("ent_ce", "drift")
                    for length in _lengths(quantity, *one, steps)
                ],
                schema=tables.HORIZONS,
            ),
            overall=pl.DataFrame(
                [
                    _overall(quantity, decoding, len(families) - len(tuned))
                    for quantity in _QUANTITIES
                    for decoding in decodings
                ],
                schema=OVERALL,
            ),
            tuning=pl.DataFrame(
                [one for row in rows if row.base for one in _tuning(row)], schema=TUNING
            ),
            spread=pl.DataFrame(
                [one for row in rows for one in _spread(row, steps)], schema=tables.SPREAD
            ),
            seen=pl.DataFrame([one for row in rows for one in _seen(row)], schema=tables.SEEN),
            gate=pl.DataFrame([_gate(row) for row in rows], schema=tables.GATE),
            readings=pl.DataFrame(
                [
                    one
                    for row in rows
                    if tuple(row.labels.values()) in shown
                    for one in _readings(row, steps)
                ],
                schema=READINGS,
            ),
            **_theory(datasets, [next(iter(sizes)) for sizes in families.values()]),
        ),
        replace(
            PROVENANCE,
            ancestry=pl.DataFrame([one for row in rows for one in _ancestry(row)], schema=ANCESTRY),
        ),
    )


PROVENANCE = Provenance(
    study="quickstart",
    made_at="2026-03-14 15:09 UTC",
    versions={"calibration": "0.1.0", "torch": "2.13.0"},
    commit="0123abc",
    devices=["a processor"],
    seed=0,
    at_end="continue",
    ancestry=pl.DataFrame(schema=ANCESTRY),
    differences=["224 steps are measured; the paper measures 1,000."],
    notes=["The models were trained on the training split of the same speeches."],
    sizes=["Parameters counted from the weights: ladder-60k."],
)

_QUANTITIES = {"ent_ce": -0.2, "drift": -0.24, "drift_slope": -0.31}


ARTIFACTS = ("texts", "examples", "samples", "scores", "summaries", "fits", "study-fits")


@dataclass(frozen=True)
class _Row:
    """One measurement: a model on a data set under a decoding, the `cooler`-th one."""

    model: str
    size: int
    family: str
    dataset: str
    cooler: int
    decoding: str

    @property
    def labels(self) -> dict[str, str]:
        return {"model": self.model, "dataset": self.dataset, "decoding": self.decoding}

    @property
    def base(self) -> str | None:
        return self.model.removesuffix(CHAT) if self.model.endswith(CHAT) else None

    @property
    def log_loss(self) -> float:
        more = 0.034 * self.cooler + self.shift + (TUNED["log_loss"] if self.base else 0.0)
        return 2.9 + 1.3 * float((self.size / 6e4) ** -0.21) + more

    @property
    def shift(self) -> float:
        """What tells families and data sets apart; 0 for the first family of the small study."""
        family = self.family.removesuffix(CHAT)
        return 0.03 * (len(family) - len("ladder")) + 0.1 * (len(self.dataset) - len(DATASET))

    def level(self, quantity: str) -> float:
        tuned = TUNED.get(quantity, 0.0) if self.base else 0.0
        return _level(self.size, self.cooler, quantity) + tuned

    @property
    def random(self) -> np.random.Generator:
        return np.random.default_rng([self.size, len(self.dataset), self.cooler])


def _chat(name: str) -> str:
    return f"{name}{CHAT}"


def _tuning(row: _Row) -> list[dict[str, object]]:
    labels = {name: label for name, label in row.labels.items() if name != "model"}
    return [
        labels
        | {
            "family": row.family.removesuffix(CHAT),
            "base": row.base,
            "chat": row.model,
            "unit": "tokens",
            "quantity": quantity,
            "shared": 43,
            "paired": True,
            "of_base": value - changed,
            "of_chat": value,
            "difference": changed,
            "standard_error": 0.012,
            "low": changed - 0.024,
            "high": changed + 0.024,
        }
        for quantity, changed in TUNED.items()
        for value in [row.log_loss if quantity == "log_loss" else row.level(quantity)]
    ]


def _theory(datasets: Sequence[str], tokenizers: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The made-up tables of the theory as if they were of these data sets and tokenizers."""
    made_up = made_up_theory()._asdict()
    return {name: _of_texts(one, datasets, tokenizers) for name, one in made_up.items()}


def _of_texts(
    table: pl.DataFrame, datasets: Sequence[str], tokenizers: Sequence[str]
) -> pl.DataFrame:
    made_up = table.filter(pl.col("dataset") == DATASETS[0])
    words = made_up.filter(pl.col("tokenizer").is_null())
    tokens = made_up.filter(pl.col("tokenizer") == TOKENIZERS[0])
    named = (tokens.with_columns(tokenizer=pl.lit(one)) for one in tokenizers)
    found = pl.concat([words, *named])
    return pl.concat(found.with_columns(dataset=pl.lit(one)) for one in datasets)


def _level(size: float, cooler: int, quantity: str) -> float:
    largest = {"ent_ce": 0.16, "drift": 0.11, "drift_slope": 0.001}[quantity]
    return largest * float((size / 6e6) ** _QUANTITIES[quantity]) - 0.21 * cooler


def _estimates(row: _Row, wider: float = 1.0) -> dict[str, float]:
    ent_ce, drift = row.level("ent_ce"), row.level("drift")
    values = {"ent_ce": ent_ce, "drift": drift, "static": ent_ce - drift}
    errors = {"ent_ce": 0.021 * wider, "drift": 0.017 * wider, "static": 0.009 * wider}
    return {
        **values,
        **{f"{quantity}_se": error for quantity, error in errors.items()},
        **{f"{quantity}_low": values[quantity] - 2.02 * errors[quantity] for quantity in values},
        **{f"{quantity}_high": values[quantity] + 2.02 * errors[quantity] for quantity in values},
    }


def _measured(row: _Row, steps: int) -> dict[str, object]:
    ent_ce, drift = row.level("ent_ce"), row.level("drift")
    larger = float(np.log10(row.size)) - 4
    return {
        **row.labels,
        "family": row.family,
        "chat": row.base is not None,
        "base": row.base,
        "distilled": False,
        "parameters": row.size,
        "non_embedding_parameters": row.size // 2,
        "training_tokens": None,
        "temperature": 1 - 0.1 * row.cooler,
        "unit": "tokens",
        "at_end": "continue",
        "examples": EXAMPLES,
        "clusters": 43,
        "tokens": EXAMPLES * steps,
        "entropy": row.log_loss + ent_ce,
        "log_loss": row.log_loss,
        "teacher_entropy": row.log_loss + ent_ce - drift,
        **_estimates(row),
        "ent_ce_per_byte": ent_ce / 3.9,
        "bytes_per_token_generated": 3.87,
        "bytes_per_token_human": 3.94,
        "coverage": 1.0,
        "ended_share": 0.0,
        "end_probability": 0.0007,
        "looping_share": 0.061 + 0.04 * row.cooler,
        "derailed_share": 0.083 / (1 + row.cooler),
        **{f"distinct_{n}_generated": 1 - 0.5 / (n + larger + 1) ** 2 for n in (1, 2, 3, 4)},
        **{f"distinct_{n}_human": 1 - 0.4 / (n + larger + 1) ** 2 for n in (1, 2, 3, 4)},
    }


def _curve(row: _Row, steps: int) -> pl.DataFrame:
    random = row.random
    position = np.arange(1, steps + 1)
    drift = row.level("drift") * 1.5 * (1 - np.exp(-(position - 1) / 60))
    log_loss = row.log_loss + 0.2 * np.exp(-position / 30) + random.normal(0, 0.06, steps)
    static = row.level("ent_ce") - row.level("drift")
    human = log_loss + static + random.normal(0, 0.02, steps)
    noise = np.where(position == 1, 0.0, random.normal(0, 0.04, steps))
    return pl.DataFrame(
        {
            **{name: [label] * steps for name, label in row.labels.items()},
            "unit": ["tokens"] * steps,
            "position": position,
            "entropy": human + drift + noise,
            "log_loss": log_loss,
            "teacher_entropy": human,
            "count": np.full(steps, EXAMPLES),
            "count_human": np.full(steps, EXAMPLES),
            "ended": np.linspace(0.0, 0.4, steps),
            "end_probability": np.abs(random.normal(0.0007, 0.0002, steps)),
            "entropy_se": np.full(steps, 0.07),
            "log_loss_se": np.full(steps, 0.09),
            "teacher_entropy_se": np.full(steps, 0.06),
            "drift_se": np.full(steps, 0.05),
        },
        schema_overrides=tables.CURVES,
    )


def _fit(
    quantity: str, family: str, dataset: str, decoding: str, models: int, *, plain: bool
) -> dict[str, object]:
    exponent = _QUANTITIES[quantity]
    half = {"ent_ce": 0.09, "drift": 0.12, "drift_slope": 0.44}[quantity]
    return {
        "family": family,
        "dataset": dataset,
        "decoding": decoding,
        "quantity": quantity,
        "x": "parameters",
        "law": "power",
        "models": models,
        "exponent": exponent,
        "low": exponent - half,
        "high": exponent + half,
        "scatter": 0.083,
        "p_zero": 0.0131,
        "p_holm": 0.0393,
        "clusters": 43,
        "effective_clusters": 40.5,
        "df": models - 2,
        "scatter_low": 0.011,
        "scatter_high": None if models == 3 else 0.31,
        "heterogeneity": 9.4,
        "p_heterogeneity": 0.024,
        "i_squared": 0.68,
        "pooled_exponent": exponent + 0.013,
        "pooled_low": exponent + 0.013 - half / 1.7,
        "pooled_high": exponent + 0.013 + half / 1.7,
        "pooled_scatter": 0.071,
        "pooled_df": 7.0,
        "pooled_series": 4,
        "halving": 2.0 ** (-1 / exponent),
        "halving_low": 2.0 ** (-1 / (exponent - half)),
        "halving_high": 2.0 ** (-1 / (exponent + half)) if exponent + half < 0 else None,
        "identified": plain,
        "amplitude": _level(1_000_000, 0 if plain else 1, quantity),
        "reference_size": 1_000_000.0,
        "measurement_low": exponent - half / 2,
        "measurement_high": exponent + half / 2,
        "method": "raw-scale generalised least squares, REML scatter",
        "warnings": [] if plain else ["2 of 5 values are at or below 0"],
    }


def _band(
    quantity: str, family: str, dataset: str, decoding: str, cooler: int, sizes: Collection[int]
) -> list[dict[str, object]]:
    tuned = TUNED[quantity] if family.endswith(CHAT) else 0.0
    return [
        {
            "family": family,
            "dataset": dataset,
            "decoding": decoding,
            "quantity": quantity,
            "size": size,
            "fitted": _level(size, cooler, quantity) + tuned,
            "low": _level(size, cooler, quantity) + tuned - 0.02,
            "high": _level(size, cooler, quantity) + tuned + 0.02,
            "prediction_low": _level(size, cooler, quantity) + tuned - 0.05,
            "prediction_high": _level(size, cooler, quantity) + tuned + 0.05,
            "form_dependent": False,
        }
        for size in np.geomspace(min(sizes) / 1.5, max(sizes) * 1.5, 40)
    ]


def _points(
    quantity: str,
    family: str,
    dataset: str,
    decoding: str,
    cooler: int,
    sizes: Mapping[str, int],
) -> list[dict[str, object]]:
    return [
        {
            **_labels(family, dataset, decoding, quantity),
            "model": model,
            "size": size,
            "value": _level(size, cooler, quantity),
            "standard_error": 0.02,
            "low": _level(size, cooler, quantity) - 0.04,
            "high": _level(size, cooler, quantity) + 0.04,
            "covariance": [0.0004 if other == model else 0.0002 for other in sizes],
        }
        for model, size in sizes.items()
    ]


def _without(
    quantity: str, family: str, dataset: str, decoding: str, sizes: Mapping[str, int]
) -> list[dict[str, object]]:
    """Without the first model the exponent leaves its interval."""
    exponent = _QUANTITIES[quantity]
    return [
        {
            **_labels(family, dataset, decoding, quantity),
            "left_out": model,
            "models": len(sizes) - 1,
            "exponent": exponent + shift,
            "low": exponent + shift - 0.2,
            "high": exponent + shift + 0.2,
            "shift": shift,
            "flagged": number == 0,
        }
        for number, model in enumerate(sizes)
        for shift in [0.5 if number == 0 else 0.01 * number]
    ]


def _lengths(
    quantity: str, family: str, dataset: str, decoding: str, steps: int
) -> list[dict[str, object]]:
    """Exponents that flatten as texts grow; the shortest length has none."""
    lengths = [max(1, steps // 2**halvings) for halvings in (6, 4, 2, 0)]
    return [
        {
            **_labels(family, dataset, decoding, quantity),
            "steps": length,
            "identified": number > 0,
            **({} if number == 0 else _around(_QUANTITIES[quantity] - 0.05 * (3 - number), 0.1)),
        }
        for number, length in enumerate(dict.fromkeys(lengths))
    ]


def _overall(quantity: str, decoding: str, families: int) -> dict[str, object]:
    found = _around(_QUANTITIES[quantity] + 0.021, 0.19) if families > 1 else {}
    return {
        "dataset": "all",
        "decoding": decoding,
        "quantity": quantity,
        "x": "parameters",
        "families": families,
        "series": families,
        "df": families - 1,
        "scatter": 0.04 if families > 1 else None,
        "method": "random effects over families",
        "tokenizers_differ": False,
        **found,
    }


def _around(exponent: float, half: float) -> dict[str, object]:
    return {"exponent": exponent, "low": exponent - half, "high": exponent + half}


def _labels(family: str, dataset: str, decoding: str, quantity: str) -> dict[str, object]:
    return {"family": family, "dataset": dataset, "decoding": decoding, "quantity": quantity}


def _spread(row: _Row, steps: int) -> list[dict[str, object]]:
    edges = np.linspace(0, steps, SPREAD_BINS + 1).astype(int)
    return [
        {
            **row.labels,
            "unit": "tokens",
            "side": side,
            "first": first + 1,
            "last": last,
            **{
                f"q{percent:02d}": middle + wide * normal * (1 + number / 10)
                for percent, normal in PERCENTILES.items()
            },
        }
        for side, middle, wide in (
            ("generated", row.log_loss + row.level("ent_ce"), 0.41),
            ("human", row.log_loss, 0.3),
        )
        for number, (first, last) in enumerate(pairwise(edges))
    ]


def _ancestry(row: _Row) -> list[dict[str, object]]:
    digest = sha256(str(row).encode()).hexdigest()
    return [
        row.labels
        | {
            "kind": kind,
            "address": f"{kind}/{digest[:2]}/{digest}",
            "made_at": "2026-03-14T15:09:26+00:00",
            "seconds": 3.14,
            "device": "a processor",
            "host": "a host",
            "code_commit": "0123abc",
            "versions": "torch 2.13.0",
        }
        for kind in ARTIFACTS
    ]


def _seen(row: _Row) -> list[dict[str, object]]:
    return [
        {
            **row.labels,
            "unit": "tokens",
            "texts": texts,
            "trained_until": 2019,
            "examples": examples,
            "clusters": examples // 12,
            "log_loss": row.log_loss,
            **_estimates(row, wider=(EXAMPLES / examples) ** 0.5),
        }
        for texts, examples in (("all", 512), ("up to 2019", 400), ("after 2019", 112))
    ]


def _gate(row: _Row) -> dict[str, object]:
    return {
        **row.labels,
        "texts": 64,
        "tokens": 64 * 224,
        "edges": 0,
        "bias": 0.00031,
        "z": 0.42,
        "covariance_z": -1.1,
        "detectable": 0.0021,
        "largest_difference": 2.4e-6,
    }


def _readings(row: _Row, steps: int) -> list[dict[str, object]]:
    random = row.random
    kinds = ("typical", "typical", "most derailed", "most derailed", "most looping", "most looping")
    return [
        {
            **row.labels,
            "chosen_as": kind,
            "cluster": f"1903-{number}",
            "example": number,
            "prompt": "To the Senate and House of Representatives:\n\nThe country is to be",
            "generated": random.choice(WORDS, steps).tolist(),
            "generated_entropy": random.gamma(2.0, 1.6, steps).tolist(),
            "human": random.choice(WORDS, steps).tolist(),
            "human_entropy": random.gamma(2.0, 1.5, steps).tolist(),
            "human_log_loss": random.exponential(3.0, steps).tolist(),
        }
        for number, kind in enumerate(kinds)
    ]
