"""report: the page and the figures of a study."""

import time
from datetime import UTC, datetime

from prefect import task

from calibration.figures import ent_ce_against_size, entropy_over_steps, loss_ent_ce_plane, rendered
from calibration.protocol import differences, notes_on_ends
from calibration.recipes import ReportRecipe
from calibration.report import Provenance, report_page, summary_text
from calibration.study import Study
from calibration.tables import SERIES_TABLES
from expectations.suites import VERSIONS
from storage.artifacts import is_complete, seal, write_file
from storage.cache_policy import RecipePolicy
from storage.provenance import code_commit, versions
from storage.store import open_store
from storage.verdicts import read_judged


@task(
    task_run_name="report {study.name}",
    cache_policy=RecipePolicy(),
    persist_result=True,
    result_serializer="json",
)
def report(recipe: ReportRecipe, *, study: Study, store: str) -> str:
    """Make the Report of a study; the address."""
    place = open_store(store)
    if is_complete(place, recipe):
        return recipe.address
    started = time.monotonic()
    ent_ce, curves, fits, bands = (
        read_judged(place, recipe.study_fit, VERSIONS["study-fits"], table=table)
        for table in SERIES_TABLES
    )
    page = report_page(
        ent_ce, curves, fits, bands, _provenance(recipe, study, notes_on_ends(study, ent_ce))
    )
    files = [
        write_file(place, recipe, recipe.PAGE, page.encode()),
        write_file(place, recipe, recipe.SUMMARY, summary_text(ent_ce, fits).encode()),
    ]
    for number, dataset in enumerate(dict.fromkeys(ent_ce["dataset"])):
        decoding = ent_ce.filter(dataset=dataset)["decoding"][0]
        for name, figure in (
            ("entropy-over-steps", entropy_over_steps(curves, dataset=dataset, decoding=decoding)),
            (
                "ent-ce-against-size",
                ent_ce_against_size(ent_ce, fits, bands=bands, dataset=dataset, decoding=decoding),
            ),
            ("loss-ent-ce-plane", loss_ent_ce_plane(ent_ce, dataset=dataset)),
        ):
            for kind in ("svg", "png"):
                name_in_store = f"figure-{number + 1}-{name}.{kind}"
                files.append(write_file(place, recipe, name_in_store, rendered(figure, kind)))
    seal(place, recipe, files, title=study.name, seconds=time.monotonic() - started)
    return recipe.address


def _provenance(recipe: ReportRecipe, study: Study, notes: list[str]) -> Provenance:
    return Provenance(
        study=study.name,
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        versions=versions(),
        commit=code_commit() or "unknown",
        seed=study.seed,
        at_end=study.at_end,
        addresses=[
            (f"{one.family} on {one.dataset} at {one.decoding.label}", one.address)
            for one in recipe.study_fit.fits
        ],
        differences=differences(study),
        notes=notes,
    )
