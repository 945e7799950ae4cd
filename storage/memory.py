"""Memory that is free for work, and whether a model's weights fit into it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch

from calibration.engine.memory import WEIGHTS_SHARE
from calibration.errors import ModelError

MEMINFO: Final = Path("/proc/meminfo")


def free_memory() -> list[int]:
    """Bytes free on each GPU, or of the machine where there is none."""
    if torch.cuda.is_available():
        return [_free_on(device) for device in range(torch.cuda.device_count())]
    return [_available()]


def gpus() -> int:
    """How many GPUs this process sees."""
    return torch.cuda.device_count()


def require_room(weights: int, *, free: Sequence[int], gpus: int, where: str) -> None:
    """Raises ModelError when `weights` bytes do not fit into the first `gpus` of what is free."""
    if gpus > len(free):
        raise ModelError(
            f"{where}: `gpus: {gpus}` were expected on this machine, found {len(free)}: state "
            "fewer in the study, or run it where there are so many"
        )
    held = sum(free[:gpus])
    if weights > WEIGHTS_SHARE * held:
        raise ModelError(
            f"{where}: its weights take {weights / 1e9:.1f} GB, and {held / 1e9:.1f} GB were found "
            f"free on {gpus} device{'s' * (gpus > 1)}: state more `gpus` for the model in the "
            "study, or a `precision` of 16 bits, or measure it where there is more memory"
        )


def _free_on(device: int) -> int:
    free, _ = torch.cuda.mem_get_info(device)
    # What torch holds for its own later use is as good as free.
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def _available() -> int:
    """What the system would give; it keeps files in memory that nobody uses."""
    if MEMINFO.exists():
        lines = MEMINFO.read_text().splitlines()
        found = (line.split() for line in lines if line.startswith("MemAvailable:"))
        return int(next(found)[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
