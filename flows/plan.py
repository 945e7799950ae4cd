"""What a run would do, and how precise it will be. Makes nothing, starts nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from calibration.cost import tokens_of
from calibration.expected import Design, Expected, expected, guess, nearest
from calibration.lineage import Lineage, Measurement
from calibration.recipes import Checked, Recipe, SummaryRecipe, TextsRecipe, VerdictRecipe
from calibration.study import DatasetEntry, HubSource
from calibration.text import selected
from expectations.suites import VERSIONS
from storage.ancestry import readable_recipes
from storage.artifacts import State, is_complete, manifest_of, read_table, state_of
from storage.roots import read_roots
from storage.store import Store
from storage.texts import source_texts
from storage.verdicts import failure_of, read_judged


class Planned(NamedTuple):
    """One artifact of a study."""

    kind: str
    title: str
    address: str
    state: State
    tokens: int  # that a network would read or write for it, at most


def planned(lineage: Lineage, store: Store) -> list[Planned]:
    """Every artifact of a study, parents first, each table followed by its verdict."""
    titles = _titles(lineage)
    found = []
    for recipe in lineage.recipes():
        title = titles[recipe.address]
        found.append(_planned(recipe, title, store))
        if isinstance(recipe, get_args(Checked)):
            verdict = VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])
            found.append(_planned(verdict, f"{recipe.KIND} of {title}", store))
    return found


def plan_lines(artifacts: Sequence[Planned]) -> Iterator[str]:
    """How many artifacts of each kind are there, and each one that is not."""
    for kind in dict.fromkeys(one.kind for one in artifacts):
        states = Counter(one.state for one in artifacts if one.kind == kind)
        counts = ", ".join(f"{states[state]} {state}" for state in states)
        yield f"{kind:<12} {counts}"
    missing = [one for one in artifacts if one.state != "complete"]
    for one in missing:
        yield f"  make {one.kind:<11} {one.title}"
    tokens = sum(one.tokens for one in missing)
    yield (
        f"{len(missing)} of {len(artifacts)} artifacts to make; "
        f"at most {tokens:,} tokens through a model"
    )


def expected_precision(lineage: Lineage, store: Store) -> list[Expected]:
    """The standard error of EntCE to expect of every data set under every decoding."""
    series: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
    for one in lineage.measurements:
        series[one.dataset.name, one.decoding.decoding.label].append(one)
    root = Path(lineage.study.root)
    designs = {
        dataset.name: _design(texts, dataset, root, store)
        for texts, dataset in lineage.texts().items()
    }
    known = _judged_summaries(store)
    return [
        _expected(group, designs[dataset], known, store) for (dataset, _), group in series.items()
    ]


def _expected(
    group: Sequence[Measurement], design: Design, known: Sequence[SummaryRecipe], store: Store
) -> Expected:
    near = nearest([one.summary for one in group], known)
    suite = VERSIONS["summaries"]
    measured = [
        (_title(one, store), read_judged(store, one, suite, table="examples")) for one in near
    ]
    first = group[0]
    return expected(
        first.examples,
        design,
        guess(first.examples, measured),
        dataset=first.dataset.name,
        decoding=first.decoding.decoding.label,
    )


def _judged_summaries(store: Store) -> list[SummaryRecipe]:
    """Every summary that a study on this store made and that passed today's rules."""
    addresses = {address for root in read_roots(store) for address in root.of_kind("summaries")}
    found = readable_recipes(store, sorted(addresses))
    return [one for one in found if isinstance(one, SummaryRecipe) and _passes(one, store)]


def _passes(recipe: SummaryRecipe, store: Store) -> bool:
    verdict = VerdictRecipe(table=recipe, suite=VERSIONS[recipe.KIND])
    return failure_of(store, verdict) is None


def _design(recipe: TextsRecipe, dataset: DatasetEntry, root: Path, store: Store) -> Design:
    """How many spans from how many source texts, counted without any tokenizer."""
    if is_complete(store, recipe):
        return Design.of(read_table(store, recipe, "texts"))
    if isinstance(dataset.source, HubSource):
        # To count them would be to fetch them; a row is mostly a source text of its own.
        return Design(recipe.examples, recipe.examples, counted=False)
    return Design.of(selected(source_texts(dataset, root, recipe), recipe))


def _title(recipe: Recipe, store: Store) -> str:
    manifest = manifest_of(store, recipe)
    return manifest.title if manifest else recipe.address


def _planned(recipe: Recipe, title: str, store: Store) -> Planned:
    state = state_of(store, recipe)
    tokens = 0 if state == "complete" else tokens_of(recipe)
    return Planned(recipe.KIND, title, recipe.address, state, tokens)


def _titles(lineage: Lineage) -> dict[str, str]:
    study_fit = lineage.report.study_fit
    titles = {lineage.report.address: lineage.study.name, study_fit.address: lineage.study.name}
    for series in study_fit.fits:
        where = f"{series.dataset} at {series.decoding.label}"
        titles[series.address] = f"{series.family} on {where}"
    for one in lineage.measurements:
        titles |= {recipe.address: one.title for recipe in (one.samples, one.scores, one.summary)}
    for examples, one in lineage.examples().items():
        titles[examples.address] = f"{one.dataset.name} for {one.model.name}"
    return titles | {texts.address: data.name for texts, data in lineage.texts().items()}
