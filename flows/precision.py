"""How precise a study will be, from the measurements of a store that say most about it."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from calibration.changes import Form
from calibration.expected import (
    CLUSTERS,
    Design,
    Expected,
    Grounds,
    expected,
    guess,
    nearest,
    stated_spread,
)
from calibration.lineage import Lineage, Measurement
from calibration.recipes import TextsRecipe
from calibration.sources import HubSource
from calibration.statistics.precision import Components
from calibration.study import DatasetEntry
from calibration.text import selected
from expectations.suites import VERSIONS
from storage.catalogue import Artifact, Catalogue
from storage.texts import source_texts

FEW: Final = 3  # measurements that count for each series: more of the same texts rarely say more


def expected_precision(
    lineage: Lineage, known: Catalogue, form_of: Callable[[str], Form | None]
) -> list[Expected]:
    """The standard error of EntCE to expect of every data set under every decoding that has one."""
    series: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
    for one in lineage.measurements:
        if one.samples.decoding.is_pure:
            continue  # it has no EntCE
        series[one.dataset.name, one.asked.label].append(one)
    root = Path(lineage.study.root)
    measured = {one.examples.texts: one.dataset for one in lineage.measurements}
    designs = {
        dataset.name: _design(texts, dataset, root, known) for texts, dataset in measured.items()
    }
    grounds = Grounds(form_of)
    judged = grounds.of(_judged_summaries(known))
    found = []
    for (dataset, _), group in series.items():
        planned = grounds.of(one.summary.address for one in group)
        near = nearest(list(planned.values()), judged)[:FEW]
        found.append(_expected(group[0], designs[dataset], list(_measured(near, known))))
    return found


def _expected(
    first: Measurement, design: Design, measured: Sequence[tuple[str, Components]]
) -> Expected:
    return expected(
        first.examples,
        design,
        guess(first.examples, measured),
        dataset=first.dataset.name,
        decoding=first.asked.label,
    )


def _measured(addresses: Sequence[str], known: Catalogue) -> Iterator[tuple[str, Components]]:
    """Titles of some summaries, and how their values vary; those of one source text left out."""
    for address in addresses:
        artifact = known.artifacts[address]
        spread = stated_spread(json.loads(artifact.facts))
        if spread is not None:
            yield artifact.title, spread


def _judged_summaries(known: Catalogue) -> list[str]:
    """Every summary that passed today's rules, the newest first, by address."""
    passed = {table for one in known.artifacts.values() if (table := _passed(one)) is not None}
    judged = [known.artifacts[table] for table in passed if table in known.artifacts]
    newest = sorted(judged, key=lambda one: (one.made_at, one.address), reverse=True)
    return [one.address for one in newest]


def _passed(verdict: Artifact) -> str | None:
    """The summary that a verdict of today's rules lets pass, None for all other artifacts."""
    if verdict.kind != "verdicts" or '"summaries/' not in verdict.recipe:
        return None
    fields = json.loads(verdict.recipe)["fields"]
    failure = json.loads(verdict.facts).get("failure")
    passes = fields["suite"] == VERSIONS["summaries"] and failure is None
    return str(fields["table"]) if passes else None


def _design(recipe: TextsRecipe, dataset: DatasetEntry, root: Path, known: Catalogue) -> Design:
    """How many spans from how many source texts, counted without any tokenizer."""
    made = known.artifacts.get(recipe.address)
    clusters = json.loads(made.facts).get(CLUSTERS) if made else None
    if made and clusters is not None:
        return Design(made.rows, clusters)
    if isinstance(dataset.source, HubSource):
        # To count them would be to fetch them; a row is mostly a source text of its own.
        return Design(recipe.examples, recipe.examples, counted=False)
    texts = selected(source_texts(dataset, root, recipe), recipe)
    return Design.of(texts["cluster"].to_list())
