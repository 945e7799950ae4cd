"""Whether numbers lie within bounds, asked of Great Expectations; nothing else meets it or pandas.

Polars has aggregated before: what arrives here is one row. Importing Great Expectations takes
5-9 seconds, so it happens inside functions, once a process, as does making its context.
"""

import logging
import threading
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.rules import Rule

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.expectations.core.expect_column_min_to_be_between import (
        ExpectColumnMinToBeBetween,
    )

# One context serves every thread of the process, and promises nothing about two at once.
_ONE_AT_A_TIME = threading.Lock()


def held(facts: pl.DataFrame, rules: Sequence[Rule]) -> frozenset[str]:
    """The names of the rules whose number lies within its bounds.

    `facts` is one row with a column for each rule, by name. A number that is missing, NaN or
    infinite is within no bounds. Raises RuntimeError when a rule could not be evaluated: that
    is an error of ours and says nothing about the data.
    """
    with _ONE_AT_A_TIME:
        results = _validated(facts, expectation_suite(rules)).results
    for result in results:
        _require_evaluated(result)
    return frozenset(_rule_of(result) for result in results if result.success)


def expectation_suite(rules: Sequence[Rule]) -> "ExpectationSuite":
    """The rules as a suite of expectations, one a rule, with the claim as its description."""
    _import_quietly()
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.metadata_types import FailureSeverity

    expectation = _expectation_of_one_row()
    return ExpectationSuite(
        name="rules",
        expectations=[
            expectation(
                column=rule.name,
                min_value=rule.low,
                max_value=rule.high,
                description=rule.statement,
                severity=FailureSeverity.CRITICAL
                if rule.severity == "fail"
                else FailureSeverity.WARNING,
            )
            for rule in rules
        ],
    )


@cache
def _expectation_of_one_row() -> "type[ExpectColumnMinToBeBetween]":
    """Of one row the minimum is the value.

    The expectation on values would pass what is missing, and takes five times as long.
    """
    from great_expectations.compatibility.pydantic import PrivateAttr
    from great_expectations.expectations.core.expect_column_min_to_be_between import (
        ExpectColumnMinToBeBetween,
    )
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    class ExpectFactToBeBetween(ExpectColumnMinToBeBetween):
        """Says once what is expected, for which a validation asks fifty times."""

        _said: ExpectationConfiguration | None = PrivateAttr(None)

        @property
        def configuration(self) -> ExpectationConfiguration:
            if self._said is None:
                self._said = super().configuration
            return self._said

    return ExpectFactToBeBetween


def _validated(
    facts: pl.DataFrame, suite: "ExpectationSuite"
) -> "ExpectationSuiteValidationResult":
    import pandas as pd

    number = pl.all().cast(pl.Float64)
    finite = facts.select(pl.when(number.is_finite()).then(number))
    row = pd.DataFrame(finite.to_dicts(), dtype="float64")
    return _one_row_of_facts().get_batch({"dataframe": row}).validate(suite)


@cache
def _one_row_of_facts() -> "BatchDefinition[Any]":
    _import_quietly()
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # This module announces a temporary folder of its own, which says nothing of the data.
    logging.getLogger(ProgressBarsConfig.__module__).setLevel(logging.WARNING)
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("polars").add_dataframe_asset("facts")
    return asset.add_batch_definition_whole_dataframe("one row")


@cache
def _import_quietly() -> None:
    with warnings.catch_warnings():
        # Great Expectations 1.24 imports two modules that Python 3.11 is to remove.
        warnings.filterwarnings(
            "ignore", r"module 'sre_(constants|parse)' is deprecated", DeprecationWarning
        )
        import great_expectations  # noqa: F401


def _require_evaluated(result: "ExpectationValidationResult") -> None:
    for information in _exceptions(result.exception_info or {}):
        if information.get("raised_exception"):
            raise RuntimeError(
                f"rule {_rule_of(result)} could not be evaluated, which says nothing about the "
                f"data: {information.get('exception_message')}"
            )


def _exceptions(information: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What was raised: one record, or one record a metric that could not be computed."""
    if "raised_exception" in information:
        return [information]
    return list(information.values())


def _rule_of(result: "ExpectationValidationResult") -> str:
    assert result.expectation_config is not None
    return str(result.expectation_config.kwargs["column"])
