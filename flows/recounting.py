"""The page of a run: what became of every model of its study."""

from prefect.artifacts import create_markdown_artifact

from calibration.lineage import Lineage
from calibration.report.markdown import escaped
from calibration.report.run_summary import run_markdown
from calibration.slugs import distinct_slug
from expectations.suites import VERSIONS
from storage.artifacts import place_of
from storage.store import open_store
from storage.verdicts import read_judged


def recount(lineage: Lineage, *, there: tuple[str, ...], store: str) -> None:
    """Make a Prefect artifact of the current run, given the models that were measured before."""
    place, name = open_store(store), lineage.study.name
    ent_ce = read_judged(
        place, lineage.report.study_fit, VERSIONS[lineage.report.study_fit.KIND], table="ent_ce"
    )
    create_markdown_artifact(
        run_markdown(
            name,
            ent_ce,
            there=there,
            absent=lineage.absent,
            report=place_of(place, lineage.report, lineage.report.PAGE),
        ),
        key=f"{distinct_slug(name)}-run",
        description=f"What this run did for each model of the study {escaped(name)}",
    )
