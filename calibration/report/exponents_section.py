"""What the page says of exponents: each interval with its purpose, and the exponent of them all."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from calibration.report.against_section import against_section
from calibration.report.dataset_section import listed_rows
from calibration.report.page import Column, Html, bullets, element, folded, joined, prose, table
from calibration.report.results import ReportTables, headlined
from calibration.report.wording import (
    CONFIDENCE,
    EXPONENT_DECIMALS,
    QUANTITIES,
    SIZES,
    UNDETERMINED,
    Row,
    count,
    determined,
    exponent,
    halving,
    interval,
    listed,
    pooled,
    signed,
    size,
    span,
    unsigned,
)
from calibration.statistics.leaving_out import ARITHMETIC, DISTILLED
from calibration.statistics.scaling import MODELS_NEEDED

FAMILIES_NEEDED: Final = 2
SERIES: Final = ("family", "dataset", "decoding", "quantity")
EXPONENTS: Final = (
    Column("family", "name"),
    Column("data set", "name"),
    Column("decoding", "name"),
    Column("quantity", "name"),
    Column("over", "name"),
    Column("models (K)", "number"),
    Column("exponent", "prose"),
    Column("with common scatter", "name"),
    Column("measurement only", "name"),
    Column("p (exponent 0)", "number"),
    Column("p, all series", "number"),
    Column("warnings", "prose"),
)
LAWS: Final = (
    Column("family", "name"),
    Column("data set", "name"),
    Column("decoding", "name"),
    Column("quantity", "name"),
    Column("source texts", "number"),
    Column("effective texts", "number"),
    Column("df", "number"),
    Column("scatter τ", "number"),
    Column("common τ", "number"),
    Column("Q", "number"),
    Column("p (no scatter)", "number"),
    Column("I²", "number"),
    Column("fitted value at size", "number"),
    Column("size that halves it", "number"),
)
OVERALL: Final = (
    Column("data sets", "name"),
    Column("decoding", "name"),
    Column("quantity", "name"),
    Column("over", "name"),
    Column("families (F)", "number"),
    Column("exponent", "prose"),
    Column("spread between families", "number"),
)
LEFT_OUT: Final = (
    Column("family", "name"),
    Column("data set", "name"),
    Column("quantity", "name"),
    Column("without", "name"),
    Column("models left", "number"),
    Column("exponent", "name"),
    Column("moves by", "number"),
    Column("more than half of the interval", "name"),
)
FEW: Final = (
    f"Of {ARITHMETIC} models or fewer, what happens without one is arithmetic, not evidence."
)
KINDS: Final = (
    (
        "Exponent",
        "the family's own interval, which includes how its models scatter around the law; this is "
        "the one to quote.",
    ),
    (
        "With common scatter",
        "the same where every family is taken to scatter alike, which few models cannot say of "
        "themselves; narrower, and true only if they do.",
    ),
    (
        "Measurement only",
        "how far the exponent of exactly these models would move with other texts; it says "
        "nothing of any other model, and is never to be quoted as the exponent's error.",
    ),
    (
        "p, all series",
        "the p-value of an exponent of 0 after Holm's adjustment for every series of the study.",
    ),
)
OF_OTHER_SPANS: Final = (
    "There is no exponent over families where windows are in tokens and tokenizers differ: a "
    "window holds other text for each of them, and drift, which grows over it, is not of the same "
    "span. Windows in bytes (`unit: bytes`) have one."
)
CHAT: Final = (
    "Chat models",
    "series of their own, with a law of their own. Common scatter, the p-value for all series and "
    "the exponent over families are of base models alone (of chat models only in a study that has "
    "no others): a family and its chat version are not two families.",
)
TAUGHT: Final = (
    "Distilled models were taught by another model and not by text alone, so that they need not "
    "stand where the law of their family has them. The same laws without all of them:"
)


def exponents_section(
    tables: ReportTables, pictures: Sequence[Html], *, sizes: Sequence[str]
) -> Iterator[Html]:
    """The parts of the section on exponents.

    `pictures` are its figures, on the page; `sizes` say where the sizes of models come from.
    """
    if tables.fits.is_empty():
        yield element("p", "No family was fitted.")
        return
    kinds = (*KINDS, CHAT) if tables.ent_ce["chat"].any() else KINDS
    yield bullets([joined(element("strong", name), f": {what}") for name, what in kinds])
    yield from pictures
    yield from listed_rows(
        "The exponent of each family: quantity = amplitude × size to the power of the exponent, "
        f"with {CONFIDENCE} intervals.",
        EXPONENTS,
        cells=exponent_cells,
        rows=tables.fits,
    )
    yield from listed_rows(
        "What else the laws say: how models scatter around them (τ, in units of the logarithm of "
        "the quantity, with its interval; Q and I² of the same), and what they amount to. Source "
        "texts of uneven length say as much as fewer even ones, the effective texts; df is K - 2.",
        LAWS,
        cells=law_cells,
        rows=tables.fits,
    )
    methods = tables.fits.select("law", "method").unique(maintain_order=True).rows()
    yield bullets([*(f"Law {law}, fitted by {method}." for law, method in methods), *sizes])
    yield element("h3", "Without each of the models")
    yield from _left_out(tables)
    yield from _without_distilled(tables)
    yield element("h3", "Beside the simplified theory")
    yield from against_section(tables)
    yield element("h3", "Over all families")
    yield from _overall(tables.overall)


def exponent_cells(fit: Row) -> list[str]:
    """The cells of EXPONENTS for one row of FITS; without an exponent nothing of it is a number."""
    known = determined(fit)
    ends = interval(fit["measurement_low"], fit["measurement_high"], decimals=EXPONENT_DECIMALS)
    return [
        *_series_cells(fit),
        SIZES[fit["x"]],
        str(fit["models"]),
        exponent(fit),
        pooled(fit),
        ends if known else UNDETERMINED,
        unsigned(fit["p_zero"]) if known else UNDETERMINED,
        unsigned(fit["p_holm"]) if known else UNDETERMINED,
        "; ".join(fit["warnings"] or ["none"]),
    ]


def law_cells(fit: Row) -> list[str]:
    """The cells of LAWS for one row of FITS."""
    known = determined(fit)
    return [
        *_series_cells(fit),
        f"{fit['clusters']:,}",
        unsigned(fit["effective_clusters"], 0),
        UNDETERMINED if fit["df"] is None else str(fit["df"]),
        span(fit["scatter"], fit["scatter_low"], fit["scatter_high"]),
        unsigned(fit["pooled_scatter"], 3),
        unsigned(fit["heterogeneity"], 1),
        unsigned(fit["p_heterogeneity"]),
        unsigned(fit["i_squared"], 2),
        f"{signed(fit['amplitude'])} at {size(fit['reference_size'])}" if known else UNDETERMINED,
        halving(fit) if known else UNDETERMINED,
    ]


def overall_cells(row: Row) -> list[str]:
    """The cells of OVERALL for one row of its table."""
    found = row["exponent"] is not None
    ends = interval(row["low"], row["high"], decimals=EXPONENT_DECIMALS)
    return [
        row["dataset"],
        row["decoding"],
        QUANTITIES[row["quantity"]],
        SIZES[row["x"]],
        str(row["families"]),
        f"{signed(row['exponent'], EXPONENT_DECIMALS)} {ends}" if found else none_over(row),
        unsigned(row["scatter"], EXPONENT_DECIMALS) if found else UNDETERMINED,
    ]


def none_over(row: Row) -> str:
    """Why a row of OVERALL has no exponent, in one clause."""
    return "none: tokens differ" if row["tokenizers_differ"] else too_few(row["families"])


def too_few(families: int) -> str:
    """Why there is no exponent over families, in one clause."""
    return (
        f"none: {FAMILIES_NEEDED} families with an exponent are needed to see how families "
        f"differ, found {families}"
    )


def left_out_cells(row: Row) -> list[str]:
    """The cells of LEFT_OUT for one row of LEAVE_ONE_OUT."""
    found = row["exponent"] is not None
    ends = interval(row["low"], row["high"], decimals=EXPONENT_DECIMALS)
    return [
        row["family"],
        row["dataset"],
        QUANTITIES[row["quantity"]],
        row["left_out"],
        str(row["models"]),
        f"{signed(row['exponent'], EXPONENT_DECIMALS)} {ends}" if found else _too_few_left(row),
        signed(row["shift"], EXPONENT_DECIMALS),
        {True: "yes", False: "no", None: UNDETERMINED}[row["flagged"]],
    ]


def _too_few_left(row: Row) -> str:
    if row["models"] >= MODELS_NEEDED:
        return UNDETERMINED
    return f"no interval: {MODELS_NEEDED} models are needed, {row['models']} are left"


def left_out_sentence(leave_one_out: pl.DataFrame) -> str:
    """What leaving single models out showed, in one sentence."""
    laws = leave_one_out.select(SERIES).n_unique()
    if laws == 0:
        return (
            "No law has an exponent and four models or more, so that none could be fitted again "
            "without each of its models."
        )
    whole = f"{count(laws, 'law')} fitted again without each of {'its' if laws == 1 else 'their'}"
    decisive, lost = (leave_one_out.filter(one) for one in ("flagged", pl.col("flagged").is_null()))
    without = lost["left_out"].unique(maintain_order=True).to_list()
    end = f" Some have no exponent without {_first(without)}." if without else ""
    if decisive.is_empty():
        return f"Of {whole} models, none moves by more than half of its interval.{end}"
    names = decisive["left_out"].unique(maintain_order=True).to_list()
    moved = decisive.select(SERIES).n_unique()
    return (
        f"Of {whole} models, {moved} {'moves' if moved == 1 else 'move'} by more than half of the "
        f"interval, without {_first(names)}: such an exponent rests on one model, and its warnings "
        f"say which.{end}"
    )


def _left_out(tables: ReportTables) -> Iterator[Html]:
    known = tables.fits.filter("identified")
    single = tables.leave_one_out.filter(pl.col("left_out") != DISTILLED)
    yield element("p", left_out_sentence(single))
    if (known["models"] <= ARITHMETIC).any():
        yield element("p", FEW)
    found = single.join(known, on=SERIES, how="semi", maintain_order="left")
    rows = headlined(tables, found).rows(named=True)
    if rows:
        yield folded(
            f"{count(len(rows), 'fit')} without one model, of the first decoding of each data set",
            table(
                f"Exponents without each of the models, with {CONFIDENCE} intervals.",
                LEFT_OUT,
                rows=[left_out_cells(row) for row in rows],
            ),
        )


def _without_distilled(tables: ReportTables) -> Iterator[Html]:
    found = tables.leave_one_out.filter(left_out=DISTILLED)
    if found.is_empty():
        return
    yield element("h3", "Without distilled models")
    yield element("p", TAUGHT)
    rows = headlined(tables, found).rows(named=True)
    yield table(
        f"Exponents without the distilled models of each family, of the first decoding of each "
        f"data set, with {CONFIDENCE} intervals.",
        LEFT_OUT,
        rows=[left_out_cells(row) for row in rows],
    )


def _overall(overall: pl.DataFrame) -> Iterator[Html]:
    yield element(
        "p",
        "The exponent that a further family would have on average. A family's data sets are "
        "averaged first, since they are of the same models: families are what is independent. A "
        "family counts once, through its base models.",
    )
    most = max(overall["families"].to_list(), default=0)
    if most < FAMILIES_NEEDED:
        yield element("p", f"Exponent over families: {too_few(most)}.")
        return
    if overall["tokenizers_differ"].any():
        yield prose(OF_OTHER_SPANS)
    if overall["tokenizers_differ"].all():
        return
    yield from listed_rows(
        f"The exponent over families, with {CONFIDENCE} intervals of F - 1 degrees of freedom.",
        OVERALL,
        cells=overall_cells,
        rows=overall,
    )
    yield bullets([f"Method: {method}." for method in overall["method"].unique().to_list()])


def _series_cells(fit: Row) -> list[str]:
    return [fit["family"], fit["dataset"], fit["decoding"], QUANTITIES[fit["quantity"]]]


def _first(names: Sequence[str]) -> str:
    shown = list(names[:4])
    more = len(names) - len(shown)
    return listed([*shown, f"{more} more"]) if more else listed(shown)
