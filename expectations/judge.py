"""From tables and their rules to a verdict: what passed, what was found, and three offenders.

Offending rows are fetched only for rules that were broken.
"""

from collections.abc import Sequence

import polars as pl

from calibration.record_tables import VERDICT
from expectations.rules import SHOWN, Case, Offenders, Rule
from expectations.validation import held


def judge(cases: Sequence[Case]) -> pl.DataFrame:
    """The verdict on some tables, one row a rule, in the order of the rules (schema VERDICT).

    `count` is how many rows break the rule: 0 where it holds, and where it speaks of the table
    as a whole. Raises RuntimeError when a rule could not be evaluated.
    """
    facts = pl.concat([case.facts for case in cases], how="horizontal")
    kept = held(facts, [rule for case in cases for rule in case.rules])
    rows = [
        {
            "rule": rule.name,
            "severity": rule.severity,
            "passed": rule.name in kept,
            "observed": _observed(facts[rule.name].item(), rule, case.table.height),
            "expected": rule.expected,
            **_offending(case.table, None if rule.name in kept else rule.offenders),
        }
        for case in cases
        for rule in case.rules
    ]
    return pl.DataFrame(rows, schema=VERDICT)


def failure_sentence(table: str, verdict: pl.DataFrame) -> str | None:
    """One sentence naming the table and every rule of severity fail it breaks; None if none."""
    broken = verdict.filter(~pl.col("passed"), severity="fail")
    if broken.is_empty():
        return None
    rules = "one rule" if broken.height == 1 else f"{broken.height} rules"
    accounts = "; ".join(_account(**row) for row in broken.iter_rows(named=True))
    return f"{table} breaks {rules} that must hold, so nothing is made from it: {accounts}"


def _account(rule: str, expected: str, observed: str, examples: list[str], **_: object) -> str:
    shown = f", such as {'; '.join(examples)}" if examples else ""
    return f"{rule} ({expected}), found {observed}{shown}"


def _observed(value: float | None, rule: Rule, height: int) -> str:
    return "no value" if value is None else rule.reads.format(value=value, rows=height)


def _offending(table: pl.DataFrame, offenders: Offenders | None) -> dict[str, object]:
    if offenders is None:
        return {"count": 0, "examples": []}
    rows = table.filter(offenders.where)
    shown = rows.head(SHOWN).rechunk()  # pl.format panics on an empty chunk (polars 2.1)
    return {
        "count": rows.height,
        "examples": shown.select(words=offenders.words)["words"].to_list(),
    }
