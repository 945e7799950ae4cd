"""What the commands that look after a store print: lines of plain text, and JSON."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from storage.copying import Copied, State
from storage.manifests import kind_of
from storage.pruning import Pruning, Removal
from storage.showing import Listed, Shown, digest_of

WIDTH: Final = 100  # columns of a line
DIGEST: Final = 10  # hexadecimal digits: no two of a million artifacts share them
STUDIES: Final = 16  # columns for the names of studies
UNITS: Final = ("kB", "MB", "GB", "TB")

REMOVED: Final = {
    "artifact": "",
    "unfinished": "unfinished",
    "unnamed": "files that are not part of it",
    "mark": "a mark that it was begun",
    "leftover": "left by a killed write",
    "root": "what names its artifacts",
}
NOT_COPIED: Final = {
    State.OUTDATED: "outdated",
    State.LEFT_OUT: "left out (their parents hold something else there, or were not copied)",
    State.DAMAGED: "damaged",
}


def size(count: int) -> str:
    """A number of bytes in decimal units."""
    if count < 1000:
        return f"{count} B"
    value, unit = float(count), -1
    while value >= 999.95 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {UNITS[unit]}"


def listed_lines(artifacts: Sequence[Listed]) -> Iterator[str]:
    """A line an artifact, and the totals."""
    names = [_studies(one) for one in artifacts]
    width = max(len("studies"), *(len(one) for one in names)) if names else 0
    if artifacts:
        yield _row("kind", "digest", "size", "made (UTC)", "studies".ljust(width), "title")
    for one, studies in zip(artifacts, names, strict=True):
        made = one.artifact.made_at[:16].replace("T", " ") if one.artifact else one.state
        amount = size(one.bytes) if one.artifact else "-"
        title = f"(outdated) {one.title}" if one.state == "outdated" else one.title
        yield _row(one.kind, digest_of(one.address), amount, made, studies.ljust(width), title)
    yield from _totals(artifacts)


def listed_json(artifacts: Sequence[Listed], place: str) -> str:
    """The same for another program."""
    rows = [
        {
            "address": one.address,
            "kind": one.kind,
            "state": one.state,
            "title": one.title,
            "bytes": one.artifact.bytes if one.artifact else None,
            "made_at": one.artifact.made_at if one.artifact else None,
            "studies": one.studies,
        }
        for one in artifacts
    ]
    return json.dumps({"store": place, "artifacts": rows}, indent=1)


def _totals(artifacts: Sequence[Listed]) -> Iterator[str]:
    unfinished = sum(one.state == "unfinished" for one in artifacts)
    outdated = sum(one.state == "outdated" for one in artifacts)
    whole = len(artifacts) - unfinished
    sizes: Counter[str] = Counter()
    for one in artifacts:
        sizes[one.kind] += one.bytes
    yield f"{whole} artifacts, {size(sum(sizes.values()))}"
    for kind, total in sizes.items():
        count = sum(one.kind == kind and one.artifact is not None for one in artifacts)
        yield f"  {kind:<10}  {count:>8,}  {size(total):>8}"
    if unfinished:
        yield f"{unfinished} unfinished: run their studies again"
    if outdated:
        yield f"{outdated} outdated: the next run makes them again from what is there now"


def kept_lines(going: Pruning) -> Iterator[str]:
    """A line an artifact that no study wants, and that stays."""
    for address in going.kept:
        yield f"{_named(address)}  kept: it may be being written"


def removal_line(one: Removal) -> str:
    """What goes, and its bytes."""
    what = "; ".join(text for text in (one.title, REMOVED[one.what]) if text)
    start = f"{_going(one):<{11 + DIGEST + 1}}  {size(one.bytes):>8}  "
    return (start + _cut(what, WIDTH - len(start))).rstrip()


def _going(one: Removal) -> str:
    if one.what == "root":
        return f"{'study':<10}  {PurePosixPath(one.name).stem[:DIGEST]}"
    return one.name if one.what == "leftover" else _named(one.name)


def copied_line(found: Sequence[Copied], place: str) -> str:
    """How many of each state."""
    counts = Counter(one.state for one in found)
    rest = (f", {counts[state]} {words}" for state, words in NOT_COPIED.items() if counts[state])
    copies, there = counts[State.COPIED], counts[State.THERE]
    return f"{copies} copied to {place}, {there} there already{''.join(rest)}"


def shown_lines(one: Shown) -> Iterator[str]:
    """What an artifact is, how it was made, from what, and what came of it."""
    yield one.address
    yield from _facts(one)
    if one.manifest is not None:
        yield "recipe"
        yield from json.dumps(one.manifest.recipe, indent=2).splitlines()[1:-1]
        yield "files"
        for file in one.manifest.files:
            yield f"  {file.label:<28}  {size(file.bytes):>8}  {file.sha256[:DIGEST]}"
    yield "made from"
    for ancestor in one.ancestry:
        title = "not in the store" if ancestor.title is None else ancestor.title
        yield f"{'  ' * ancestor.depth}{_named(ancestor.address)}  {title}"
    if not one.ancestry:
        yield "  nothing in the store"
    counts = ", ".join(f"{count:,} {kind}" for kind, count in one.made_from_it.items())
    yield f"made from it\n  {counts or 'nothing yet'}"


def shown_json(one: Shown) -> str:
    """The same for another program."""
    content = {
        "address": one.address,
        "state": one.state,
        "studies": one.studies,
        "ancestry": [ancestor._asdict() for ancestor in one.ancestry],
        "made_from_it": one.made_from_it,
        "manifest": one.manifest.model_dump(mode="json") if one.manifest else None,
    }
    return json.dumps(content, indent=1)


def _facts(one: Shown) -> Iterator[str]:
    manifest = one.manifest
    rows = {"kind": kind_of(one.address), "state": one.state}
    if manifest is not None:
        speed = manifest.tokens_per_second
        facts = (f"{name} {value}" for name, value in manifest.facts.items() if value is not None)
        rows |= {
            "title": manifest.title,
            "made": f"{manifest.made_at} in {manifest.seconds:,} s"
            + (f", {speed:,} tokens/s" if speed else ""),
            "on": f"{manifest.host}, {manifest.device}, {size(manifest.memory_bytes)} of memory",
            "commit": manifest.code_commit or "unknown",
            "versions": ", ".join(f"{name} {text}" for name, text in manifest.versions.items()),
            "rows": f"{manifest.rows:,}",
            "facts": ", ".join(facts) or "none",
        }
    rows["studies"] = ", ".join(one.studies) or "none"
    for name, text in rows.items():
        yield textwrap.fill(
            text,
            WIDTH,
            initial_indent=f"{name:<9} ",
            subsequent_indent=" " * 10,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _row(kind: str, digest: str, amount: str, made: str, studies: str, title: str) -> str:
    start = f"{kind:<10}  {digest[:DIGEST]:<{DIGEST}}  {amount:>8}  {made:<16}  {studies}  "
    return (start + _cut(title, WIDTH - len(start))).rstrip()


def _studies(one: Listed) -> str:
    if not one.studies:
        return "-"
    more = f" +{len(one.studies) - 1}" if len(one.studies) > 1 else ""
    return _cut(one.studies[0], STUDIES - len(more)) + more


def _named(address: str) -> str:
    return f"{kind_of(address):<10}  {digest_of(address)[:DIGEST]}"


def _cut(text: str, width: int) -> str:
    """A text in at most `width` columns; its end, which tells titles apart, stays."""
    if len(text) <= width:
        return text
    end = width // 2
    return f"{text[: width - end - 1]}…{text[len(text) - end :]}"
