"""What the page says of fitted decodings: whether calibration was had without the tradeoff.

A fitted temperature is a temperature, and stands there to be beaten. Knows no figures.
"""

from collections.abc import Iterator
from typing import Final

import polars as pl

from calibration.report.diagnosed import DIAGNOSTICS, diagnostic_cells, predictor_sentence
from calibration.report.page import Column, Html, element, folded, table
from calibration.report.results import ReportTables
from calibration.report.wording import (
    CONFIDENCE,
    Row,
    count,
    estimate,
    interval,
    listed,
    nats_per,
    share,
    signed,
    unit_of,
    unsigned,
)
from calibration.statistics.equal_ent_ce import PATH

FITTED: Final = (
    Column("model", "name"),
    Column("decoding", "name"),
    Column("dominates temperature", "name"),
    Column("L less a temperature's", "name"),
    Column("curve off by", "number"),
    Column("log loss L", "name"),
    Column("EntCE", "name"),
    Column("drift", "name"),
    Column("coverage", "number"),
    Column("time", "number"),
    Column("fitted", "name"),
)
MEANING: Final = (
    "The settings of these decodings are fitted, on texts of which none is measured here. A "
    "temperature below 1 buys a smaller EntCE with log loss; the theorem says that it can be had "
    "without, by weighing each next token by the entropy of what follows. Beside each decoding "
    "stands the temperature of the same EntCE, on a curve through the temperatures of this study, "
    "on the same texts and with the same random numbers. The curve is off by as much as it misses "
    "one of its own temperatures where that is left out of it. A decoding dominates temperature "
    "where its log loss is below that by more than its interval and what the curve is off by; of "
    "many such intervals, one in forty would be so by chance. Nothing is cut off, so that coverage "
    "is whole."
)
COST: Final = (
    "Time is that of a token of own text over the same of plain temperatures, as each was written, "
    "with whatever shared its batches"
)
NAMES: Final = {"temperature": "τ", "alpha": "α"}
SYMBOL: Final = {"temperature": unsigned, "alpha": signed}
YES: Final = "yes"
HIGHER: Final = "no: higher"
NOT_SHOWN: Final = "not shown"
NO_INTERVAL: Final = "not known without an interval"
KNOWN: Final = (YES, HIGHER, NOT_SHOWN)
NOT_TIMED: Final = "not timed"


def calibrated_section(shown: ReportTables, dataset: str) -> Iterator[Html]:
    """The parts of what is said of the fitted decodings of one data set; nothing without any."""
    if shown.calibrated.is_empty():
        return
    yield element("h3", "Calibrated without the tradeoff")
    yield element("p", MEANING)
    yield element("p", calibrated_sentence(shown.calibrated))
    if said := predictor_sentence(shown.diagnosed):
        yield element("p", said)
    yield table(
        f"Fitted decodings on {dataset}, {nats_per(unit_of(shown.ent_ce))}, with {CONFIDENCE} "
        f"intervals, paired where they are of a difference. {COST}{_where(shown.pace)}.",
        FITTED,
        rows=list(calibrated_rows(shown)),
    )
    if not shown.diagnosed.is_empty():
        rows = [diagnostic_cells(row) for row in shown.diagnosed.rows(named=True)]
        yield folded(
            f"How they were fitted: {count(len(rows), 'diagnostic')}",
            table(
                f"What was seen while decodings were fitted for {dataset}, on the texts that they "
                "were fitted on; ± is a standard error over source texts.",
                DIAGNOSTICS,
                rows=rows,
            ),
        )


def calibrated_findings(shown: ReportTables) -> list[str]:
    """The same as one of the sentences that a data set is headlined by; none without any."""
    return [] if shown.calibrated.is_empty() else [calibrated_sentence(shown.calibrated)]


