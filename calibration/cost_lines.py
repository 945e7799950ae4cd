"""What a study costs, in words: a table of its models, sums, what is assumed, what to do next."""

from collections.abc import Iterator, Sequence
from typing import Final

from calibration.hardware import GPUS, Gpu
from calibration.model_costs import ModelCost, StudyCost, cost_totals
from calibration.outlay import EFFICIENCY, LOADING
from calibration.plan_lines import MOST_LINES, duration, memory, plan_lines
from calibration.planned import Statement, Unread
from calibration.report.wording import count, size

NAME_WIDTH: Final = 24  # characters; longer names push their own line only
MOST_MODELS: Final = 60  # rows of the table: the largest studies have half as many


def statement_lines(statement: Statement, *, file: str) -> Iterator[str]:
    """The whole statement, as a terminal shows it; `file` is the study's."""
    if statement.plan is not None:
        yield from plan_lines(statement.plan)
        yield ""
    yield from cost_lines(statement.cost)
    yield from _unread_lines(statement.unread)
    yield ""
    yield from _next_lines(statement, file)


def cost_lines(cost: StudyCost) -> Iterator[str]:
    """A row for each model, the sums, and what they stand on."""
    yield f"The whole study on {cost.gpu.name} ({_described(cost.gpu)}), whatever of it is there:"
    yield _row("model", "parameters", "tokens", "GPU-hours", "GPUs", "memory", "disk")
    for one in cost.models[:MOST_MODELS]:
        yield _model_row(one)
    if len(cost.models) > MOST_MODELS:
        yield f"  and {len(cost.models) - MOST_MODELS} models more: --format json has all"
    sums = cost_totals(cost.models)
    yield _row(
        f"{count(len(cost.models), 'model')} together",
        "",
        size(sums.tokens),
        hours(sums.gpu_hours),
        f"≤ {sums.gpus}",
        f"≤ {memory(sums.memory)}",
        memory(sums.disk),
    )
    yield (
        f"{sums.flops:.1e} operations, {sums.bytes:.1e} bytes moved; no text ends early; "
        f"{_longest(cost.models)}"
    )
    yield (
        f"Assumed: {100 * EFFICIENCY:.0f} % of the GPU's data sheet, weights from a disk at "
        f"{memory(int(LOADING))} a second, GPUs that share a model take turns. Not tried on a "
        "GPU: five small models took .7 to 1.3 times the time predicted on a processor"
    )


def hours(value: float) -> str:
    """`0.004`, `3.2`, `214`, `1,250`."""
    return f"{value:,.0f}" if value >= 10 else f"{float(f'{value:.2g}'):g}"


def _model_row(one: ModelCost) -> str:
    return _row(
        one.name,
        size(one.parameters),
        size(one.tokens),
        hours(one.gpu_hours),
        f"{one.gpus}",
        memory(one.memory),
        memory(one.disk),
    )


def _row(*cells: str) -> str:
    name, *numbers = cells
    return f"  {name:<{NAME_WIDTH}} {' '.join(f'{one:>10}' for one in numbers)}"


def _described(gpu: Gpu) -> str:
    return (
        f"{gpu.title}: {gpu.bandwidth / 1e12:g} TB/s, {gpu.rate / 1e12:g} TFLOP/s in 16 bits, "
        f"{gpu.float32_rate / 1e12:g} in 32"
    )


def _longest(models: Sequence[ModelCost]) -> str:
    longest = max(models, key=lambda one: one.seconds)
    return f"{longest.name} takes longest, {duration(longest.seconds)}"


def _unread_lines(unread: Sequence[Unread]) -> Iterator[str]:
    """A line for each reason: a hub that is out of reach is so for every model of it."""
    groups: dict[str, list[Unread]] = {}
    for one in unread:
        groups.setdefault(one.why.partition(", found ")[2] or one.why, []).append(one)
    if not groups:
        return
    yield ""
    yield "Not looked at:"
    for group in list(groups.values())[:MOST_LINES]:
        more = f" (and {len(group) - 1} more for the same reason)" if len(group) > 1 else ""
        yield f"  {group[0].name}: {group[0].why}{more}"
    if len(groups) > MOST_LINES:
        yield f"  and {len(groups) - MOST_LINES} reasons more: --format json has all"


def _next_lines(statement: Statement, file: str) -> Iterator[str]:
    lacking = set(statement.models) - {one.name for one in statement.cost.models}
    if lacking:
        yield f"Without a cost: {', '.join(sorted(lacking))}; state their `shape` in the study"
    others = [name for name in GPUS if name != statement.cost.gpu.name]
    yield f"Another GPU: --gpu {', '.join(others)}"
    if statement.unread:
        yield "What is left out above is left out of a run, too: mend it first"
    yield f"A part of it: a file that begins with `extends: {file}` and names the models it keeps"
    yield f"All of it: calibration run {file}"
