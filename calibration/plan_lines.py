"""A plan in words: what is there, what would be made and why, and what that takes.

Thousands of artifacts are mostly missing for a few reasons, so each reason is one line; and no
list is longer than a screen.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, get_args

from calibration.expected import expected_lines
from calibration.planned import ModelTotals, Plan, Planned, State, Totals, model_totals, totals
from calibration.report.wording import count

MOST_LINES: Final = 20  # of one list: with the others it fills a screen
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
BYTE_UNITS: Final = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
MODEL_WIDTH: Final = 24  # characters; longer names push their own line only


class _Group(NamedTuple):
    """Artifacts of one kind with one reason."""

    kind: str
    partial: bool
    why: str


def plan_lines(plan: Plan) -> Iterator[str]:
    """The whole plan, as a terminal shows it."""
    yield from _state_lines(plan.artifacts)
    yield from _reason_lines("To make:", [one for one in plan.artifacts if one.is_to_make])
    kept = [one for one in plan.artifacts if not one.is_to_make and one.why]
    yield from _reason_lines("Complete, and made again if what comes before changes:", kept)
    yield from _cost_lines(plan.artifacts)
    for one in plan.precision:
        yield ""
        yield from expected_lines(one)


def duration(seconds: float) -> str:
    """`12 s`, `3 min`, `2 h 20 min`, `5 days`: a guess is not known more exactly."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        minutes = round(seconds / MINUTE)
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{seconds / DAY:.0f} days"


def memory(size: int) -> str:
    """`870 MB`, `15 GB`: two digits, in powers of ten."""
    for scale, unit in BYTE_UNITS:
        if size >= scale:
            return f"{float(f'{size / scale:.2g}'):g} {unit}"
    return f"{size} B"


def _state_lines(artifacts: Sequence[Planned]) -> Iterator[str]:
    states = Counter((one.kind, one.state) for one in artifacts)
    for kind in dict.fromkeys(one.kind for one in artifacts):
        found = ((states[kind, state], state) for state in get_args(State))
        yield f"{kind:<12} {', '.join(f'{number:,} {state}' for number, state in found if number)}"


def _reason_lines(heading: str, artifacts: Sequence[Planned]) -> Iterator[str]:
    groups: dict[_Group, list[Planned]] = {}
    for one in artifacts:
        groups.setdefault(_group(one), []).append(one)
    if not groups:
        return
    yield ""
    yield heading
    lines = [_reason_line(group, members) for group, members in groups.items()]
    yield from lines[:MOST_LINES]
    left = list(groups.values())[MOST_LINES:]
    if left:
        artifacts_left = count(sum(map(len, left)), "artifact")
        yield f"  and {artifacts_left} for {count(len(left), 'reason')} more: --format json has all"


def _group(one: Planned) -> _Group:
    partial = one.state == "partial"
    return _Group(one.kind, partial, "" if partial else one.why or "")


def _reason_line(group: _Group, members: Sequence[Planned]) -> str:
    why = group.why
    if group.partial:
        made, parts = sum(one.parts_made for one in members), sum(one.parts for one in members)
        why = f"{made} of {count(parts, 'part')} made"
    more = len(members) - 1
    which = members[0].title + (f" and {more:,} more" if more else "")
    return f"  {len(members):>6,} {group.kind:<11} {why} ({which})"


def _cost_lines(artifacts: Sequence[Planned]) -> Iterator[str]:
    yield ""
    models = sorted(model_totals(artifacts), key=lambda one: one.totals.seconds, reverse=True)
    if models:
        yield "Estimates for each model:"
        yield from map(_model_line, models[:MOST_LINES])
        if len(models) > MOST_LINES:
            left = count(len(models) - MOST_LINES, "model")
            yield f"  and {left} more: --format json has all"
    all_of_it = totals(artifacts)
    yield (
        f"{all_of_it.to_make:,} of {all_of_it.artifacts:,} artifacts to make; "
        f"at most {all_of_it.tokens:,} tokens through a model"
    )
    if all_of_it.to_make:
        yield f"Estimated time: {_time(all_of_it)}"
    if any(one.totals.unknown and one.source is None for one in models):
        yield "The speed of a model that was never measured here is unknown: --probe measures it"


def _model_line(one: ModelTotals) -> str:
    sums = one.totals
    parts = [
        f"{count(sums.to_make, 'artifact')}, {sums.tokens:,} tokens",
        f"time {_time(sums)}",
    ]
    if one.memory_bytes is not None:
        least = "at least " if one.memory_at_least else ""
        parts.append(f"{least}{memory(one.memory_bytes)} of memory")
    if one.source is not None:
        parts.append(f"from {one.source}")
    return f"  {one.model:<{MODEL_WIDTH}} {'; '.join(parts)}"


def _time(sums: Totals) -> str:
    if sums.unknown == sums.to_make:
        return "unknown"
    beyond = f", and {count(sums.unknown, 'artifact')} of unknown time" if sums.unknown else ""
    return f"about {duration(sums.seconds)}{beyond}"
