"""GPUs by name, as their vendor's data sheets describe them.

Rates are dense ones: sheets also print twice as much, for weights of which half are zero. Memory
is counted in powers of ten, as it is sold; a device has a few per cent more.
"""

from typing import Final, NamedTuple

from calibration.errors import StudyError


class Gpu(NamedTuple):
    """What the time and the room of a computation go by."""

    name: str
    title: str
    memory: int  # bytes
    bandwidth: float  # of its memory, bytes a second
    rate: float  # operations a second on weights of 16 bits, summed in float32
    float32_rate: float  # without tensor cores, which would round what they are given


# NVIDIA's data sheets of each product; of the GeForce cards and the RTX A6000 the tables in the
# white papers of their architectures (Ampere GA102, Ada, RTX Blackwell), where the rate that sums
# in float32 is a line of its own.
GPUS: Final = {
    one.name: one
    for one in (
        Gpu("b200", "B200, 180 GB", 180 * 10**9, 7.7e12, 2250e12, 75e12),
        Gpu("h200", "H200 SXM, 141 GB", 141 * 10**9, 4.8e12, 989e12, 67e12),
        Gpu("h100", "H100 SXM, 80 GB", 80 * 10**9, 3.35e12, 989e12, 67e12),
        Gpu("h100-pcie", "H100 PCIe, 80 GB", 80 * 10**9, 2.0e12, 756e12, 51e12),
        Gpu("a100-80gb", "A100 SXM, 80 GB", 80 * 10**9, 2.039e12, 312e12, 19.5e12),
        Gpu("a100-40gb", "A100 SXM, 40 GB", 40 * 10**9, 1.555e12, 312e12, 19.5e12),
        Gpu("l40s", "L40S, 48 GB", 48 * 10**9, 0.864e12, 362e12, 91.6e12),
        Gpu("l4", "L4, 24 GB", 24 * 10**9, 0.3e12, 121e12, 30.3e12),
        Gpu("rtx-a6000", "RTX A6000, 48 GB", 48 * 10**9, 0.768e12, 154.8e12, 38.7e12),
        Gpu("rtx-5090", "GeForce RTX 5090, 32 GB", 32 * 10**9, 1.792e12, 209.5e12, 104.8e12),
        Gpu("rtx-4090", "GeForce RTX 4090, 24 GB", 24 * 10**9, 1.008e12, 165.2e12, 82.6e12),
        Gpu("rtx-3090", "GeForce RTX 3090, 24 GB", 24 * 10**9, 0.936e12, 71e12, 35.6e12),
    )
}
# The one that is rented most, so that everybody can look up what an hour of it costs, and four of
# which hold the largest models that people compare here.
DEFAULT_GPU: Final = "h100"


def gpu_named(name: str) -> Gpu:
    """A GPU by its name, however it is capitalised. Raises StudyError for one that is not known."""
    found = GPUS.get(name.strip().lower())
    if found is None:
        raise StudyError(
            f"--gpu: one of {', '.join(GPUS)} was expected, found {name!r}: name the one that is "
            "nearest to yours"
        )
    return found
