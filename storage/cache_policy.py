"""Prefect's cache key of a task: the address of what it makes. Nothing else decides."""

from typing import Any

from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext

from storage.records import RECORD


class RecipePolicy(CachePolicy):
    """The key is the address of the task's `recipe`, so a record lies with its artifact."""

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        return f"{inputs['recipe'].address}/{RECORD}"
