"""The laws that a table of sizes and values can be fitted to: ten records, and how to find one.

Each is linear in all but two of its parameters at most, so that one fit (law_fit.py) serves all.
Knows no data: what a table can bear is judged where it is fitted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from calibration.statistics.forms import (
    Placed,
    bent_power,
    exponential,
    falling_powers,
    logarithm,
    power,
    product,
    shifted_power,
    straight,
    with_constant,
)
from calibration.statistics.ragged import Floats

# How far beyond the largest x a line is still about the data: from there on two forms that fit
# alike were seen to part (coverage .50 to .90 at 405B for a wrong form).
REACH = 3.0


@dataclass(frozen=True)
class Law:
    """One form. Parameters are named in the order in which people write them.

    `nonlinear` are searched for, `linear` follow by least squares. `scatter` says what is equal
    along the law where errors are not given: the error relative to the value, or the error.
    """

    name: str
    form: str
    variables: tuple[str, ...]
    parameters: tuple[str, ...]
    nonlinear: tuple[str, ...]
    linear: tuple[str, ...]
    min_points: int  # rows that differ in x
    scatter: Literal["relative", "constant"]
    reach: float  # times the largest x (and 1 / reach times the smallest)
    beyond: str  # what is to be said of the line out there
    source: str
    place: Callable[[Floats], Placed]
    positive: bool = True  # x must be above 0


FORM_DECIDES: Final = "the form decides there, not the data: another law may fit as well and differ"
NO_FLOOR: Final = "it has no floor, which losses do have: it promises too much there"
UNBOUNDED: Final = "it goes on without bound, and shares and losses do not"

LAWS: Final[tuple[Law, ...]] = (
    Law(
        name="power",
        form="A x^b",
        variables=("x",),
        parameters=("A", "b"),
        nonlinear=("b",),
        linear=("A",),
        min_points=3,
        scatter="relative",
        reach=REACH,
        beyond=NO_FLOOR,
        source="Kaplan et al. 2020 (arXiv 2001.08361), section 1.2; Cao et al. 2025 "
        "(arXiv 2511.11966)",
        place=power,
    ),
    Law(
        name="power_const",
        form="C + A x^b",
        variables=("x",),
        parameters=("C", "A", "b"),
        nonlinear=("b",),
        linear=("C", "A"),
        min_points=8,
        scatter="relative",
        reach=REACH,
        beyond=FORM_DECIDES,
        source="Henighan et al. 2020 (arXiv 2010.14701), equation 1.1",
        place=with_constant(power),
    ),
    Law(
        name="power_shift_const",
        form="C + A (x + B)^b",
        variables=("x",),
        parameters=("C", "A", "B", "b"),
        nonlinear=("B", "b"),
        linear=("C", "A"),
        min_points=10,
        scatter="relative",
        reach=REACH,
        beyond=FORM_DECIDES,
        source="Nezhurina et al. 2025 (arXiv 2506.04598)",
        place=with_constant(shifted_power),
    ),
    Law(
        name="loglinear",
        form="a + b ln x",
        variables=("x",),
        parameters=("a", "b"),
        nonlinear=(),
        linear=("a", "b"),
        min_points=3,
        scatter="constant",
        reach=REACH,
        beyond=UNBOUNDED,
        source="Yan et al. 2025 (arXiv 2505.07858), acceptance in speculative decoding",
        place=logarithm,
    ),
    Law(
        name="linear",
        form="a + b x",
        variables=("x",),
        parameters=("a", "b"),
        nonlinear=(),
        linear=("a", "b"),
        min_points=3,
        scatter="constant",
        reach=1.0,
        beyond=UNBOUNDED,
        source="Allen-Zhu and Li 2024 (arXiv 2404.05405), bits of knowledge; Zhang et al. 2023 "
        "(arXiv 2311.07052), capacity gap",
        place=straight,
        positive=False,
    ),
    Law(
        name="exponential",
        form="A e^(b t)",
        variables=("t",),
        parameters=("A", "b"),
        nonlinear=("b",),
        linear=("A",),
        min_points=3,
        scatter="relative",
        reach=1.0,
        beyond=UNBOUNDED,
        source="Xiao et al. 2024 (arXiv 2412.04315), capability density over time",
        place=exponential,
        positive=False,
    ),
    Law(
        name="monomial",
        form="A x1^b1 x2^b2",
        variables=("x1", "x2"),
        parameters=("A", "b1", "b2"),
        nonlinear=("b1", "b2"),
        linear=("A",),
        min_points=6,
        scatter="relative",
        reach=REACH,
        beyond=NO_FLOOR,
        source="Li et al. 2025 (arXiv 2503.04715), step law; Chen et al. 2025 (arXiv 2505.14302), "
        "quantization-aware training",
        place=product,
    ),
    Law(
        name="monomial_const",
        form="C + A x1^b1 x2^b2",
        variables=("x1", "x2"),
        parameters=("C", "A", "b1", "b2"),
        nonlinear=("b1", "b2"),
        linear=("C", "A"),
        min_points=8,
        scatter="relative",
        reach=REACH,
        beyond=FORM_DECIDES,
        source="Ghorbani et al. 2021 (arXiv 2109.07740), encoder and decoder sizes",
        place=with_constant(product),
    ),
    Law(
        name="chinchilla",
        form="E + A/N^alpha + B/D^beta",
        variables=("N", "D"),
        parameters=("E", "A", "alpha", "B", "beta"),
        nonlinear=("alpha", "beta"),
        linear=("E", "A", "B"),
        min_points=12,
        scatter="relative",
        reach=REACH,
        beyond=FORM_DECIDES,
        source="Hoffmann et al. 2022 (arXiv 2203.15556), equation 2; Besiroglu et al. 2024 "
        "(arXiv 2404.10102)",
        place=with_constant(falling_powers),
    ),
    Law(
        name="rectified",
        form="E + B/(D_l + D^b)",
        variables=("D",),
        parameters=("E", "B", "D_l", "b"),
        nonlinear=("D_l", "b"),
        linear=("E", "B"),
        min_points=6,
        scatter="relative",
        reach=REACH,
        beyond=FORM_DECIDES,
        source="Lin et al. 2024 (arXiv 2402.02314), with its outer exponent 1; Qin et al. 2025 "
        "(arXiv 2503.19551), synthetic data",
        place=with_constant(bent_power),
    ),
)
NAMES: Final = tuple(law.name for law in LAWS)


def law_named(name: str) -> Law:
    """The law of a name. Raises ValueError that lists all of them."""
    for law in LAWS:
        if law.name == name:
            return law
    near = get_close_matches(name, NAMES, n=1)
    perhaps = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(f"one of the laws {', '.join(NAMES)} was expected, found {name!r}{perhaps}")
