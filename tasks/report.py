"""report: the page and the figures of a study."""

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
from prefect import task

from calibration.beside_temperatures import tables_held
from calibration.recipes import ReportRecipe, StudyFitRecipe, TheoryRecipe
from calibration.report.contents import Provenance, report_page, summary_text
from calibration.report.figures.catalogue import study_figures
from calibration.report.figures.files import rendered
from calibration.report.protocol import differences, notes_on_ends, origins_of_sizes
from calibration.report.results import READINGS, ReportTables, read_measurements
from calibration.study import Study
from calibration.theory_tables import THEORY_TABLES
from expectations.suites import VERSIONS
from storage.artifacts import is_complete
from storage.cache_policy import RecipePolicy
from storage.calibrated import fitted_tables
from storage.drafts import Draft
from storage.manifests import manifest_of
from storage.origins import ancestry
from storage.provenance import code_commit, versions
from storage.store import Store, open_store
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
    draft, tables = Draft(place, recipe), _tables(recipe, place)
    figures = study_figures(tables)
    provenance = _provenance(recipe, place, study=study, ent_ce=tables.ent_ce)
    page = report_page(tables, provenance, figures=figures)
    summary = summary_text(tables.ent_ce, tables.fits, provenance.absent)
    files = [
        draft.write_file(recipe.PAGE, page.encode()),
        draft.write_file(recipe.SUMMARY, summary.encode()),
    ]
    for figure in figures:
        files += [
            draft.write_file(f"{figure.file}.svg", figure.svg),
            draft.write_file(f"{figure.file}.png", rendered(figure.drawn, "png")),
            draft.write_file(f"{figure.file}.pdf", rendered(figure.drawn, "pdf")),
        ]
    draft.seal(files, title=study.name)
    return recipe.address


def _tables(recipe: ReportRecipe, place: Store) -> ReportTables:
    def read(of: StudyFitRecipe | TheoryRecipe, tables: Sequence[str]) -> dict[str, pl.DataFrame]:
        return {name: read_judged(place, of, VERSIONS[of.KIND], table=name) for name in tables}

    series = read(recipe.study_fit, tables_held(recipe.study_fit))
    series |= fitted_tables(place, recipe.study_fit, suite=VERSIONS["calibrations"])
    summaries = recipe.study_fit.summaries()
    shown = [
        read_judged(place, summaries[labels], VERSIONS["summaries"], table="readings").select(
            *(pl.lit(label).alias(name) for label, name in zip(labels, READINGS, strict=False)),
            pl.all(),
        )
        for labels in read_measurements(series["ent_ce"])
    ]
    return ReportTables(**series, **read(recipe.theory, THEORY_TABLES), readings=pl.concat(shown))


def _provenance(
    recipe: ReportRecipe, place: Store, *, study: Study, ent_ce: pl.DataFrame
) -> Provenance:
    made = [manifest_of(place, one.samples) for one in recipe.study_fit.summaries().values()]
    return Provenance(
        study=study.name,
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        versions=versions(),
        commit=code_commit() or "unknown",
        devices=list(dict.fromkeys(one.device for one in made if one is not None)),
        seed=study.seed,
        at_end=study.at_end,
        ancestry=ancestry(place, recipe.study_fit),
        differences=differences(study),
        notes=notes_on_ends(study, ent_ce),
        sizes=origins_of_sizes(study),
        absent=recipe.absent or (),
    )
