"""What the page says of one data set: its tables, its figures, its generations to read.

Tables hold every decoding; a long one shows the first and folds the others. Figures and
generations are of the first decoding alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from calibration.report.calibrated_section import calibrated_section
from calibration.report.comparability import note_on_tokens
from calibration.report.generations import ToRead, generations, scale_key
from calibration.report.listing import (
    MEASURED,
    SEEN,
    TEXTS,
    VARIETY,
    measured_cells,
    seen_cells,
    text_cells,
    variety_cells,
)
from calibration.report.page import Column, Html, element, folded, prose, table
from calibration.report.paths import PATHS, path_rows
from calibration.report.results import ReportTables
from calibration.report.terms import MIXTURE, NOTHING_TO_READ, SEEN_MEANING, UNSEEN
from calibration.report.tuning_section import tuning_section
from calibration.report.wording import CONFIDENCE, Row, count, nats_per, unit_of

LONG: Final = 40  # rows; a longer table shows its first decoding and folds the others

Pictures = Mapping[str, Html]  # the figures of one data set, on the page, by name


def dataset_section(
    dataset: str, tables: ReportTables, *, pictures: Pictures, to_read: ToRead
) -> Iterator[Html]:
    """The parts of the section of one data set, one after the other."""
    shown = tables.of(dataset)
    decoding = tables.headline(dataset)
    nats = nats_per(unit_of(shown.ent_ce))
    yield element("h3", "EntCE and its parts")
    if note := note_on_tokens(shown.ent_ce):
        yield prose(note)
    yield from listed_rows(
        f"EntCE and its two parts on {dataset}, {nats}, with {CONFIDENCE} intervals.",
        MEASURED,
        cells=measured_cells,
        rows=shown.ent_ce,
    )
    yield from _truncated(shown.ent_ce, dataset, nats)
    yield from calibrated_section(shown, dataset)
    yield element("h3", "Over steps, against size, and across decodings")
    yield from _drawn(pictures, "entropy-over-steps", "ent-ce-against-size")
    yield from _drawn(pictures, "exponents-against-length")
    yield from _drawn(pictures, "drift-and-static-against-size", "loss-ent-ce-plane")
    yield from tuning_section(shown.tuning, dataset)
    yield element("h3", "Loops, derailed texts and repetition")
    yield from _drawn(pictures, "spread-over-steps", "variety-against-size")
    yield from listed_rows(
        f"How texts spread and repeat on {dataset}: shares of own texts that loop and that derail, "
        "5 % each where own and human texts spread alike; repetition is 1 - distinct 4-grams of "
        "tokens, and distinct n-grams are shares of the n-grams of a text.",
        VARIETY,
        cells=variety_cells,
        rows=shown.ent_ce,
    )
    yield element("h3", "Texts, bytes and ends")
    yield from _drawn(pictures, "ends-over-steps")
    yield from listed_rows(
        f"What was measured on {dataset}: how much text, its length in bytes, the share of "
        "human tokens that the decoding allows (coverage), the share of texts that ended, "
        "and the probability a step that the models put on ending.",
        TEXTS,
        cells=text_cells,
        rows=shown.ent_ce,
    )
    yield element("h3", "Texts that a model may have seen")
    yield from _seen(tables.of(dataset, decoding).seen, f"{dataset} at {decoding}", nats)
    yield element("h3", "Generations to read")
    yield from _generations(to_read.on(dataset), decoding)


def listed_rows(
    caption: str,
    columns: Sequence[Column],
    *,
    cells: Callable[[Row], list[str]],
    rows: pl.DataFrame,
) -> Iterator[Html]:
    """A table of the rows of one of the study's tables, which have a column `decoding`."""
    first = pl.lit(value=True)
    if len(rows) > LONG:
        first = pl.col("decoding") == rows["decoding"][0]
    yield table(caption, columns, rows=[cells(row) for row in rows.filter(first).rows(named=True)])
    others = rows.filter(~first)
    if len(others):
        said = f"The same for {count(others['decoding'].n_unique(), 'other decoding')}"
        lines = [cells(row) for row in others.rows(named=True)]
        yield folded(f"{said}: {len(others)} rows", table(caption, columns, rows=lines))


def _truncated(ent_ce: pl.DataFrame, dataset: str, nats: str) -> Iterator[Html]:
    rows = path_rows(ent_ce)
    if rows:
        yield element("h3", "Truncated decodings")
        yield element("p", MIXTURE)
        yield table(
            f"Truncated decodings on {dataset} from the largest mixture λ to the smallest above 0, "
            f"{nats}; beside them the pure sampler, which has no finite log loss.",
            PATHS,
            rows=rows,
        )


def _drawn(pictures: Pictures, *names: str) -> Iterator[Html]:
    yield from (pictures[name] for name in names if name in pictures)


def _seen(seen: pl.DataFrame, where: str, nats: str) -> Iterator[Html]:
    if seen.is_empty():
        yield prose(UNSEEN)
        return
    yield element("p", SEEN_MEANING)
    yield table(
        f"Results on {where}, with and without texts that a model may have seen in training, "
        f"{nats}, with {CONFIDENCE} intervals.",
        SEEN,
        rows=[seen_cells(row) for row in seen.rows(named=True)],
    )


def _generations(to_read: ToRead, decoding: str) -> Iterator[Html]:
    if to_read.readings.is_empty():
        yield element("p", NOTHING_TO_READ)
        return
    yield prose(
        f"At {decoding}, of the smallest and the largest model of each family, the first "
        f"{to_read.tokens} tokens of each text; every token is in what `calibration export "
        "--tokens` writes. The human text continues the same prompt. Point at a token for its "
        "exact entropy, and on human text for its log loss.",
    )
    yield scale_key()
    yield from generations(to_read)
