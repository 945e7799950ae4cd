"""Imported by the server that processes of a study are forked from, so that each begins at once.

No thread may start here: it would not be there in a forked process, and what waits for it would
hang. So polars and torch are imported and no more; Great Expectations, which imports most of
itself at its first use, is used once.
"""

import direct  # noqa: F401
import great_expectations
import pandas as pd
import transformers.models.llama.modeling_llama  # noqa: F401
from great_expectations.expectations import ExpectColumnMinToBeBetween

_asset = (
    great_expectations.get_context(mode="ephemeral")
    .data_sources.add_pandas("pandas")
    .add_dataframe_asset("asset")
)
_batch = _asset.add_batch_definition_whole_dataframe("all").get_batch(
    {"dataframe": pd.DataFrame({"number": [1.0]})}
)
_batch.validate(ExpectColumnMinToBeBetween(column="number", min_value=0, max_value=2))
