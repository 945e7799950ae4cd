"""What transformers may do with a model's files: read those that are here, and run none of them.

Left to itself it asks at the terminal whether code that comes with a model may run.
"""

from typing import Any, Final

FILES_ALONE: Final[dict[str, Any]] = {"local_files_only": True, "trust_remote_code": False}
