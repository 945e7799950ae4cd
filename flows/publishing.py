"""What a study found, on Prefect's pages, under keys that stay the same from run to run.

Made in every run, so that the history of a key shows what changed and when; by the run itself,
since a task of a dozen artifacts draws the graph of a run out to a line.
"""

import base64
from pathlib import Path

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from calibration.recipes import ReportRecipe
from calibration.report.markdown import escaped
from calibration.report.published import (
    ent_ce_rows,
    exponent_rows,
    findings_markdown,
    gate_rows,
)
from calibration.slugs import distinct_slug, slug
from expectations.suites import VERSIONS
from storage.artifacts import place_of, read_bytes
from storage.manifests import manifest_of
from storage.store import Store, open_store
from storage.verdicts import read_judged


def publish(recipe: ReportRecipe, *, title: str, store: str) -> None:
    """Make Prefect artifacts of the current run of a Report: findings, tables and figures."""
    place, key = open_store(store), distinct_slug(title)
    ent_ce, fits, gate = (
        read_judged(place, recipe.study_fit, VERSIONS["study-fits"], table=table)
        for table in ("ent_ce", "fits", "gate")
    )
    report = place_of(place, recipe, recipe.PAGE)
    create_markdown_artifact(
        findings_markdown(title, ent_ce, fits, report=report, absent=recipe.absent or ()),
        key=f"{key}-findings",
        description=f"What the study {escaped(title)} found, and where its report lies",
    )
    create_link_artifact(
        _address(report),
        link_text=escaped(report),
        key=f"{key}-report",
        description=f"The report of the study {escaped(title)}",
    )
    for name, cells, description in (
        ("ent-ce", ent_ce_rows(ent_ce), "EntCE and its parts, with 95 % intervals"),
        ("exponents", exponent_rows(fits), "How they scale with size"),
        ("gate", gate_rows(gate), "The replay gate: own texts scored again, nats"),
    ):
        create_table_artifact(cells, key=f"{key}-{name}", description=description)
    for name, content in _pictures(recipe, place):
        create_markdown_artifact(
            f"![{name}](data:image/png;base64,{base64.b64encode(content).decode()})",
            key=f"{key}-{slug(name)}",
            description=f"{name} of the study {escaped(title)}",
        )


def _address(place: str) -> str:
    """What a browser finds a file by; one on a host's disk only a browser of that host does."""
    return place if "://" in place else Path(place).absolute().as_uri()


def _pictures(recipe: ReportRecipe, store: Store) -> list[tuple[str, bytes]]:
    """Every PNG of a report. Prefect's page fills its width with one; an SVG stays small there."""
    manifest = manifest_of(store, recipe)
    return [
        (file.label.removesuffix(".png"), read_bytes(store, recipe, file))
        for file in (manifest.files if manifest else ())
        if file.label.endswith(".png")
    ]