def calibrated_sentence(calibrated: pl.DataFrame) -> str:
    """Which fitted decodings have surely less log loss than the temperature of their EntCE."""
    rows = calibrated.filter(pl.col("kind") != "temperature").sort("difference", nulls_last=True)
    if rows.is_empty():
        return "Only temperatures were fitted here, which nothing is set against."
    found = [(outcome(row), row) for row in rows.rows(named=True)]
    compared = [(said, row) for said, row in found if said in KNOWN]
    unknown = _unknown([said for said, _ in found if said not in KNOWN])
    if not compared:
        return f"Nothing can be said of temperature at equal EntCE.{unknown}"
    better = [_named(row) for said, row in compared if said == YES]
    worse = sum(said == HIGHER for said, _ in compared)
    of = f"{count(len(compared), 'fitted decoding')}, each against the temperature of its own EntCE"
    if not better:
        return (
            f"Nothing dominates temperature: of {of}, no log loss is below that temperature's by "
            f"more than its interval and what the curve is off by, and {worse} {_is(worse)} above "
            f"by more. The lowest is that of {_named(compared[0][1])}.{unknown}"
        )
    return (
        f"Of {of}, {len(better)} {_dominate(len(better))} temperature: {listed(better)}, in log "
        f"loss; {worse} {_is(worse)} above by more than the interval and what the curve is off "
        f"by.{unknown}"
    )


def _unknown(said: list[str]) -> str:
    """Why nothing is known of the others, as sentences that follow another."""
    alone = said.count(NO_INTERVAL)
    beyond = len(said) - alone
    reasons = [
        (beyond, f"there are no {PATH} distinct temperatures with EntCE on either side of theirs"),
        (alone, "there is one source text only, and no interval"),
    ]
    return "".join(f" For {number} of them {why}." for number, why in reasons if number)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _dominate(number: int) -> str:
    return "dominates" if number == 1 else "dominate"


def calibrated_rows(shown: ReportTables) -> Iterator[list[str]]:
    """The cells of FITTED for each fitted decoding of each model."""
    labels = ["model", "dataset", "decoding"]
    measured = shown.ent_ce.drop("log_loss", "unit")
    both = shown.calibrated.join(measured, on=labels, how="left", maintain_order="left")
    for row in both.rows(named=True):
        settings = shown.fitted.filter(model=row["model"], decoding=row["decoding"])
        yield [
            row["model"],
            row["decoding"],
            outcome(row),
            _difference(row),
            "" if row["path_error"] is None else unsigned(row["path_error"]),
            _loss(row),
            estimate(row, "ent_ce"),
            estimate(row, "drift"),
            share(row["coverage"]),
            relative_cost(shown, row["model"], row["decoding"]),
            settings_words(settings),
        ]


def settings_words(fitted: pl.DataFrame) -> str:
    """`τ 0.9530`, `α +0.1234`, or the α of each block in turn."""
    words = []
    for (name,), rows in fitted.group_by("name", maintain_order=True):
        values = [SYMBOL[str(name)](value) for value in rows.sort("block")["value"]]
        words.append(f"{NAMES[str(name)]} {', '.join(values)}")
    return "; ".join(words)


def relative_cost(shown: ReportTables, model: str, decoding: str) -> str:
    """`1.9×`: the time a token of own text over the median of the model's plain temperatures."""
    plain = shown.ent_ce.filter(
        pl.col("temperature").is_not_null(), pl.col("truncation").is_null(), model=model
    )["decoding"]
    own = shown.pace.filter(model=model, decoding=decoding)
    others = shown.pace.filter(pl.col("decoding").is_in(plain.implode()), model=model)
    alike = others.join(own, on="device", how="semi")["seconds"].median()
    seconds = own["seconds"].first()
    if not isinstance(alike, float) or not isinstance(seconds, float):
        return NOT_TIMED
    return f"{seconds / alike:.2g}×"


def outcome(row: Row) -> str:
    """Whether a decoding dominates temperature, or why that is not known."""
    if row["kind"] == "temperature":
        return "is one"
    if row["difference"] is None:
        return f"not known beside {count(row['temperatures'], 'distinct temperature')}"
    if not row["inside"]:
        return "not known: its EntCE is outside theirs"
    if row["difference_low"] is None:
        return NO_INTERVAL
    if row["difference_high"] < -row["path_error"]:
        return YES
    return HIGHER if row["difference_low"] > row["path_error"] else NOT_SHOWN


def _difference(row: Row) -> str:
    if row["difference"] is None:
        return "not known"
    return f"{signed(row['difference'])} {interval(row['difference_low'], row['difference_high'])}"


def _loss(row: Row) -> str:
    ends = ", ".join(unsigned(row[f"log_loss_{end}"]) for end in ("low", "high"))
    return f"{unsigned(row['log_loss'])} [{ends}]"


def _named(row: Row) -> str:
    return f"{row['decoding']} of {row['model']}, {_difference(row)}"


def _where(pace: pl.DataFrame) -> str:
    devices = pace["device"].unique(maintain_order=True).to_list()
    return f", on {listed(devices)}" if devices else ""
